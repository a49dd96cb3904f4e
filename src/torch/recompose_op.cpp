#include "core/validate.hpp"
#include "torch/gradients.hpp"
#include "torch/ops.hpp"

namespace splice_cuda::op {
namespace {

struct HostInputs {
  Tensor dictionary;
  CodeEntries codes;

  HostInputs(const Tensor& row_offsets, const Tensor& atom_indices, const Tensor& values,
             const Tensor& given_dictionary)
      : dictionary(matrix_argument("dictionary", given_dictionary)) {
    check_same_device("dictionary", given_dictionary, values, "values");
    codes = code_entries(row_offsets, atom_indices, values, -1, dictionary.size(0));
  }
};

}  // namespace

Tensor recompose(Tensor row_offsets, Tensor atom_indices, Tensor values, Tensor dictionary) {
  const HostInputs inputs(row_offsets, atom_indices, values, dictionary);
  const Tensor out =
      torch::stable::new_empty(inputs.dictionary, {inputs.codes.rows(), inputs.dictionary.size(1)},
                               value_type(values, inputs.dictionary));
  recompose_rows(inputs.codes, element_matrix(inputs.dictionary), torch_threads(),
                 mutable_element_matrix(out));
  return out;
}

std::tuple<Tensor, Tensor> recompose_backward(Tensor grad_embeddings, Tensor row_offsets, Tensor atom_indices,
                                              Tensor values, Tensor dictionary, bool needs_values,
                                              bool needs_dictionary) {
  const HostInputs inputs(row_offsets, atom_indices, values, dictionary);
  const Tensor upstream = matrix_argument("grad_embeddings", grad_embeddings);
  check_upstream(upstream, inputs.codes.rows(), inputs.dictionary.size(1));
  std::vector<double> of_values(needs_values ? inputs.codes.values.size() : 0);
  const Tensor of_dictionary = gradient_like(inputs.dictionary, needs_dictionary);
  MutableElementMatrix target;
  if (needs_dictionary) target = mutable_element_matrix(of_dictionary);
  differentiate_recomposition(inputs.codes, element_matrix(inputs.dictionary), element_matrix(upstream),
                              torch_threads(), needs_values ? of_values.data() : nullptr, target);
  const Tensor grad_values =
      needs_values ? tensor_of(of_values, values, values.scalar_type()) : nothing(values);
  return {grad_values, of_dictionary};
}

}  // namespace splice_cuda::op
