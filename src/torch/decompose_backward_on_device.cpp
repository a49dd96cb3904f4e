// The backward of codes by torch's own batched operations: supports padded to the longest one, one Cholesky
// factor a row. In fp64 throughout. What it computes is in gradients.hpp.

#include <algorithm>
#include <span>
#include <vector>

#include "core/validate.hpp"
#include "torch/ops.hpp"

namespace splice_cuda::op {
namespace {

/// What a piece of rows holds at once, in fp64.
constexpr std::int64_t most_padded_bytes = std::int64_t{256} << 20;

/// Of `rows` rows padded to `width` atoms: arrays of their atoms' size (gathered, as fp64, masked, the parts
/// of the dictionary's gradient) and of their Gram matrices' (as it is, padded, its factor, the library's
/// copy).
std::int64_t padded_bytes(std::int64_t rows, std::int64_t width, std::int64_t dim) {
  return rows * width * (6 * dim + 4 * width) * static_cast<std::int64_t>(sizeof(double));
}

Tensor in_double(const Tensor& tensor) { return torch::stable::to(tensor, ScalarType::Double); }
Tensor multiplied(const Tensor& a, const Tensor& b) { return call("aten::mul", "Tensor", a, b); }
/// a + b, of floating-point numbers: aten::add takes a Scalar, which the stable ABI can't pass.
Tensor added(const Tensor& a, const Tensor& b) { return torch::stable::subtract(a, b, -1.0); }
Tensor constant(double value, const Tensor& like) {
  return torch::stable::full({1}, value, ScalarType::Double, std::nullopt, like.device());
}
Tensor transposed(const Tensor& a) { return torch::stable::transpose(a, 1, 2); }
Tensor product(const Tensor& a, const Tensor& b) { return call("aten::bmm", "", a, b); }
/// [m, s] to [m, s, 1].
Tensor column(const Tensor& a) { return torch::stable::unsqueeze(a, 2); }

/// Some rows with their supports padded to `width` atoms.
class PaddedRows {
 public:
  PaddedRows(const std::vector<std::int64_t>& offsets, std::int64_t first, std::int64_t count,
             const Tensor& like)
      : first_(first), count_(count), entries_start_(offsets[static_cast<std::size_t>(first)]) {
    const auto begin = offsets.begin() + first;
    entries_ = begin[count] - begin[0];
    for (std::int64_t i = 0; i < count; ++i) width_ = std::max(width_, begin[i + 1] - begin[i]);
    std::vector<std::int64_t> places;
    for (std::int64_t i = 0; i < count; ++i) {
      for (std::int64_t k = 0; k < begin[i + 1] - begin[i]; ++k) places.push_back(i * width_ + k);
    }
    places_ = tensor_of(places, like);
  }

  bool empty() const noexcept { return entries_ == 0; }
  std::int64_t width() const noexcept { return width_; }
  Tensor rows_of(const Tensor& matrix) const {
    return torch::stable::narrow(const_cast<Tensor&>(matrix), 0, first_, count_);
  }
  Tensor entries_of(const Tensor& array) const {
    return torch::stable::narrow(const_cast<Tensor&>(array), 0, entries_start_, entries_);
  }
  /// An array [nnz] as [rows, width], 0 beyond each row's end.
  Tensor padded(const Tensor& array) const {
    const Tensor values = entries_of(array);
    const Tensor flat = torch::stable::new_zeros(values, {count_ * width_});
    call("aten::scatter_", "src", flat, std::int64_t{0}, places_, values);
    return torch::stable::view(flat, {count_, width_});
  }
  /// Of [rows, width, d], the rows [nnz of the piece, d] that are entries.
  Tensor without_padding(const Tensor& padded_rows) const {
    return call("aten::index_select", "",
                torch::stable::view(padded_rows, {count_ * width_, padded_rows.size(2)}), std::int64_t{0},
                places_);
  }

