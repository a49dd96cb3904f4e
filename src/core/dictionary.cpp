#include "splice_cuda/dictionary.hpp"

#include <cmath>
#include <string>

#include "backend/backend.hpp"
#include "core/memory_errors.hpp"
#include "core/validate.hpp"

namespace splice_cuda {
namespace {

constexpr std::int64_t most_atoms = 0x7fffffff - 64;  // indices are int32, padded to panels
constexpr std::int64_t most_dimensions = 65536;        // int32 sums of int8 products stay exact

void check_atoms(MatrixView<const float> atoms) {
  check_matrix("atoms", atoms.data, atoms.rows, atoms.cols, atoms.ld);
  if (atoms.rows < 1 || atoms.rows > most_atoms) {
    fail_argument("atoms", std::to_string(atoms.rows) + " rows", "1 to 2147483583 rows");
  }
  if (atoms.cols > most_dimensions) {
    fail_argument("atoms", std::to_string(atoms.cols) + " columns", "at most 65536 columns");
  }
  for (std::int64_t j = 0; j < atoms.rows; ++j) {
    for (std::int64_t k = 0; k < atoms.cols; ++k) {
      if (!std::isfinite(atoms.row(j)[k])) {
        fail_argument("atoms", "a NaN or infinity in row " + std::to_string(j), "finite atoms");
      }
    }
  }
}

}  // namespace

Dictionary::Dictionary(const Context& context, MatrixView<const float> atoms) {
  check_device("atoms", atoms.device, Device::cpu());
  check_atoms(atoms);
  data_ = with_memory_errors("preparing a dictionary of " + std::to_string(atoms.rows) + " atoms",
                             [&] { return context.backend().make_dictionary(atoms); });
}

std::int64_t Dictionary::size() const noexcept { return data_->size; }
std::int64_t Dictionary::dim() const noexcept { return data_->dim; }
Device Dictionary::device() const noexcept { return data_->device; }

}  // namespace splice_cuda
