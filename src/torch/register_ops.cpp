// The ops of the namespace splice_cuda, for the CPU and CUDA, by torch's stable ABI: one binary serves several versions.

#include <stdexcept>

#include "splice_cuda/error.hpp"
#include "torch/dictionary_cache.hpp"
#include "torch/ops.hpp"

namespace splice_cuda::op {
namespace {

/// A wrong argument leaves as std::invalid_argument, which Python sees as a ValueError; the core library's types are this
/// library's own, and nobody outside could catch them.
template <auto Kernel>
struct Guarded;
template <class Result, class... Args, Result (*Kernel)(Args...)>
struct Guarded<Kernel> {
  static Result run(Args... args) {
    try {
      return Kernel(std::move(args)...);
    } catch (const ArgumentError& error) {
      throw std::invalid_argument(error.what());
    } catch (const Error& error) {
      throw std::runtime_error(error.what());
    }
  }
};

void add_kernels(torch::stable::detail::StableLibrary& library) {
  library.impl("decompose", TORCH_BOX(&Guarded<&decompose>::run));
  library.impl("decompose_dense", TORCH_BOX(&Guarded<&decompose_dense>::run));
  library.impl("certify", TORCH_BOX(&Guarded<&certify>::run));
  library.impl("recompose", TORCH_BOX(&Guarded<&recompose>::run));
  library.impl("decompose_dense_backward", TORCH_BOX(&Guarded<&decompose_dense_backward>::run));
  library.impl("recompose_backward", TORCH_BOX(&Guarded<&recompose_backward>::run));
  library.impl("decompose_backward_padded", TORCH_BOX(&Guarded<&decompose_backward_padded>::run));
}

}  // namespace
}  // namespace splice_cuda::op

#define SPLICE_PROBLEM "Tensor embeddings, Tensor dictionary, float l1_penalty=0.25, Tensor? l1_penalties=None, " \
  "Tensor? atom_weights=None, Tensor? banned_atoms=None, int target_l0=0, float target_cosine=0.0, bool nonnegative=True, " \
  "bool refit=False, str solver=\"working_set\", float gap_tolerance=1e-06, int max_rounds=100, int max_iterations=20000"
#define SPLICE_CODES "Tensor row_offsets, Tensor atom_indices, Tensor values"
#define SPLICE_BACKWARD "Tensor embeddings, Tensor dictionary, Tensor? l1_penalties, Tensor? atom_weights, bool refit, " \
  "bool needs_embeddings, bool needs_dictionary, bool needs_penalties) -> (Tensor, Tensor, Tensor)"

STABLE_TORCH_LIBRARY(splice_cuda, library) {
  library.def("decompose(" SPLICE_PROBLEM ") -> (Tensor row_offsets, Tensor atom_indices, Tensor values, Tensor report)");
  library.def("decompose_dense(" SPLICE_PROBLEM ") -> (Tensor weights, Tensor report)");
  library.def("certify(Tensor embeddings, Tensor dictionary, " SPLICE_CODES ", float l1_penalty=0.25, Tensor? l1_penalties=None, "
              "Tensor? atom_weights=None, Tensor? banned_atoms=None, bool nonnegative=True, float gap_tolerance=1e-06) -> Tensor");
  library.def("recompose(" SPLICE_CODES ", Tensor dictionary) -> Tensor");
  library.def("decompose_backward(Tensor grad_values, " SPLICE_CODES ", " SPLICE_BACKWARD);
  library.def("decompose_backward_padded(Tensor grad_values, " SPLICE_CODES ", " SPLICE_BACKWARD);
  library.def("decompose_dense_backward(Tensor grad_weights, Tensor weights, " SPLICE_BACKWARD);
  library.def("recompose_backward(Tensor grad_embeddings, " SPLICE_CODES ", Tensor dictionary, bool needs_values, "
              "bool needs_dictionary) -> (Tensor, Tensor)");
  library.def("clear_dictionaries() -> ()");
  library.def("kept_dictionaries() -> int");
}

STABLE_TORCH_LIBRARY_IMPL(splice_cuda, CPU, library) {
  splice_cuda::op::add_kernels(library);
  library.impl("decompose_backward", TORCH_BOX(&splice_cuda::op::Guarded<&splice_cuda::op::decompose_backward>::run));
}

// Also in a build without CUDA: the core library says what is missing.
STABLE_TORCH_LIBRARY_IMPL(splice_cuda, CUDA, library) {
  splice_cuda::op::add_kernels(library);
  library.impl("decompose_backward", TORCH_BOX(&splice_cuda::op::Guarded<&splice_cuda::op::decompose_backward_padded>::run));
}

STABLE_TORCH_LIBRARY_IMPL(splice_cuda, CompositeExplicitAutograd, library) {
  library.impl("clear_dictionaries", TORCH_BOX(&splice_cuda::op::clear_dictionaries));
  library.impl("kept_dictionaries", TORCH_BOX(&splice_cuda::op::kept_dictionaries));
}
