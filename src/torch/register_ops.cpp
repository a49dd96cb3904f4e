// The ops of the namespace splice_cuda, for the CPU and CUDA, by torch's stable ABI: one binary serves
// several versions.

#include <string>

#include "torch/dictionary_cache.hpp"
#include "torch/ops.hpp"

namespace splice_cuda::op {
namespace {

using Library = torch::stable::detail::StableLibrary;

void add_common_kernels(Library& library) {
  library.impl("decompose", TORCH_BOX(&decompose));
  library.impl("decompose_dense", TORCH_BOX(&decompose_dense));
  library.impl("certify", TORCH_BOX(&certify));
  // Under names of their own on any device, so that the CPU's tests see them.
  library.impl("decompose_backward_on_device", TORCH_BOX(&decompose_backward_on_device));
  library.impl("decompose_dense_backward_on_device", TORCH_BOX(&decompose_dense_backward_on_device));
  library.impl("recompose_on_device", TORCH_BOX(&recompose_on_device));
  library.impl("recompose_backward_on_device", TORCH_BOX(&recompose_backward_on_device));
}

void add_host_kernels(Library& library) {
  library.impl("decompose_backward", TORCH_BOX(&decompose_backward));
  library.impl("decompose_dense_backward", TORCH_BOX(&decompose_dense_backward));
  library.impl("recompose", TORCH_BOX(&recompose));
  library.impl("recompose_backward", TORCH_BOX(&recompose_backward));
}

void add_device_kernels(Library& library) {
  library.impl("decompose_backward", TORCH_BOX(&decompose_backward_on_device));
  library.impl("decompose_dense_backward", TORCH_BOX(&decompose_dense_backward_on_device));
  library.impl("recompose", TORCH_BOX(&recompose_on_device));
  library.impl("recompose_backward", TORCH_BOX(&recompose_backward_on_device));
}

}  // namespace
}  // namespace splice_cuda::op

#define SPLICE_PROBLEM                                                                                    \
  "Tensor embeddings, Tensor dictionary, float l1_penalty=0.25, Tensor? l1_penalties=None, "              \
  "Tensor? atom_weights=None, Tensor? banned_atoms=None, int target_l0=0, float target_cosine=0.0, bool " \
  "nonnegative=True, "                                                                                    \
  "bool refit=False, str solver=\"working_set\", float gap_tolerance=1e-06, int max_rounds=100, int "     \
  "max_iterations=20000"
#define SPLICE_CODES "Tensor row_offsets, Tensor atom_indices, Tensor values"
#define SPLICE_BACKWARD                                                                            \
  "Tensor embeddings, Tensor dictionary, Tensor? l1_penalties, Tensor? atom_weights, bool refit, " \
  "bool needs_embeddings, bool needs_dictionary, bool needs_penalties) -> (Tensor, Tensor, Tensor)"

STABLE_TORCH_LIBRARY(splice_cuda, library) {
  library.def("decompose(" SPLICE_PROBLEM
              ") -> (Tensor row_offsets, Tensor atom_indices, Tensor values, Tensor report)");
  library.def("decompose_dense(" SPLICE_PROBLEM ") -> (Tensor weights, Tensor report)");
  library.def("certify(Tensor embeddings, Tensor dictionary, " SPLICE_CODES
              ", float l1_penalty=0.25, Tensor? l1_penalties=None, "
              "Tensor? atom_weights=None, Tensor? banned_atoms=None, bool nonnegative=True, float "
              "gap_tolerance=1e-06) -> Tensor");
  for (const char* suffix : {"", "_on_device"}) {
    const auto define = [&](const std::string& name, const char* signature) {
      library.def((name + suffix + signature).c_str());
    };
    define("decompose_backward", "(Tensor grad_values, " SPLICE_CODES ", " SPLICE_BACKWARD);
    define("decompose_dense_backward", "(Tensor grad_weights, Tensor weights, " SPLICE_BACKWARD);
    define("recompose", "(" SPLICE_CODES ", Tensor dictionary) -> Tensor");
    define("recompose_backward", "(Tensor grad_embeddings, " SPLICE_CODES
                                 ", Tensor dictionary, bool needs_values, "
                                 "bool needs_dictionary) -> (Tensor, Tensor)");
  }
  library.def("clear_dictionaries() -> ()");
  library.def("kept_dictionaries() -> int");
}

STABLE_TORCH_LIBRARY_IMPL(splice_cuda, CPU, library) {
  splice_cuda::op::add_common_kernels(library);
  splice_cuda::op::add_host_kernels(library);
}

// Also in a build without CUDA: the core library says what is missing.
STABLE_TORCH_LIBRARY_IMPL(splice_cuda, CUDA, library) {
  splice_cuda::op::add_common_kernels(library);
  splice_cuda::op::add_device_kernels(library);
}

STABLE_TORCH_LIBRARY_IMPL(splice_cuda, CompositeExplicitAutograd, library) {
  library.impl("clear_dictionaries", TORCH_BOX(&splice_cuda::op::clear_dictionaries));
  library.impl("kept_dictionaries", TORCH_BOX(&splice_cuda::op::kept_dictionaries));
}
