#pragma once

/// @file torch.hpp
/// The ops of torch.ops.splice_cuda for C++: tensors in, tensors out, with gradients. Link splice_cuda::torch
/// (the library target splice_torch_autograd), which registers them; docs/torch.md says what they promise.
///
///   namespace ops = splice_cuda::torch_ops;
///   ops::Codes codes = ops::decompose(embeddings, dictionary, {.l1_penalty = 0.2});
///   ops::recompose(codes, dictionary).sub(embeddings).square().sum().backward();

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>

#include <ATen/core/Tensor.h>
#include <ATen/core/dispatch/Dispatcher.h>

namespace splice_cuda::torch_ops {

/// Fields as of splice_cuda::DecomposeOptions (options.hpp) and SolveOptions.
struct Options {
  double l1_penalty = 0.25;
  std::optional<at::Tensor> l1_penalties = std::nullopt;  ///< [n], [1] or []; may require grad
  std::optional<at::Tensor> atom_weights = std::nullopt;  ///< [p]
  std::optional<at::Tensor> banned_atoms = std::nullopt;  ///< [k] int64 or int32
  std::int64_t target_l0 = 0;
  double target_cosine = 0;
  bool nonnegative = true;
  bool refit = false;
  std::string solver = "working_set";
  double gap_tolerance = 1e-6;
  std::int64_t max_rounds = 100;
  std::int64_t max_iterations = 20000;
};

/// CSR [n, p], and one report a row.
struct Codes {
  at::Tensor row_offsets;   ///< [n + 1] int64
  at::Tensor atom_indices;  ///< [nnz] int32
  at::Tensor values;        ///< [nnz] float32; float64 where an input is
  at::Tensor report;        ///< [n, 8] float64, columns as of ReportColumn
};

struct DenseCodes {
  at::Tensor weights;  ///< [n, p]
  at::Tensor report;   ///< [n, 8]
};

enum ReportColumn : std::int64_t { primal, dual, gap, kkt_violation, l1_penalty, rounds, iterations, status };

using OptionalTensor = std::optional<at::Tensor>;
/// The ops' own signatures, for c10::Dispatcher.
using DecomposeSignature = std::tuple<at::Tensor, at::Tensor, at::Tensor, at::Tensor>(
    const at::Tensor&, const at::Tensor&, double, const OptionalTensor&, const OptionalTensor&,
    const OptionalTensor&, std::int64_t, double, bool, bool, c10::string_view, double, std::int64_t,
    std::int64_t);
using DecomposeDenseSignature = std::tuple<at::Tensor, at::Tensor>(const at::Tensor&, const at::Tensor&,
                                                                   double, const OptionalTensor&,
                                                                   const OptionalTensor&,
                                                                   const OptionalTensor&, std::int64_t,
                                                                   double, bool, bool, c10::string_view,
                                                                   double, std::int64_t, std::int64_t);
using RecomposeSignature = at::Tensor(const at::Tensor&, const at::Tensor&, const at::Tensor&,
                                      const at::Tensor&);
using CertifySignature = at::Tensor(const at::Tensor&, const at::Tensor&, const at::Tensor&,
                                    const at::Tensor&, const at::Tensor&, double, const OptionalTensor&,
                                    const OptionalTensor&, const OptionalTensor&, bool, double);

/// @throws c10::Error where the library with the ops is not loaded
template <class Signature>
c10::TypedOperatorHandle<Signature> find_op(const char* name) {
  return c10::Dispatcher::singleton().findSchemaOrThrow(name, "").typed<Signature>();
}

/// @param embeddings  [n, d]   @param dictionary  [p, d]; both on one device
/// @throws std::exception (std::runtime_error or c10::Error, as torch's version has it) naming the argument,
/// what was given and what is expected
inline Codes decompose(const at::Tensor& embeddings, const at::Tensor& dictionary, const Options& o = {}) {
  static const auto op = find_op<DecomposeSignature>("splice_cuda::decompose");
  auto [row_offsets, atom_indices, values, report] = op.call(
      embeddings, dictionary, o.l1_penalty, o.l1_penalties, o.atom_weights, o.banned_atoms, o.target_l0,
      o.target_cosine, o.nonnegative, o.refit, o.solver, o.gap_tolerance, o.max_rounds, o.max_iterations);
  return {row_offsets, atom_indices, values, report};
}

inline DenseCodes decompose_dense(const at::Tensor& embeddings, const at::Tensor& dictionary,
                                  const Options& o = {}) {
  static const auto op = find_op<DecomposeDenseSignature>("splice_cuda::decompose_dense");
  auto [weights, report] = op.call(embeddings, dictionary, o.l1_penalty, o.l1_penalties, o.atom_weights,
                                   o.banned_atoms, o.target_l0, o.target_cosine, o.nonnegative, o.refit,
                                   o.solver, o.gap_tolerance, o.max_rounds, o.max_iterations);
  return {weights, report};
}

/// @returns W C [n, d]
inline at::Tensor recompose(const Codes& codes, const at::Tensor& dictionary) {
  static const auto op = find_op<RecomposeSignature>("splice_cuda::recompose");
  return op.call(codes.row_offsets, codes.atom_indices, codes.values, dictionary);
}

/// The certificates of any codes, by brute force in fp64. Of `o` the problem and gap_tolerance are used.
/// @returns report [n, 8]
inline at::Tensor certify(const at::Tensor& embeddings, const at::Tensor& dictionary, const Codes& codes,
                          const Options& o = {}) {
  static const auto op = find_op<CertifySignature>("splice_cuda::certify");
  return op.call(embeddings, dictionary, codes.row_offsets, codes.atom_indices, codes.values, o.l1_penalty,
                 o.l1_penalties, o.atom_weights, o.banned_atoms, o.nonnegative, o.gap_tolerance);
}

}  // namespace splice_cuda::torch_ops