 private:
  std::int64_t first_;
  std::int64_t count_;
  std::int64_t entries_start_;
  std::int64_t entries_ = 0;
  std::int64_t width_ = 0;
  Tensor places_;
};

Tensor diagonal(const Tensor& matrices) {
  return call("aten::diagonal", "", matrices, std::int64_t{0}, std::int64_t{-2}, std::int64_t{-1});
}

/// Rows whose factor says nothing of M^-1: it ended early, or a pivot is no more than what rounding leaves of
/// 0, next to M's diagonal of 1.
std::vector<std::int64_t> singular_rows(const Tensor& factor, const Tensor& info) {
  constexpr double smallest_pivot = 1e-14;
  const auto codes = host_vector<std::int64_t>("info", info);
  const auto roots = host_vector<double>(
      "factor", torch::stable::reshape(diagonal(factor), {factor.size(0) * factor.size(1)}));
  const std::size_t width = codes.empty() ? 0 : roots.size() / codes.size();
  std::vector<std::int64_t> rows;
  for (std::size_t i = 0; i < codes.size(); ++i) {
    const auto own = std::span(roots).subspan(i * width, width);
    const bool regular = codes[i] == 0 && std::ranges::all_of(own, [&](double root) {
                           return root * root > smallest_pivot * static_cast<double>(width);
                         });
    if (!regular) rows.push_back(static_cast<std::int64_t>(i));
  }
  return rows;
}

/// M^-1 g for each row; where M is singular a solution of least norm, each number times its atom's length.
/// @param unscaled  [m, s, s] M, 0 where padded
/// @param padding   [m, s] 1 where padded
Tensor solved(const Tensor& unscaled, const Tensor& padding, const Tensor& unscaled_right) {
  // To a diagonal of 1 (0 where padded): whether M can be inverted does not depend on how long atoms are.
  const Tensor squares = diagonal(unscaled);
  const Tensor scales = column(call("aten::rsqrt", "", added(squares, in_double(call("aten::logical_not", "", squares)))));
  const Tensor gram = multiplied(multiplied(unscaled, scales), transposed(scales));
  const Tensor right = multiplied(unscaled_right, scales);
  // Padding leaves the others alone with any positive diagonal.
  const Tensor padded = added(gram, call("aten::diag_embed", "", padding, std::int64_t{0}, std::int64_t{-2}, std::int64_t{-1}));
  std::array<StableIValue, 3> stack{torch::stable::detail::from(padded), torch::stable::detail::from(false),
                                    torch::stable::detail::from(false)};
  TORCH_ERROR_CODE_CHECK(
      torch_call_dispatcher("aten::linalg_cholesky_ex", "", stack.data(), TORCH_ABI_VERSION));
  const Tensor factor = torch::stable::detail::to<Tensor>(stack[0]);
  const Tensor info = torch::stable::detail::to<Tensor>(stack[1]);
  const Tensor h = call("aten::cholesky_solve", "", right, factor, false);
  const std::vector<std::int64_t> singular = singular_rows(factor, info);
  if (singular.empty()) return multiplied(h, scales);
  const Tensor places = tensor_of(singular, right);
  const auto of_places = [&](const Tensor& all) {
    return call("aten::index_select", "", all, std::int64_t{0}, places);
  };
  // Without the padding, whose size would count among the singular values.
  const Tensor inverse = call("aten::linalg_pinv", "", of_places(gram), 1e-12, true);
  return multiplied(call("aten::index_copy", "", h, std::int64_t{0}, places, product(inverse, of_places(right))), scales);
}

struct PaddedProblem {
  Tensor upstream;      ///< [nnz] fp64
  Tensor atom_indices;  ///< [nnz] int64
  Tensor values;        ///< [nnz] fp64
  Tensor embeddings;
  Tensor dictionary;
  OptionalTensor atom_weights;  ///< [p] fp64
  bool refit;
};

/// Gradients in fp64 to be added to; without elements where not wanted.
struct Sums {
  Tensor embeddings;  ///< [n, d]
  Tensor dictionary;  ///< [p, d]
  Tensor penalties;   ///< [n]
};

void differentiate(const PaddedProblem& problem, const PaddedRows& rows, const Sums& sums) {
  const std::int64_t dim = problem.dictionary.size(1);
  const std::int64_t width = rows.width();
  const Tensor indices = rows.padded(problem.atom_indices);
  const Tensor w = rows.padded(problem.values);
  // An atom whose weight is 0 is not in the support: it is treated as padding.
  const Tensor signs = call("aten::sign", "", w);
  const Tensor mask = multiplied(signs, signs);
  const Tensor absent = call("aten::logical_not", "", mask);
  const Tensor zero = torch::stable::squeeze(constant(0.0, mask), 0);
  const Tensor upstream = call("aten::masked_fill", "Tensor", rows.padded(problem.upstream), absent, zero);
  const std::int64_t count = w.size(0);
  const Tensor gathered =
      call("aten::index_select", "", problem.dictionary, std::int64_t{0}, torch::stable::view(indices, {-1}));
  const Tensor atoms =
      multiplied(torch::stable::view(in_double(gathered), {count, width, dim}), column(mask));
  const Tensor h = solved(product(atoms, transposed(atoms)), in_double(absent), column(upstream));
  const Tensor moves = product(transposed(atoms), h);  // [count, d, 1]
  if (sums.embeddings.numel() > 0) {
    Tensor target = rows.rows_of(sums.embeddings);
    torch::stable::copy_(target, torch::stable::squeeze(moves, 2));
  }
  if (sums.penalties.numel() > 0 && !problem.refit) {
    Tensor forces = multiplied(signs, torch::stable::squeeze(h, 2));
    if (problem.atom_weights) {
      const Tensor of_entries = call("aten::index_select", "", *problem.atom_weights, std::int64_t{0},
                                     rows.entries_of(problem.atom_indices));
      // Padded anew from the entries: an infinite weight times 0 would be NaN.
      const Tensor zeros = torch::stable::new_zeros(problem.values, {problem.values.numel()});
      Tensor place = rows.entries_of(zeros);
      torch::stable::copy_(place, of_entries);
      forces = call("aten::masked_fill", "Tensor", multiplied(forces, rows.padded(zeros)), absent, zero);
    }
    Tensor target = rows.rows_of(sums.penalties);
    torch::stable::copy_(target, multiplied(sum_over(forces, 1), constant(-0.5, forces)));
  }
  if (sums.dictionary.numel() > 0) {
    const Tensor fitted = torch::stable::squeeze(product(transposed(atoms), column(w)), 2);
    Tensor residuals = torch::stable::subtract(in_double(rows.rows_of(problem.embeddings)), fitted);
    // Rows without a code may hold NaN, which would outlive the product with their h = 0.
    const Tensor unused = call("aten::logical_not", "", torch::stable::unsqueeze(sum_over(mask, 1), 1));
    residuals = call("aten::masked_fill", "Tensor", residuals, unused, zero);
    const Tensor by_residual = multiplied(h, torch::stable::unsqueeze(residuals, 1));
    const Tensor by_move = multiplied(column(w), transposed(moves));
    const Tensor parts =
        rows.without_padding(torch::stable::contiguous(torch::stable::subtract(by_residual, by_move)));
    // Sums rows by index like index_add_, but without a Scalar, and in the same order each time.
    Tensor target = sums.dictionary;
    const Tensor sum =
        call("aten::embedding_dense_backward", "", parts, rows.entries_of(problem.atom_indices),
             problem.dictionary.size(0), std::int64_t{-1}, false);
    torch::stable::copy_(target, added(sums.dictionary, sum));
  }
}

}  // namespace

std::tuple<Tensor, Tensor, Tensor> decompose_backward_on_device(
    Tensor grad_values, Tensor row_offsets, Tensor atom_indices, Tensor values, Tensor embeddings,
    Tensor dictionary, OptionalTensor l1_penalties, OptionalTensor atom_weights, bool refit,
    bool needs_embeddings, bool needs_dictionary, bool needs_penalties) {
  const auto guard = device_guard(embeddings);
  const BackwardProblem given(embeddings, dictionary, l1_penalties, atom_weights);
  const Tensor& rows = given.embeddings;
  const Tensor& atoms = given.dictionary;
  // Checks the codes, and brings the offsets here.
  const std::vector<std::int64_t> offsets =
      code_entries(row_offsets, atom_indices, values, rows.size(0), atoms.size(0)).row_offsets;
  if (grad_values.dim() != 1 || grad_values.numel() != values.numel()) {
    fail_argument("grad_values", "shape " + shape_text(grad_values), shape_text(values) + ", as values");
  }
  PaddedProblem problem{.upstream = plain(grad_values, ScalarType::Double),
                        .atom_indices = plain(atom_indices, ScalarType::Long),
                        .values = plain(values, ScalarType::Double),
                        .embeddings = rows,
                        .dictionary = atoms,
                        .atom_weights = std::nullopt,
                        .refit = refit};
  if (atom_weights)
    problem.atom_weights = torch::stable::to(plain(*atom_weights, ScalarType::Double), rows.device());
  const std::int64_t count = rows.size(0);
  const std::int64_t dim = rows.size(1);
  const bool of_penalties = needs_penalties && l1_penalties.has_value();
  const Sums sums{.embeddings = gradient_like(rows, needs_embeddings, ScalarType::Double),
                  .dictionary = gradient_like(atoms, needs_dictionary, ScalarType::Double),
                  .penalties = of_penalties ? torch::stable::new_zeros(rows, {count}, ScalarType::Double)
                                            : nothing(rows)};
  for (std::int64_t first = 0; first < count;) {
    // As many rows as fit when padded to the longest among them; one at least.
    std::int64_t end = first;
    std::int64_t width = 0;
    do {
      const auto i = static_cast<std::size_t>(end);
      width = std::max(width, offsets[i + 1] - offsets[i]);
      ++end;
    } while (end < count && padded_bytes(end - first + 1,
                                         std::max(width, offsets[static_cast<std::size_t>(end) + 1] -
                                                             offsets[static_cast<std::size_t>(end)]),
                                         dim) <= most_padded_bytes);
    const PaddedRows piece(offsets, first, end - first, rows);
    if (!piece.empty()) differentiate(problem, piece, sums);
    first = end;
  }
  Tensor penalties = nothing(rows);
  if (of_penalties) {
    const Tensor& like = *l1_penalties;
    Tensor total = like.numel() == 1 ? sum_over(sums.penalties, 0) : sums.penalties;
    total = torch::stable::to(torch::stable::to(total, like.scalar_type()), like.device());
    penalties = torch::stable::reshape(total, like.sizes());
  }
  return {needs_embeddings ? torch::stable::to(sums.embeddings, rows.scalar_type()) : sums.embeddings,
          needs_dictionary ? torch::stable::to(sums.dictionary, atoms.scalar_type()) : sums.dictionary,
          penalties};
}

}  // namespace splice_cuda::op
