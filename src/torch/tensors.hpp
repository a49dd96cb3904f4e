#pragma once

/// @file tensors.hpp
/// Tensors by the stable ABI: what the ops read of them, and calls of torch's own ops.

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <torch/csrc/stable/accelerator.h>
#include <torch/csrc/stable/library.h>
#include <torch/csrc/stable/ops.h>
#include <torch/csrc/stable/tensor.h>

#include "splice_cuda/device.hpp"
#include "torch/code_entries.hpp"
#include "torch/element_matrix.hpp"

namespace splice_cuda::op {

using torch::headeronly::ScalarType;
using torch::stable::Tensor;
using OptionalTensor = std::optional<Tensor>;

/// Calls an op of torch that gives one tensor.
template <class... Args>
Tensor call(const char* name, const char* overload, const Args&... args) {
  std::array<StableIValue, std::max<std::size_t>(sizeof...(Args), 1)> stack{
      torch::stable::detail::from(args)...};
  TORCH_ERROR_CODE_CHECK(torch_call_dispatcher(name, overload, stack.data(), TORCH_ABI_VERSION));
  return torch::stable::detail::to<Tensor>(stack[0]);
}

/// Shape as text: "[3, 4]".
std::string shape_text(const Tensor& tensor);
Device device_of(const Tensor& tensor);
/// Makes a CUDA tensor's device current for the length of a call; nothing for one on the CPU.
std::optional<torch::stable::accelerator::DeviceGuard> device_guard(const Tensor& tensor);

void check_dimensions(std::string_view argument, const Tensor& tensor, std::int64_t dimensions,
                      std::string_view shape);
void check_same_device(std::string_view argument, const Tensor& tensor, const Tensor& other,
                       std::string_view other_name);
/// Of a recomposition's gradient: [rows, dim].
void check_upstream(const Tensor& grad_embeddings, std::int64_t rows, std::int64_t dim);
/// @throws ArgumentError unless float16, bfloat16, float32 or float64
Element element_of(std::string_view argument, const Tensor& tensor);

/// A matrix argument: two dimensions, one of the four types. The tensor itself where its rows are contiguous,
/// however far apart; else a contiguous copy. Cut off from autograd.
Tensor matrix_argument(std::string_view argument, const Tensor& tensor);
/// Of a tensor from matrix_argument, on the CPU.
ElementMatrix element_matrix(const Tensor& tensor);
/// Of one that is not float64, on any device.
TypedMatrixView typed_view(const Tensor& tensor);
MutableElementMatrix mutable_element_matrix(const Tensor& tensor);
/// Elements between the starts of two rows.
std::int64_t leading_dimension(const Tensor& tensor);

/// What is computed of two tensors: float64 where one of them is, else float32.
ScalarType value_type(const Tensor& a, const Tensor& b);
/// In another type, cut off from autograd.
Tensor plain(const Tensor& tensor, ScalarType type);
/// On the CPU, contiguous, in another type: the tensor itself where it is so already.
Tensor on_host(const Tensor& tensor, ScalarType type);
/// A vector argument of any numeric type, as a vector of T on the host. One dimension; none where
/// `scalar_allowed`.
template <class T>
std::vector<T> host_vector(std::string_view argument, const Tensor& tensor, bool scalar_allowed = false);

/// CSR tensors as entries on the host; checked but for the values.
/// @param rows, atoms  what the codes have to fit; rows < 0: what row_offsets says
CodeEntries code_entries(const Tensor& row_offsets, const Tensor& atom_indices, const Tensor& values,
                         std::int64_t rows, std::int64_t atoms);
/// The non-zero elements of a dense matrix [n, p].
CodeEntries dense_entries(const Tensor& weights);

/// What a backward op is given of its problem: matrices of one dimension on one device, l1_penalties [], [1] or [rows],
/// atom_weights [atoms].
struct BackwardProblem {
  Tensor embeddings;
  Tensor dictionary;
  const OptionalTensor& l1_penalties;
  const OptionalTensor& atom_weights;

  BackwardProblem(const Tensor& given_embeddings, const Tensor& given_dictionary,
                  const OptionalTensor& given_penalties, const OptionalTensor& given_weights);
};

/// [p] in fp64; empty where there are none.
std::vector<double> weights_of(const OptionalTensor& atom_weights);

/// A tensor of its own with a copy of a vector, on the device of `like`.
Tensor tensor_of(const std::vector<double>& values, const Tensor& like, ScalarType type = ScalarType::Double);
Tensor tensor_of(const std::vector<std::int64_t>& values, const Tensor& like);
/// The sum over one dimension, in the tensor's type.
Tensor sum_over(const Tensor& tensor, std::int64_t dimension);
/// No elements: an output that nobody wants.
Tensor nothing(const Tensor& like);
/// Zeros like a matrix, in its own type unless told; nothing where not wanted.
Tensor gradient_like(const Tensor& matrix, bool wanted, std::optional<ScalarType> type = std::nullopt);

/// How many threads torch is set to use.
int torch_threads();

}  // namespace splice_cuda::op
