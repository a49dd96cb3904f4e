#pragma once

/// @file car_name.hpp
/// "AM General Hummer SUV 2000": make, model and year of a class of Stanford Cars.

#include <string>

namespace splice_cuda::data {

struct CarName {
  std::string make;
  std::string model;  ///< with its body style
  std::string year;   ///< four digits; empty where the name does not end so
};

CarName parse_car_name(const std::string& name);

}  // namespace splice_cuda::data
