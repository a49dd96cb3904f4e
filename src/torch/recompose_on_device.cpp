// Recomposition and its backward by torch's own operations, for tensors on a device.

#include <algorithm>
#include <vector>

#include "core/validate.hpp"
#include "torch/ops.hpp"

namespace splice_cuda::op {
namespace {

/// Rows gathered at once, one an entry: bounds what is held.
constexpr std::int64_t most_gathered_bytes = std::int64_t{256} << 20;

Tensor selected(const Tensor& matrix, const Tensor& rows) {
  return call("aten::index_select", "", matrix, std::int64_t{0}, rows);
}

}  // namespace

Tensor recompose_on_device(Tensor row_offsets, Tensor atom_indices, Tensor values, Tensor dictionary) {
  const auto guard = device_guard(values);
  const Tensor atoms = matrix_argument("dictionary", dictionary);
  check_same_device("dictionary", atoms, values, "values");
  const CodeEntries codes = code_entries(row_offsets, atom_indices, values, -1, atoms.size(0));
  const ScalarType type = value_type(values, atoms);
  if (codes.nnz() == 0) return torch::stable::new_zeros(atoms, {codes.rows(), atoms.size(1)}, type);
  constexpr std::int64_t sum = 0;
  std::array<StableIValue, 9> stack{
      torch::stable::detail::from(torch::stable::to(atoms, type)),
      torch::stable::detail::from(plain(atom_indices, ScalarType::Long)),
      torch::stable::detail::from(plain(row_offsets, ScalarType::Long)),
      torch::stable::detail::from(false),
      torch::stable::detail::from(sum),
      torch::stable::detail::from(false),
      torch::stable::detail::from(std::optional<Tensor>(plain(values, type))),
      torch::stable::detail::from(true),  // row_offsets has an entry for the end
      torch::stable::detail::from(std::int64_t{-1})};
  TORCH_ERROR_CODE_CHECK(torch_call_dispatcher("aten::_embedding_bag", "", stack.data(), TORCH_ABI_VERSION));
  std::array<Tensor, 4> outputs{
      torch::stable::detail::to<Tensor>(stack[0]), torch::stable::detail::to<Tensor>(stack[1]),
      torch::stable::detail::to<Tensor>(stack[2]), torch::stable::detail::to<Tensor>(stack[3])};
  return outputs[0];
}

std::tuple<Tensor, Tensor> recompose_backward_on_device(Tensor grad_embeddings, Tensor row_offsets,
                                                        Tensor atom_indices, Tensor values, Tensor dictionary,
                                                        bool needs_values, bool needs_dictionary) {
  const auto guard = device_guard(values);
  const Tensor atoms = matrix_argument("dictionary", dictionary);
  const Tensor given_upstream = matrix_argument("grad_embeddings", grad_embeddings);
  check_same_device("dictionary", atoms, values, "values");
  const CodeEntries codes = code_entries(row_offsets, atom_indices, values, -1, atoms.size(0));
  check_upstream(given_upstream, codes.rows(), atoms.size(1));
  const ScalarType type = value_type(values, atoms);
  const Tensor upstream = torch::stable::to(given_upstream, type);
  std::vector<std::int64_t> rows;
  for (std::int64_t i = 0; i < codes.rows(); ++i) {
    rows.insert(rows.end(), codes.of_row(std::span(codes.atoms), i).size(), i);
  }
  const Tensor entry_rows = tensor_of(rows, values);
  const Tensor entry_atoms = plain(atom_indices, ScalarType::Long);
  const Tensor entry_values = plain(values, type);
  const Tensor of_values =
      needs_values ? torch::stable::new_zeros(entry_values, {codes.nnz()}) : nothing(values);
  Tensor of_dictionary = gradient_like(atoms, needs_dictionary, type);
  const std::int64_t piece =
      std::max<std::int64_t>(most_gathered_bytes / (8 * std::max<std::int64_t>(atoms.size(1), 1)), 1);
  for (std::int64_t first = 0; first < codes.nnz(); first += piece) {
    const auto part = [&](const Tensor& array) {
      Tensor whole = array;
      return torch::stable::narrow(whole, 0, first, std::min(piece, codes.nnz() - first));
    };
    const Tensor upstream_rows = selected(upstream, part(entry_rows));
    if (needs_values) {
      Tensor target = part(of_values);
      const Tensor atom_rows = torch::stable::to(selected(atoms, part(entry_atoms)), type);
      torch::stable::copy_(target, sum_over(call("aten::mul", "Tensor", upstream_rows, atom_rows), 1));
    }
    if (needs_dictionary) {
      const Tensor parts =
          call("aten::mul", "Tensor", upstream_rows, torch::stable::unsqueeze(part(entry_values), 1));
      const Tensor sum = call("aten::embedding_dense_backward", "", parts, part(entry_atoms), atoms.size(0),
                              std::int64_t{-1}, false);
      of_dictionary = torch::stable::subtract(of_dictionary, sum, -1.0);
    }
  }
  return {needs_values ? torch::stable::to(of_values, values.scalar_type()) : of_values,
          needs_dictionary ? torch::stable::to(of_dictionary, atoms.scalar_type()) : of_dictionary};
}

}  // namespace splice_cuda::op
