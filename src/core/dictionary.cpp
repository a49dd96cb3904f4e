#include "splice_cuda/dictionary.hpp"

#include <string>
#include <utility>

#include "backend/backend.hpp"
#include "core/memory_errors.hpp"
#include "core/validate.hpp"

namespace splice_cuda {
namespace {

constexpr std::int64_t most_atoms = 0x7fffffff - 64;  // indices are int32, padded to panels
constexpr std::int64_t most_dimensions = 65536;        // int32 sums of int8 products stay exact

void check_atoms(const TypedMatrixView& atoms) {
  check_matrix("atoms", atoms.data, atoms.rows, atoms.cols, atoms.ld);
  if (atoms.rows < 1 || atoms.rows > most_atoms) {
    fail_argument("atoms", std::to_string(atoms.rows) + " rows", "1 to 2147483583 rows");
  }
  if (atoms.cols > most_dimensions) {
    fail_argument("atoms", std::to_string(atoms.cols) + " columns", "at most 65536 columns");
  }
}

}  // namespace

Dictionary::Dictionary(const Context& context, TypedMatrixView atoms) : Dictionary(context, atoms, false, nullptr) {}

Dictionary Dictionary::view(const Context& context, TypedMatrixView atoms, std::shared_ptr<const void> owner) {
  return Dictionary(context, atoms, true, std::move(owner));
}

Dictionary::Dictionary(const Context& context, TypedMatrixView atoms, bool in_place, std::shared_ptr<const void> owner) {
  check_device("atoms", atoms.device, Device::cpu());
  check_atoms(atoms);
  data_ = with_memory_errors("preparing a dictionary of " + std::to_string(atoms.rows) + " atoms", [&] {
    return context.backend().make_dictionary({atoms, in_place, std::move(owner)});
  });
}

std::int64_t Dictionary::size() const noexcept { return data_->size; }
std::int64_t Dictionary::dim() const noexcept { return data_->dim; }
DType Dictionary::dtype() const noexcept { return data_->dtype; }
bool Dictionary::in_place() const noexcept { return data_->in_place; }
Device Dictionary::device() const noexcept { return data_->device; }

}  // namespace splice_cuda
