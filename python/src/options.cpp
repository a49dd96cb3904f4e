#include "options.hpp"

#include <optional>
#include <string>
#include <utility>

#include <nanobind/stl/string.h>

#include "arrays.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::python {
namespace {

SolverKind solver_of(const std::string& given) {
  if (const std::optional<SolverKind> found = solver_named(given)) return *found;
  std::string expected;
  for (const char* name : solver_names) expected += (expected.empty() ? "" : ", ") + std::string(name);
  throw ArgumentError("solver: got \"" + given + "\", expected one of " + expected);
}

}  // namespace

DecomposeOptions OwnedOptions::view() const {
  DecomposeOptions options = scalars;
  options.l1_penalties = l1_penalties;
  options.atom_weights = atom_weights;
  options.banned_atoms = banned_atoms;
  options.warm_start = warm_start.is_none() ? nullptr : &nb::cast<const SparseCodes&>(warm_start);
  return options;
}

void bind_options(nb::module_& module) {
  nb::class_<OwnedOptions> type(module, "Options");
  type.def(nb::init<>());
  const auto scalar = [&](const char* name, auto field) {
    using T = std::remove_reference_t<decltype(std::declval<DecomposeOptions&>().*field)>;
    type.def_prop_rw(
        name, [field](const OwnedOptions& self) { return self.scalars.*field; },
        [field](OwnedOptions& self, T value) { self.scalars.*field = value; });
  };
  const auto solve_scalar = [&](const char* name, auto field) {
    using T = std::remove_reference_t<decltype(std::declval<SolveOptions&>().*field)>;
    type.def_prop_rw(
        name, [field](const OwnedOptions& self) { return self.scalars.solve.*field; },
        [field](OwnedOptions& self, T value) { self.scalars.solve.*field = value; });
  };
  const auto list = [&]<class T>(const char* name, std::vector<T> OwnedOptions::*field) {
    type.def_prop_rw(
        name, [field](nb::handle_t<OwnedOptions> self) { return array_of(nb::cast<OwnedOptions&>(self).*field, self); },
        [field](OwnedOptions& self, const List<T>& values) { self.*field = vector_of(values); });
  };
  scalar("l1_penalty", &DecomposeOptions::l1_penalty);
  scalar("target_l0", &DecomposeOptions::target_l0);
  scalar("target_cosine", &DecomposeOptions::target_cosine);
  scalar("nonnegative", &DecomposeOptions::nonnegative);
  scalar("refit", &DecomposeOptions::refit);
  solve_scalar("gap_tolerance", &SolveOptions::gap_tolerance);
  solve_scalar("max_rounds", &SolveOptions::max_rounds);
  solve_scalar("max_iterations", &SolveOptions::max_iterations);
  solve_scalar("rho", &SolveOptions::rho);
  solve_scalar("over_relaxation", &SolveOptions::over_relaxation);
  list("l1_penalties", &OwnedOptions::l1_penalties);
  list("atom_weights", &OwnedOptions::atom_weights);
  list("banned_atoms", &OwnedOptions::banned_atoms);
  type.def_prop_rw(
      "solver",
      [](const OwnedOptions& self) { return std::string(to_string(self.scalars.solve.solver)); },
      [](OwnedOptions& self, const std::string& name) { self.scalars.solve.solver = solver_of(name); });
  type.def_prop_rw(
      "warm_start", [](const OwnedOptions& self) { return self.warm_start; },
      [](OwnedOptions& self, nb::handle_t<SparseCodes> codes) { self.warm_start = nb::borrow(codes); });
}

}  // namespace splice_cuda::python
