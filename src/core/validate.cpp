#include "core/validate.hpp"

#include <cmath>
#include <limits>
#include <sstream>

#include "backend/backend.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda {
namespace {

std::string shape(std::int64_t rows, std::int64_t cols) {
  return "[" + std::to_string(rows) + ", " + std::to_string(cols) + "]";
}

void check_dtype(std::string_view argument, DType given) {
  if (given == DType::float32 || given == DType::float16 || given == DType::bfloat16) return;
  fail_argument(argument, "DType " + std::to_string(static_cast<int>(given)), "float32, float16 or bfloat16");
}

}  // namespace

std::string number_text(double value) {
  std::ostringstream out;
  out << value;
  return out.str();
}

void fail_argument(std::string_view argument, const std::string& given, std::string_view expected) {
  throw ArgumentError(std::string(argument) + ": got " + given + ", expected " + std::string(expected));
}

void check_matrix(std::string_view argument, const void* data, std::int64_t rows, std::int64_t cols,
                  std::int64_t ld) {
  if (rows < 0 || cols < 1) {
    fail_argument(argument, "shape " + shape(rows, cols), "at least 0 rows and 1 column");
  }
  if (ld < cols) {
    fail_argument(argument, "leading dimension " + std::to_string(ld),
                  "at least the number of columns, " + std::to_string(cols));
  }
  if (rows > 0 && ld > std::numeric_limits<std::int64_t>::max() / 8 / rows) {
    fail_argument(argument, "shape " + shape(rows, cols) + " with leading dimension " + std::to_string(ld),
                  "a matrix that fits the address space");
  }
  if (data == nullptr && rows > 0) {
    fail_argument(argument, "a null pointer for shape " + shape(rows, cols), "a pointer to the data");
  }
}

void check_atom_shape(const TypedMatrixView& atoms) {
  constexpr std::int64_t most_atoms = 0x7fffffff - 64;  // indices are int32, padded to panels
  constexpr std::int64_t most_dimensions = 65536;        // int32 sums of int8 products stay exact
  check_matrix("atoms", atoms.data, atoms.rows, atoms.cols, atoms.ld);
  check_dtype("atoms", atoms.dtype);
  if (atoms.rows < 1 || atoms.rows > most_atoms) {
    fail_argument("atoms", std::to_string(atoms.rows) + " rows", "1 to 2147483583 rows");
  }
  if (atoms.cols > most_dimensions) {
    fail_argument("atoms", std::to_string(atoms.cols) + " columns", "at most 65536 columns");
  }
}

void check_device(std::string_view argument, Device given, Device expected) {
  if (given == expected || given == Device::cpu()) return;
  const std::string wanted = expected == Device::cpu() ? "in host memory" : "on cpu or on " + to_string(expected) + ", where the context works";
  fail_argument(argument, "data on " + to_string(given), "data " + wanted);
}

void check_placed(std::string_view argument, const TypedMatrixView& matrix, const Context& context) {
  check_dtype(argument, matrix.dtype);
  check_device(argument, matrix.device, context.device());
  if (matrix.rows > 0) context.backend().check_pointer(argument, matrix.data, matrix.element_size(), matrix.device);
}

void check_same_device(std::string_view argument, Device given, Device expected) {
  if (given == expected) return;
  fail_argument(argument, "a dictionary on " + to_string(given), "one made for " + to_string(expected) + ", where the context works");
}

void check_codes(std::string_view argument, const SparseCodes& codes, std::int64_t rows,
                 std::int64_t cols) {
  const std::string name(argument);
  if (codes.rows != rows || codes.cols != cols) {
    fail_argument(argument, "shape " + shape(codes.rows, codes.cols), shape(rows, cols));
  }
  if (codes.row_offsets.size() != static_cast<std::size_t>(rows) + 1) {
    fail_argument(name + ".row_offsets", std::to_string(codes.row_offsets.size()) + " entries",
                  "rows + 1 = " + std::to_string(rows + 1));
  }
  if (codes.atom_indices.size() != codes.values.size()) {
    fail_argument(name + ".atom_indices", std::to_string(codes.atom_indices.size()) + " entries",
                  "as many as values, " + std::to_string(codes.values.size()));
  }
  if (codes.row_offsets.front() != 0 || codes.row_offsets.back() != codes.nnz()) {
    fail_argument(name + ".row_offsets",
                  "first " + std::to_string(codes.row_offsets.front()) + ", last " +
                      std::to_string(codes.row_offsets.back()),
                  "first 0, last nnz = " + std::to_string(codes.nnz()));
  }
  for (std::int64_t row = 0; row < rows; ++row) {
    const auto r = static_cast<std::size_t>(row);
    if (codes.row_offsets[r + 1] < codes.row_offsets[r] || codes.row_offsets[r + 1] > codes.nnz()) {
      fail_argument(name + ".row_offsets", "a fall at row " + std::to_string(row), "ascending offsets");
    }
    std::int64_t previous = -1;
    for (const std::int32_t atom : codes.row_atoms(row)) {
      if (atom <= previous || atom >= cols) {
        fail_argument(name + ".atom_indices",
                      std::to_string(atom) + " after " + std::to_string(previous) + " in row " +
                          std::to_string(row),
                      "ascending indices below " + std::to_string(cols));
      }
      previous = atom;
    }
    for (const float value : codes.row_values(row)) {
      if (!std::isfinite(value)) {
        fail_argument(name + ".values", number_text(static_cast<double>(value)) + " in row " + std::to_string(row),
                      "finite values");
      }
    }
  }
}

void check_solve_options(const SolveOptions& options) {
  switch (options.solver) {
    case SolverKind::working_set:
    case SolverKind::coordinate_descent:
    case SolverKind::fista:
    case SolverKind::admm: break;
    default:
      fail_argument("solve.solver", std::to_string(static_cast<int>(options.solver)),
                    "working_set, coordinate_descent, fista or admm");
  }
  if (!(options.gap_tolerance > 0) || !std::isfinite(options.gap_tolerance)) {
    fail_argument("solve.gap_tolerance", number_text(options.gap_tolerance), "a finite number > 0");
  }
  if (options.max_rounds < 1) {
    fail_argument("solve.max_rounds", std::to_string(options.max_rounds), "at least 1");
  }
  if (options.max_iterations < 1) {
    fail_argument("solve.max_iterations", std::to_string(options.max_iterations), "at least 1");
  }
  if (!(options.rho > 0) || !std::isfinite(options.rho)) {
    fail_argument("solve.rho", number_text(options.rho), "a finite number > 0");
  }
  if (!(options.over_relaxation >= 1) || !(options.over_relaxation < 2)) {
    fail_argument("solve.over_relaxation", number_text(options.over_relaxation), "a number in [1, 2)");
  }
}

}  // namespace splice_cuda
