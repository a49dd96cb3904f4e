#include "torch/tensors.hpp"


#include "core/validate.hpp"

namespace splice_cuda::op {
namespace {

constexpr auto cpu = torch::headeronly::DeviceType::CPU;

template <class T>
constexpr ScalarType scalar_type_for() {
  if constexpr (std::is_same_v<T, float>) return ScalarType::Float;
  if constexpr (std::is_same_v<T, double>) return ScalarType::Double;
  return ScalarType::Long;
}

template <class T>
Tensor copied(const std::vector<T>& values, const Tensor& like) {
  const auto size = static_cast<std::int64_t>(values.size());
  if (size == 0) return torch::stable::new_empty(like, {0}, scalar_type_for<T>());
  const std::array<std::int64_t, 1> sizes{size};
  const std::array<std::int64_t, 1> strides{1};
  const Tensor view =
      torch::stable::from_blob(const_cast<T*>(values.data()), {sizes.data(), 1}, {strides.data(), 1},
                               torch::stable::Device(cpu), scalar_type_for<T>());
  const Tensor copy = torch::stable::new_empty(like, {sizes.data(), 1}, scalar_type_for<T>());
  Tensor target = copy;
  return torch::stable::copy_(target, view);
}

void check_floating(std::string_view argument, const Tensor& tensor) {
  const ScalarType type = tensor.scalar_type();
  const bool integral = type == ScalarType::Byte || type == ScalarType::Char || type == ScalarType::Short ||
                        type == ScalarType::Int || type == ScalarType::Long || type == ScalarType::Bool;
  if (integral) return;
  element_of(argument, tensor);
}

}  // namespace

std::string shape_text(const Tensor& tensor) {
  std::string text = "[";
  for (std::int64_t i = 0; i < tensor.dim(); ++i)
    text += (i > 0 ? ", " : "") + std::to_string(tensor.size(i));
  return text + "]";
}

Device device_of(const Tensor& tensor) {
  return tensor.is_cuda() ? Device::cuda(tensor.get_device_index()) : Device::cpu();
}

std::optional<torch::stable::accelerator::DeviceGuard> device_guard(const Tensor& tensor) {
  if (!tensor.is_cuda()) return std::nullopt;
  return torch::stable::accelerator::DeviceGuard(tensor.get_device_index());
}

void check_dimensions(std::string_view argument, const Tensor& tensor, std::int64_t dimensions,
                      std::string_view shape) {
  if (tensor.dim() == dimensions) return;
  fail_argument(argument, "shape " + shape_text(tensor), shape);
}

void check_same_device(std::string_view argument, const Tensor& tensor, const Tensor& other,
                       std::string_view other_name) {
  if (tensor.is_cpu() == other.is_cpu() && tensor.is_cuda() == other.is_cuda() &&
      device_of(tensor) == device_of(other))
    return;
  fail_argument(argument,
                tensor.is_cpu() || tensor.is_cuda() ? "a tensor on " + to_string(device_of(tensor))
                                                    : "a tensor on another device",
                "one on " + to_string(device_of(other)) + ", where " + std::string(other_name) + " is");
}

void check_upstream(const Tensor& grad_embeddings, std::int64_t rows, std::int64_t dim) {
  if (grad_embeddings.size(0) == rows && grad_embeddings.size(1) == dim) return;
  fail_argument("grad_embeddings", "shape " + shape_text(grad_embeddings),
                "[" + std::to_string(rows) + ", " + std::to_string(dim) + "]");
}

Element element_of(std::string_view argument, const Tensor& tensor) {
  switch (tensor.scalar_type()) {
    case ScalarType::Half: return Element::float16;
    case ScalarType::BFloat16: return Element::bfloat16;
    case ScalarType::Float: return Element::float32;
    case ScalarType::Double: return Element::float64;
    default: break;
  }
  fail_argument(argument, std::string("a tensor of ") + torch::headeronly::toString(tensor.scalar_type()),
                "one of Half, BFloat16, Float or Double");
}

Tensor matrix_argument(std::string_view argument, const Tensor& tensor) {
  element_of(argument, tensor);
  check_dimensions(argument, tensor, 2, "two dimensions");
  const Tensor matrix = call("aten::detach", "", tensor);
  const bool rows_contiguous = matrix.size(1) <= 1 || matrix.stride(1) == 1;
  const bool rows_apart = matrix.size(0) <= 1 || matrix.stride(0) >= std::max<std::int64_t>(matrix.size(1), 1);
  return rows_contiguous && rows_apart ? matrix : torch::stable::contiguous(matrix);
}

std::int64_t leading_dimension(const Tensor& tensor) {
  return tensor.size(0) <= 1 ? tensor.size(1) : tensor.stride(0);
}

ElementMatrix element_matrix(const Tensor& tensor) {
  return {tensor.const_data_ptr(), element_of("tensor", tensor), tensor.size(0), tensor.size(1),
          leading_dimension(tensor)};
}

TypedMatrixView typed_view(const Tensor& tensor) {
  TypedMatrixView view = typed_view(element_matrix(tensor));
  view.device = device_of(tensor);
  return view;
}

MutableElementMatrix mutable_element_matrix(const Tensor& tensor) {
  return {tensor.mutable_data_ptr(), element_of("tensor", tensor), tensor.size(0), tensor.size(1),
          leading_dimension(tensor)};
}

ScalarType value_type(const Tensor& a, const Tensor& b) {
  const bool in_double = a.scalar_type() == ScalarType::Double || b.scalar_type() == ScalarType::Double;
  return in_double ? ScalarType::Double : ScalarType::Float;
}

Tensor plain(const Tensor& tensor, ScalarType type) {
  return torch::stable::to(call("aten::detach", "", tensor), type);
}

Tensor on_host(const Tensor& tensor, ScalarType type) {
  const Tensor detached = call("aten::detach", "", tensor);
  return torch::stable::contiguous(torch::stable::to(detached, type, std::nullopt, torch::stable::Device(cpu)));
}

template <class T>
std::vector<T> host_vector(std::string_view argument, const Tensor& tensor, bool scalar_allowed) {
  check_floating(argument, tensor);
  if (tensor.dim() != 1 && !(scalar_allowed && tensor.dim() == 0)) {
    fail_argument(argument, "shape " + shape_text(tensor),
                  scalar_allowed ? "one dimension or none" : "one dimension");
  }
  const Tensor host = on_host(tensor, scalar_type_for<T>());
  const auto* data = static_cast<const T*>(host.const_data_ptr());
  return std::vector<T>(data, data + host.numel());
}

template std::vector<float> host_vector<float>(std::string_view, const Tensor&, bool);
template std::vector<double> host_vector<double>(std::string_view, const Tensor&, bool);
template std::vector<std::int64_t> host_vector<std::int64_t>(std::string_view, const Tensor&, bool);

CodeEntries code_entries(const Tensor& row_offsets, const Tensor& atom_indices, const Tensor& values,
                         std::int64_t rows, std::int64_t atoms) {
  if (row_offsets.scalar_type() != ScalarType::Long) {
    fail_argument("row_offsets",
                  std::string("a tensor of ") + torch::headeronly::toString(row_offsets.scalar_type()),
                  "one of Long");
  }
  if (atom_indices.scalar_type() != ScalarType::Int && atom_indices.scalar_type() != ScalarType::Long) {
    fail_argument("atom_indices",
                  std::string("a tensor of ") + torch::headeronly::toString(atom_indices.scalar_type()),
                  "one of Int or Long");
  }
  element_of("values", values);
  CodeEntries codes;
  codes.row_offsets = host_vector<std::int64_t>("row_offsets", row_offsets);
  codes.values = host_vector<double>("values", values);
  const std::vector<std::int64_t> indices = host_vector<std::int64_t>("atom_indices", atom_indices);
  const auto nnz = static_cast<std::int64_t>(codes.values.size());
  if (static_cast<std::int64_t>(indices.size()) != nnz) {
    fail_argument("atom_indices", std::to_string(indices.size()) + " entries",
                  "as many as values, " + std::to_string(nnz));
  }
  if (codes.row_offsets.empty() || (rows >= 0 && codes.rows() != rows)) {
    fail_argument("row_offsets", std::to_string(codes.row_offsets.size()) + " entries",
                  rows < 0 ? "rows + 1, at least 1" : "rows + 1 = " + std::to_string(rows + 1));
  }
  if (codes.row_offsets.front() != 0 || codes.row_offsets.back() != nnz) {
    fail_argument("row_offsets",
                  "first " + std::to_string(codes.row_offsets.front()) + ", last " +
                      std::to_string(codes.row_offsets.back()),
                  "first 0, last nnz = " + std::to_string(nnz));
  }
  for (std::size_t i = 1; i < codes.row_offsets.size(); ++i) {
    if (codes.row_offsets[i] < codes.row_offsets[i - 1]) {
      fail_argument("row_offsets", "a fall at row " + std::to_string(i - 1), "ascending offsets");
    }
  }
  codes.atoms.reserve(indices.size());
  for (const std::int64_t index : indices) {
    if (index < 0 || index >= atoms) {
      fail_argument("atom_indices", std::to_string(index),
                    "an atom's index, 0 to " + std::to_string(atoms - 1));
    }
    codes.atoms.push_back(static_cast<std::int32_t>(index));
  }
  return codes;
}

CodeEntries dense_entries(const Tensor& weights) {
  const ElementMatrix matrix = element_matrix(weights);
  CodeEntries codes;
  codes.row_offsets.push_back(0);
  std::vector<double> row(static_cast<std::size_t>(matrix.cols));
  for (std::int64_t i = 0; i < matrix.rows; ++i) {
    read_row(matrix, i, row.data());
    for (std::size_t j = 0; j < row.size(); ++j) {
      if (row[j] == 0) continue;
      codes.atoms.push_back(static_cast<std::int32_t>(j));
      codes.values.push_back(row[j]);
    }
    codes.row_offsets.push_back(codes.nnz());
  }
  return codes;
}

BackwardProblem::BackwardProblem(const Tensor& given_embeddings, const Tensor& given_dictionary,
                                 const OptionalTensor& given_penalties, const OptionalTensor& given_weights)
    : embeddings(matrix_argument("embeddings", given_embeddings)),
      dictionary(matrix_argument("dictionary", given_dictionary)),
      l1_penalties(given_penalties),
      atom_weights(given_weights) {
  const std::int64_t rows = embeddings.size(0);
  const std::int64_t atoms = dictionary.size(0);
  check_same_device("dictionary", dictionary, embeddings, "embeddings");
  if (embeddings.size(1) != dictionary.size(1)) {
    fail_argument("embeddings", std::to_string(embeddings.size(1)) + " columns",
                  "the dictionary's dimension, " + std::to_string(dictionary.size(1)));
  }
  if (l1_penalties) {
    check_floating("l1_penalties", *l1_penalties);
    if (l1_penalties->dim() > 1 || (l1_penalties->numel() != 1 && l1_penalties->numel() != rows)) {
      fail_argument("l1_penalties", "shape " + shape_text(*l1_penalties),
                    "one a row of embeddings, " + std::to_string(rows) + ", or one for all");
    }
  }
  if (atom_weights) {
    check_floating("atom_weights", *atom_weights);
    if (atom_weights->dim() != 1 || atom_weights->numel() != atoms) {
      fail_argument("atom_weights", "shape " + shape_text(*atom_weights),
                    "one an atom of the dictionary, " + std::to_string(atoms));
    }
  }
}

std::vector<double> weights_of(const OptionalTensor& atom_weights) {
  return atom_weights ? host_vector<double>("atom_weights", *atom_weights) : std::vector<double>();
}

Tensor tensor_of(const std::vector<double>& values, const Tensor& like, ScalarType type) {
  return torch::stable::to(copied(values, like), type);
}

Tensor tensor_of(const std::vector<std::int64_t>& values, const Tensor& like) { return copied(values, like); }

Tensor sum_over(const Tensor& tensor, std::int64_t dimension) {
  const std::array<std::int64_t, 1> dimensions{dimension};
  return torch::stable::sum(tensor, torch::headeronly::IntHeaderOnlyArrayRef(dimensions.data(), 1));
}

Tensor nothing(const Tensor& like) { return torch::stable::new_empty(like, {0}); }

Tensor gradient_like(const Tensor& matrix, bool wanted, std::optional<ScalarType> type) {
  return wanted ? torch::stable::new_zeros(matrix, {matrix.size(0), matrix.size(1)}, type) : nothing(matrix);
}

int torch_threads() { return static_cast<int>(torch::stable::get_num_threads()); }

}  // namespace splice_cuda::op
