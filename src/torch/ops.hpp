#pragma once

/// @file ops.hpp
/// The kernels behind torch.ops.splice_cuda, one function an op; docs/torch.md describes their arguments. The
/// same functions serve tensors on the CPU and on CUDA devices.

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>

#include "torch/tensors.hpp"

namespace splice_cuda::op {

/// Columns of a report tensor [n, report_columns], float64.
enum ReportColumn : std::int64_t {
  primal,
  dual,
  gap,
  kkt_violation,
  l1_penalty,
  rounds,
  iterations,
  status,
  report_columns
};

/// @returns row_offsets [n + 1] int64, atom_indices [nnz] int32, values [nnz], report [n, 8]
std::tuple<Tensor, Tensor, Tensor, Tensor> decompose(Tensor embeddings, Tensor dictionary, double l1_penalty,
                                                     OptionalTensor l1_penalties, OptionalTensor atom_weights,
                                                     OptionalTensor banned_atoms, std::int64_t target_l0,
                                                     double target_cosine, bool nonnegative, bool refit,
                                                     std::string solver, double gap_tolerance,
                                                     std::int64_t max_rounds, std::int64_t max_iterations);

/// @returns weights [n, p], report [n, 8]
std::tuple<Tensor, Tensor> decompose_dense(Tensor embeddings, Tensor dictionary, double l1_penalty,
                                           OptionalTensor l1_penalties, OptionalTensor atom_weights,
                                           OptionalTensor banned_atoms, std::int64_t target_l0,
                                           double target_cosine, bool nonnegative, bool refit,
                                           std::string solver, double gap_tolerance, std::int64_t max_rounds,
                                           std::int64_t max_iterations);

/// @returns report [n, 8]
Tensor certify(Tensor embeddings, Tensor dictionary, Tensor row_offsets, Tensor atom_indices, Tensor values,
               double l1_penalty, OptionalTensor l1_penalties, OptionalTensor atom_weights,
               OptionalTensor banned_atoms, bool nonnegative, double gap_tolerance);

/// @returns [n, d]
Tensor recompose(Tensor row_offsets, Tensor atom_indices, Tensor values, Tensor dictionary);

/// @returns gradients of embeddings, dictionary and l1_penalties; without elements where not wanted
std::tuple<Tensor, Tensor, Tensor> decompose_backward(Tensor grad_values, Tensor row_offsets,
                                                      Tensor atom_indices, Tensor values, Tensor embeddings,
                                                      Tensor dictionary, OptionalTensor l1_penalties,
                                                      OptionalTensor atom_weights, bool refit,
                                                      bool needs_embeddings, bool needs_dictionary,
                                                      bool needs_penalties);

/// The same by torch's own batched operations on padded supports, which is what CUDA tensors get. Works on
/// any device.
std::tuple<Tensor, Tensor, Tensor> decompose_backward_on_device(
    Tensor grad_values, Tensor row_offsets, Tensor atom_indices, Tensor values, Tensor embeddings,
    Tensor dictionary, OptionalTensor l1_penalties, OptionalTensor atom_weights, bool refit,
    bool needs_embeddings, bool needs_dictionary, bool needs_penalties);

std::tuple<Tensor, Tensor, Tensor> decompose_dense_backward(Tensor grad_weights, Tensor weights,
                                                            Tensor embeddings, Tensor dictionary,
                                                            OptionalTensor l1_penalties,
                                                            OptionalTensor atom_weights, bool refit,
                                                            bool needs_embeddings, bool needs_dictionary,
                                                            bool needs_penalties);

std::tuple<Tensor, Tensor, Tensor> decompose_dense_backward_on_device(
    Tensor grad_weights, Tensor weights, Tensor embeddings, Tensor dictionary, OptionalTensor l1_penalties,
    OptionalTensor atom_weights, bool refit, bool needs_embeddings, bool needs_dictionary,
    bool needs_penalties);

/// @returns gradients of values and dictionary; without elements where not wanted
std::tuple<Tensor, Tensor> recompose_backward(Tensor grad_embeddings, Tensor row_offsets, Tensor atom_indices,
                                              Tensor values, Tensor dictionary, bool needs_values,
                                              bool needs_dictionary);

/// Likewise.
Tensor recompose_on_device(Tensor row_offsets, Tensor atom_indices, Tensor values, Tensor dictionary);
std::tuple<Tensor, Tensor> recompose_backward_on_device(Tensor grad_embeddings, Tensor row_offsets,
                                                        Tensor atom_indices, Tensor values, Tensor dictionary,
                                                        bool needs_values, bool needs_dictionary);

}  // namespace splice_cuda::op
