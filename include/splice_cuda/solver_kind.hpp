#pragma once

/// @file solver_kind.hpp
/// The solvers and their names.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace splice_cuda {

enum class SolverKind : std::uint8_t {
  working_set,         ///< default: screened working sets, about two passes over the dictionary a row
  coordinate_descent,  ///< cyclic, over the whole dictionary; on the CPU only
  fista,               ///< accelerated proximal gradient with adaptive restart (O'Donoghue & Candes 2015)
  admm,                ///< Woodbury factor of size d x d, over-relaxation, residual balancing
};

/// Names by the enumeration's numbers, as the command, Python and the operators of LibTorch take them.
inline constexpr std::array<const char*, 4> solver_names = {"working_set", "coordinate_descent", "fista", "admm"};

/// "unknown" for what is none of them.
constexpr const char* to_string(SolverKind kind) noexcept {
  const auto index = static_cast<std::size_t>(kind);
  return index < solver_names.size() ? solver_names[index] : "unknown";
}

/// The solver of this name, if there is one.
constexpr std::optional<SolverKind> solver_named(std::string_view name) noexcept {
  for (std::size_t index = 0; index < solver_names.size(); ++index) {
    if (name == solver_names[index]) return static_cast<SolverKind>(index);
  }
  return std::nullopt;
}

}  // namespace splice_cuda
