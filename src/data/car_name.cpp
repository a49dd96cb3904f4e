#include "data/car_name.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

namespace splice_cuda::data {

CarName parse_car_name(const std::string& name) {
  constexpr std::array<std::string_view, 3> makes_of_two_words = {"AM General ", "Aston Martin ", "Land Rover "};
  constexpr std::size_t digits = 4;
  CarName car;
  std::string_view rest = name;
  const std::size_t last = rest.rfind(' ');
  if (last != std::string_view::npos && rest.size() - last - 1 == digits &&
      rest.find_first_not_of("0123456789", last + 1) == std::string_view::npos) {
    car.year = rest.substr(last + 1);
    rest = rest.substr(0, last);
  }
  const auto two = std::find_if(makes_of_two_words.begin(), makes_of_two_words.end(), [&](std::string_view make) { return rest.starts_with(make); });
  const std::size_t end = two != makes_of_two_words.end() ? two->size() - 1 : std::min(rest.find(' '), rest.size());
  car.make = rest.substr(0, end);
  car.model = rest.substr(std::min(end + 1, rest.size()));
  return car;
}

}  // namespace splice_cuda::data
