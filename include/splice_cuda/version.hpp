#pragma once

/// @file version.hpp
/// Version of the interface. `version()` (see device.hpp) tells the version of the linked library.

#define SPLICE_CUDA_VERSION_MAJOR 0
#define SPLICE_CUDA_VERSION_MINOR 1
#define SPLICE_CUDA_VERSION_PATCH 0
#define SPLICE_CUDA_VERSION_STRING "0.1.0"
