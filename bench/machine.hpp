#pragma once

/// @file machine.hpp
/// What a benchmark's output says about where it ran.

#include <map>
#include <string>

namespace splice_cuda::bench {

/// "compiler", "cpu_target" (of our kernels), "openblas_kernels", "version". The processor's name, the commit
/// and the date are added by collect.py.
std::map<std::string, std::string> describe_build();

}  // namespace splice_cuda::bench
