#include <utility>

#include "core/validate.hpp"
#include "torch/gradients.hpp"
#include "torch/ops.hpp"

namespace splice_cuda::op {
namespace {

/// Sums over rows where one penalty was given for all.
Tensor penalty_gradient(std::vector<double> rows, const Tensor& l1_penalties) {
  if (l1_penalties.numel() == 1) {
    double sum = 0;
    for (const double value : rows) sum += value;
    rows.assign(1, sum);
  }
  const Tensor gradient = tensor_of(rows, l1_penalties, l1_penalties.scalar_type());
  return torch::stable::reshape(gradient, l1_penalties.sizes());
}

std::tuple<Tensor, Tensor, Tensor> differentiate(const BackwardProblem& problem, const CodeEntries& codes,
                                                 const std::vector<double>& upstream, bool refit,
                                                 bool needs_embeddings, bool needs_dictionary,
                                                 bool needs_penalties) {
  const std::vector<double> weights = weights_of(problem.atom_weights);
  const SolvedBatch batch{.embeddings = element_matrix(problem.embeddings),
                          .dictionary = element_matrix(problem.dictionary),
                          .codes = &codes,
                          .atom_weights = &weights,
                          .refit = refit,
                          .threads = torch_threads()};
  const Tensor grad_embeddings = gradient_like(problem.embeddings, needs_embeddings);
  const Tensor grad_dictionary = gradient_like(problem.dictionary, needs_dictionary);
  std::vector<double> penalties(static_cast<std::size_t>(needs_penalties ? codes.rows() : 0));
  BatchGradients gradients;
  if (needs_embeddings) gradients.embeddings = mutable_element_matrix(grad_embeddings);
  if (needs_dictionary) gradients.dictionary = mutable_element_matrix(grad_dictionary);
  if (needs_penalties) gradients.penalties = penalties.data();
  differentiate_codes(batch, upstream, gradients);
  const bool of_penalties = needs_penalties && problem.l1_penalties.has_value();
  return {grad_embeddings, grad_dictionary,
          of_penalties ? penalty_gradient(std::move(penalties), *problem.l1_penalties)
                       : nothing(problem.embeddings)};
}

void check_dense(const Tensor& grad_weights, const Tensor& weights, const Tensor& embeddings,
                 const Tensor& dictionary) {
  check_dimensions("weights", weights, 2, "two dimensions");
  if (shape_text(weights) != shape_text(grad_weights)) {
    fail_argument("grad_weights", "shape " + shape_text(grad_weights), shape_text(weights) + ", as weights");
  }
  check_dimensions("embeddings", embeddings, 2, "two dimensions");
  check_dimensions("dictionary", dictionary, 2, "two dimensions");
  if (weights.size(0) != embeddings.size(0) || weights.size(1) != dictionary.size(0)) {
    fail_argument("weights", "shape " + shape_text(weights), "[rows of embeddings, rows of dictionary]");
  }
}

/// Entries that move: an atom whose weight is 0 is not in the support. Their upstream gradient stays with
/// them.
CodeEntries without_zeros(const CodeEntries& codes, std::vector<double>& upstream) {
  CodeEntries moving;
  moving.row_offsets.push_back(0);
  std::size_t kept = 0;
  for (std::int64_t row = 0; row < codes.rows(); ++row) {
    const auto end = static_cast<std::size_t>(codes.row_offsets[static_cast<std::size_t>(row) + 1]);
    for (auto e = static_cast<std::size_t>(codes.row_offsets[static_cast<std::size_t>(row)]); e < end; ++e) {
      if (codes.values[e] == 0) continue;
      moving.atoms.push_back(codes.atoms[e]);
      moving.values.push_back(codes.values[e]);
      upstream[kept++] = upstream[e];
    }
    moving.row_offsets.push_back(moving.nnz());
  }
  upstream.resize(kept);
  return moving;
}

/// The elements of a dense matrix where the codes have theirs.
std::vector<double> gathered(const Tensor& dense, const CodeEntries& codes) {
  const ElementMatrix matrix = element_matrix(dense);
  std::vector<double> row(static_cast<std::size_t>(matrix.cols));
  std::vector<double> values;
  values.reserve(codes.atoms.size());
  for (std::int64_t i = 0; i < codes.rows(); ++i) {
    const auto atoms = codes.of_row(std::span(codes.atoms), i);
    if (atoms.empty()) continue;
    read_row(matrix, i, row.data());
    for (const std::int32_t atom : atoms) values.push_back(row[static_cast<std::size_t>(atom)]);
  }
  return values;
}

}  // namespace

std::tuple<Tensor, Tensor, Tensor> decompose_backward(Tensor grad_values, Tensor row_offsets,
                                                      Tensor atom_indices, Tensor values, Tensor embeddings,
                                                      Tensor dictionary, OptionalTensor l1_penalties,
                                                      OptionalTensor atom_weights, bool refit,
                                                      bool needs_embeddings, bool needs_dictionary,
                                                      bool needs_penalties) {
  const BackwardProblem problem(embeddings, dictionary, l1_penalties, atom_weights);
  const CodeEntries codes =
      code_entries(row_offsets, atom_indices, values, embeddings.size(0), dictionary.size(0));
  std::vector<double> upstream = host_vector<double>("grad_values", grad_values);
  if (upstream.size() != codes.values.size()) {
    fail_argument("grad_values", std::to_string(upstream.size()) + " entries",
                  "as many as values, " + std::to_string(codes.nnz()));
  }
  const CodeEntries moving = without_zeros(codes, upstream);
  return differentiate(problem, moving, upstream, refit, needs_embeddings, needs_dictionary, needs_penalties);
}

std::tuple<Tensor, Tensor, Tensor> decompose_dense_backward(Tensor grad_weights, Tensor weights,
                                                            Tensor embeddings, Tensor dictionary,
                                                            OptionalTensor l1_penalties,
                                                            OptionalTensor atom_weights, bool refit,
                                                            bool needs_embeddings, bool needs_dictionary,
                                                            bool needs_penalties) {
  check_dense(grad_weights, weights, embeddings, dictionary);
  const Tensor dense = matrix_argument("weights", weights);
  const Tensor dense_upstream = matrix_argument("grad_weights", grad_weights);
  const BackwardProblem problem(embeddings, dictionary, l1_penalties, atom_weights);
  const CodeEntries codes = dense_entries(dense);
  return differentiate(problem, codes, gathered(dense_upstream, codes), refit, needs_embeddings,
                       needs_dictionary, needs_penalties);
}

std::tuple<Tensor, Tensor, Tensor> decompose_dense_backward_on_device(
    Tensor grad_weights, Tensor weights, Tensor embeddings, Tensor dictionary, OptionalTensor l1_penalties,
    OptionalTensor atom_weights, bool refit, bool needs_embeddings, bool needs_dictionary,
    bool needs_penalties) {
  const auto guard = device_guard(embeddings);
  check_dense(grad_weights, weights, embeddings, dictionary);
  const Tensor dense = torch::stable::contiguous(matrix_argument("weights", weights));
  const Tensor sparse = call("aten::to_sparse_csr", "", dense, std::optional<std::int64_t>());
  const Tensor upstream = call("aten::masked_select", "", matrix_argument("grad_weights", grad_weights),
                               torch::stable::to(dense, ScalarType::Bool));
  return decompose_backward_on_device(
      upstream, call("aten::crow_indices", "", sparse), call("aten::col_indices", "", sparse),
      call("aten::values", "", sparse), std::move(embeddings), std::move(dictionary), std::move(l1_penalties),
      std::move(atom_weights), refit, needs_embeddings, needs_dictionary, needs_penalties);
}

}  // namespace splice_cuda::op
