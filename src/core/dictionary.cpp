#include "splice_cuda/dictionary.hpp"

#include <string>
#include <utility>

#include "backend/backend.hpp"
#include "core/memory_errors.hpp"
#include "core/validate.hpp"

namespace splice_cuda {

Dictionary::Dictionary(const Context& context, TypedMatrixView atoms) : Dictionary(context, atoms, false, nullptr) {}

Dictionary Dictionary::view(const Context& context, TypedMatrixView atoms, std::shared_ptr<const void> owner) {
  return Dictionary(context, atoms, true, std::move(owner));
}

Dictionary::Dictionary(const Context& context, TypedMatrixView atoms, bool in_place, std::shared_ptr<const void> owner) {
  context.backend().begin_call();
  check_device("atoms", atoms.device, context.device());
  check_atom_shape(atoms);
  check_placed("atoms", atoms, context);
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
