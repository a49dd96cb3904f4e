#include "codes.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>

#include <nanobind/stl/string.h>

#include "arrays.hpp"
#include "core/validate.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::python {
namespace {

/// Names, numpy types and offsets of a RowReport's members: what numpy makes a structured type of.
nb::dict report_layout() {
  nb::list names;
  nb::list formats;
  nb::list offsets;
  const auto add = [&](const char* name, const char* format, std::size_t offset) {
    names.append(name);
    formats.append(format);
    offsets.append(offset);
  };
  add("primal", "f8", offsetof(RowReport, primal));
  add("dual", "f8", offsetof(RowReport, dual));
  add("gap", "f8", offsetof(RowReport, gap));
  add("kkt_violation", "f8", offsetof(RowReport, kkt_violation));
  add("rounds", "i4", offsetof(RowReport, rounds));
  add("iterations", "i4", offsetof(RowReport, iterations));
  add("status", "u1", offsetof(RowReport, status));
  add("l1_penalty", "f8", offsetof(RowReport, l1_penalty));
  nb::dict layout;
  layout["names"] = names;
  layout["formats"] = formats;
  layout["offsets"] = offsets;
  layout["itemsize"] = sizeof(RowReport);
  return layout;
}

/// In the order of their numbers.
nb::tuple status_names() {
  nb::list names;
  for (const RowStatus status : {RowStatus::certified, RowStatus::budget_exhausted, RowStatus::non_finite_input,
                                 RowStatus::zero_embedding}) {
    names.append(std::string(to_string(status)));
  }
  return nb::tuple(names);
}

}  // namespace

nb::tuple to_python(DecomposeResult result) {
  return nb::make_tuple(nb::cast(std::move(result.codes)), nb::cast(Reports{std::move(result.reports)}));
}

void bind_codes(nb::module_& module) {
  nb::class_<SparseCodes>(module, "SparseCodes")
      .def(
          "__init__",
          [](SparseCodes* self, std::int64_t rows, std::int64_t cols, const List<std::int64_t>& row_offsets,
             const List<std::int32_t>& atom_indices, const List<float>& values, const std::string& argument) {
            SparseCodes codes{rows, cols, vector_of(row_offsets), vector_of(atom_indices), vector_of(values)};
            // Here, since scipy, torch and numpy, which they may go to next, trust them.
            check_codes(argument, codes, rows, cols);
            new (self) SparseCodes(std::move(codes));
          },
          nb::arg("rows"), nb::arg("cols"), nb::arg("row_offsets"), nb::arg("atom_indices"), nb::arg("values"),
          nb::arg("argument"), "Raises ArgumentError for what is no CSR matrix, by the name of `argument`.")
      .def_ro("rows", &SparseCodes::rows)
      .def_ro("cols", &SparseCodes::cols)
      .def_prop_ro("row_offsets", [](nb::handle_t<SparseCodes> self) {
        return array_of(nb::cast<SparseCodes&>(self).row_offsets, self);
      })
      .def_prop_ro("atom_indices", [](nb::handle_t<SparseCodes> self) {
        return array_of(nb::cast<SparseCodes&>(self).atom_indices, self);
      })
      .def_prop_ro("values", [](nb::handle_t<SparseCodes> self) {
        return array_of(nb::cast<SparseCodes&>(self).values, self);
      });
  nb::class_<Reports>(module, "Reports", "RowReports, one after the other, laid out as REPORT_LAYOUT says.")
      .def(
          "__init__",
          [](Reports* self, const List<std::uint8_t>& bytes) {
            if (bytes.shape(0) % sizeof(RowReport) != 0) {
              throw ArgumentError("bytes: got " + std::to_string(bytes.shape(0)) + ", expected whole reports of " +
                                  std::to_string(sizeof(RowReport)));
            }
            std::vector<RowReport> rows(bytes.shape(0) / sizeof(RowReport));
            if (!rows.empty()) std::memcpy(rows.data(), bytes.data(), bytes.shape(0));
            for (const RowReport& report : rows) {
              const auto status = static_cast<int>(report.status);
              if (status > static_cast<int>(RowStatus::zero_embedding)) {
                throw ArgumentError("reports: got the status " + std::to_string(status) + ", expected 0 to 3");
              }
            }
            new (self) Reports{std::move(rows)};
          },
          nb::arg("bytes"))
      .def_prop_ro("bytes", [](nb::handle_t<Reports> self) {
        std::vector<RowReport>& rows = nb::cast<Reports&>(self).rows;
        return nb::ndarray<nb::numpy, std::uint8_t, nb::ndim<1>>(rows.data(), {rows.size() * sizeof(RowReport)}, self);
      });
  module.attr("REPORT_LAYOUT") = report_layout();
  module.attr("STATUS_NAMES") = status_names();
}

}  // namespace splice_cuda::python
