#include <cstddef>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "core/validate.hpp"
#include "splice_cuda/decompose.hpp"
#include "splice_cuda/device_codes.hpp"
#include "torch/argument_names.hpp"
#include "torch/dictionary_cache.hpp"
#include "torch/gradients.hpp"
#include "torch/ops.hpp"
#include "torch/torch_context.hpp"

namespace splice_cuda::op {
namespace {

constexpr auto cpu = torch::headeronly::DeviceType::CPU;

/// The core library's options with the memory that they point into.
struct Options {
  DecomposeOptions core;
  std::vector<float> penalties;
  std::vector<float> weights;
  std::vector<std::int32_t> banned;
};

std::int32_t narrow(std::string_view argument, std::int64_t value) {
  if (value < std::numeric_limits<std::int32_t>::min() || value > std::numeric_limits<std::int32_t>::max()) {
    fail_argument(argument, std::to_string(value), "a number of 32 bits");
  }
  return static_cast<std::int32_t>(value);
}

SolverKind solver_of(const std::string& name) {
  if (const std::optional<SolverKind> found = solver_named(name)) return *found;
  fail_argument("solver", "\"" + name + "\"", "working_set, coordinate_descent, fista or admm");
}

/// What decompose and certify share. One penalty for all rows may come as a tensor, so that it can have a
/// gradient.
void set_problem(Options& options, std::int64_t rows, double penalty, const OptionalTensor& l1_penalties,
                 const OptionalTensor& atom_weights, const OptionalTensor& banned_atoms, bool nonnegative,
                 double gap_tolerance) {
  options.core.l1_penalty = static_cast<float>(penalty);
  if (l1_penalties) {
    options.penalties = host_vector<float>("l1_penalties", *l1_penalties, true);
    if (options.penalties.size() == 1) {
      options.core.l1_penalty = options.penalties[0];
      options.penalties.assign(static_cast<std::size_t>(rows), options.core.l1_penalty);
    } else if (options.penalties.empty() && rows > 0) {
      // The core library takes an empty span for none given.
      fail_argument("l1_penalties", "0 entries", "one a row of embeddings, N, or one for all");
    }
    options.core.l1_penalties = options.penalties;
  }
  if (atom_weights) {
    options.weights = host_vector<float>("atom_weights", *atom_weights);
    if (options.weights.empty()) fail_argument("atom_weights", "0 entries", "one an atom of the dictionary");
  }
  if (banned_atoms) {
    if (banned_atoms->scalar_type() != ScalarType::Long && banned_atoms->scalar_type() != ScalarType::Int) {
      fail_argument("banned_atoms",
                    std::string("a tensor of ") + torch::headeronly::toString(banned_atoms->scalar_type()),
                    "one of Int or Long");
    }
    for (const std::int64_t atom : host_vector<std::int64_t>("banned_atoms", *banned_atoms)) {
      options.banned.push_back(narrow("banned_atoms", atom));
    }
  }
  options.core.atom_weights = options.weights;
  options.core.banned_atoms = options.banned;
  options.core.nonnegative = nonnegative;
  options.core.solve.gap_tolerance = gap_tolerance;
}

/// Embeddings and dictionary as the core library takes them: float64 is rounded to float32.
struct Problem {
  Tensor embeddings;
  Tensor dictionary;
  bool in_double;

  Problem(const Tensor& given_embeddings, const Tensor& given_dictionary)
      : embeddings(matrix_argument("embeddings", given_embeddings)),
        dictionary(matrix_argument("dictionary", given_dictionary)),
        in_double(value_type(embeddings, dictionary) == ScalarType::Double) {
    check_same_device("dictionary", dictionary, embeddings, "embeddings");
  }

  static Tensor single(const Tensor& tensor) {
    return tensor.scalar_type() == ScalarType::Double ? torch::stable::to(tensor, ScalarType::Float) : tensor;
  }
};

/// A copy, in torch's memory, of an array that lies on the device of `like`, elements `stride` apart.
Tensor copy_of(const void* data, std::int64_t size, std::int64_t stride, ScalarType type,
               const Tensor& like) {
  if (size == 0) return torch::stable::new_empty(like, {0}, type);
  const std::array<std::int64_t, 1> sizes{size};
  const std::array<std::int64_t, 1> strides{stride};
  return torch::stable::clone(torch::stable::from_blob(const_cast<void*>(data), {sizes.data(), 1},
                                                       {strides.data(), 1}, like.device(), type));
}

/// Reports on the device of `like`, column by column: each is an array whose elements are a report apart.
Tensor report_tensor(const RowReport* reports, std::int64_t rows, const Tensor& like) {
  const Tensor table = torch::stable::new_empty(like, {rows, report_columns}, ScalarType::Double);
  if (rows == 0) return table;
  const auto fill = [&]<class T>(ReportColumn column, std::size_t offset, ScalarType type, T) {
    static_assert(sizeof(RowReport) % sizeof(T) == 0);
    const auto* first = reinterpret_cast<const unsigned char*>(reports) + offset;
    Tensor target = torch::stable::select(table, 1, column);
    torch::stable::copy_(target, copy_of(first, rows, sizeof(RowReport) / sizeof(T), type, like));
  };
  fill(primal, offsetof(RowReport, primal), ScalarType::Double, double{});
  fill(dual, offsetof(RowReport, dual), ScalarType::Double, double{});
  fill(gap, offsetof(RowReport, gap), ScalarType::Double, double{});
  fill(kkt_violation, offsetof(RowReport, kkt_violation), ScalarType::Double, double{});
  fill(l1_penalty, offsetof(RowReport, l1_penalty), ScalarType::Double, double{});
  fill(rounds, offsetof(RowReport, rounds), ScalarType::Int, std::int32_t{});
  fill(iterations, offsetof(RowReport, iterations), ScalarType::Int, std::int32_t{});
  fill(status, offsetof(RowReport, status), ScalarType::Byte, std::uint8_t{});
  return table;
}

/// The penalty of each row in double: a tensor's own, where there is one, else what the row was solved at.
std::vector<double> penalties_in_double(const OptionalTensor& l1_penalties, double l1_penalty, bool target,
                                        const Tensor& report) {
  const auto rows = static_cast<std::size_t>(report.size(0));
  if (target)
    return host_vector<double>("report", torch::stable::select(report, 1, ReportColumn::l1_penalty));
  if (!l1_penalties) return std::vector<double>(rows, l1_penalty);
  std::vector<double> penalties = host_vector<double>("l1_penalties", *l1_penalties, true);
  if (penalties.size() == 1) penalties.assign(rows, penalties[0]);
  return penalties;
}

}  // namespace

std::tuple<Tensor, Tensor, Tensor, Tensor> decompose(Tensor embeddings, Tensor dictionary, double l1_penalty,
                                                     OptionalTensor l1_penalties, OptionalTensor atom_weights,
                                                     OptionalTensor banned_atoms, std::int64_t target_l0,
                                                     double target_cosine, bool nonnegative, bool refit,
                                                     std::string solver, double gap_tolerance,
                                                     std::int64_t max_rounds, std::int64_t max_iterations) {
  const auto guard = device_guard(embeddings);
  const Problem problem(embeddings, dictionary);
  const std::int64_t rows = embeddings.size(0);
  Options options;
  set_problem(options, rows, l1_penalty, l1_penalties, atom_weights, banned_atoms, nonnegative,
              gap_tolerance);
  options.core.target_l0 = narrow("target_l0", target_l0);
  options.core.target_cosine = static_cast<float>(target_cosine);
  options.core.refit = refit;
  options.core.solve.solver = solver_of(solver);
  options.core.solve.max_rounds = narrow("max_rounds", max_rounds);
  options.core.solve.max_iterations = narrow("max_iterations", max_iterations);

  const Context context = context_for(problem.embeddings);
  const Tensor rows_in_single = Problem::single(problem.embeddings);
  const Dictionary prepared = dictionary_of(context, Problem::single(problem.dictionary));
  const DeviceDecomposeResult result = with_op_names(
      [&] { return decompose_on_device(context, prepared, typed_view(rows_in_single), options.core); });
  const Tensor offsets =
      copy_of(result.row_offsets, result.rows + 1, 1, ScalarType::Long, problem.embeddings);
  const Tensor atoms = copy_of(result.atom_indices, result.nnz, 1, ScalarType::Int, problem.embeddings);
  const Tensor values = copy_of(result.values, result.nnz, 1, ScalarType::Float, problem.embeddings);
  const Tensor report = report_tensor(result.reports, result.rows, problem.embeddings);
  if (!problem.in_double) return {offsets, atoms, values, report};

  const CodeEntries codes = code_entries(offsets, atoms, values, rows, prepared.size());
  const Tensor host_embeddings = on_host(problem.embeddings, problem.embeddings.scalar_type());
  const Tensor host_dictionary = on_host(problem.dictionary, problem.dictionary.scalar_type());
  const std::vector<double> weights = weights_of(atom_weights);
  const SolvedBatch batch{.embeddings = element_matrix(host_embeddings),
                          .dictionary = element_matrix(host_dictionary),
                          .codes = &codes,
                          .atom_weights = &weights,
                          .refit = refit,
                          .nonnegative = nonnegative,
                          .threads = torch_threads()};
  const bool target = target_l0 > 0 || target_cosine > 0;
  const std::vector<double> refined =
      refined_values(batch, penalties_in_double(l1_penalties, l1_penalty, target, report));
  return {offsets, atoms, tensor_of(refined, problem.embeddings), report};
}

std::tuple<Tensor, Tensor> decompose_dense(Tensor embeddings, Tensor dictionary, double l1_penalty,
                                           OptionalTensor l1_penalties, OptionalTensor atom_weights,
                                           OptionalTensor banned_atoms, std::int64_t target_l0,
                                           double target_cosine, bool nonnegative, bool refit,
                                           std::string solver, double gap_tolerance, std::int64_t max_rounds,
                                           std::int64_t max_iterations) {
  const auto guard = device_guard(embeddings);
  const auto [offsets, atoms, values, report] =
      decompose(embeddings, dictionary, l1_penalty, std::move(l1_penalties), std::move(atom_weights),
                std::move(banned_atoms), target_l0, target_cosine, nonnegative, refit, std::move(solver),
                gap_tolerance, max_rounds, max_iterations);
  const std::int64_t rows = embeddings.size(0);
  const std::int64_t size = dictionary.size(0);
  const Tensor weights = torch::stable::new_zeros(values, {rows, size});
  if (values.numel() == 0) return {weights, report};
  // Where each entry's row starts in the flat matrix.
  const std::vector<std::int64_t> host_offsets = host_vector<std::int64_t>("row_offsets", offsets);
  std::vector<std::int64_t> starts;
  for (std::size_t i = 0; i + 1 < host_offsets.size(); ++i) {
    starts.insert(starts.end(), static_cast<std::size_t>(host_offsets[i + 1] - host_offsets[i]),
                  static_cast<std::int64_t>(i) * size);
  }
  // Their sum with the atoms: aten::add takes a Scalar, which the stable ABI can't pass.
  const Tensor addends = torch::stable::new_empty(values, {2, values.numel()}, ScalarType::Long);
  Tensor first = torch::stable::select(addends, 0, 0);
  Tensor second = torch::stable::select(addends, 0, 1);
  torch::stable::copy_(first, tensor_of(starts, values));
  torch::stable::copy_(second, atoms);
  const Tensor places = sum_over(addends, 0);
  call("aten::scatter_", "src", torch::stable::view(weights, {-1}), std::int64_t{0}, places, values);
  return {weights, report};
}

Tensor certify(Tensor embeddings, Tensor dictionary, Tensor row_offsets, Tensor atom_indices, Tensor values,
               double l1_penalty, OptionalTensor l1_penalties, OptionalTensor atom_weights,
               OptionalTensor banned_atoms, bool nonnegative, double gap_tolerance) {
  const auto guard = device_guard(embeddings);
  const Problem problem(embeddings, dictionary);
  Options options;
  set_problem(options, embeddings.size(0), l1_penalty, l1_penalties, atom_weights, banned_atoms, nonnegative,
              gap_tolerance);
  const Context context = context_for(problem.embeddings);
  const Tensor rows_in_single = Problem::single(problem.embeddings);
  const Dictionary prepared = dictionary_of(context, Problem::single(problem.dictionary));
  const CodeEntries entries =
      code_entries(row_offsets, atom_indices, values, embeddings.size(0), prepared.size());
  SparseCodes codes{.rows = entries.rows(),
                    .cols = prepared.size(),
                    .row_offsets = entries.row_offsets,
                    .atom_indices = entries.atoms,
                    .values = {}};
  for (const double value : entries.values) codes.values.push_back(static_cast<float>(value));
  const std::vector<RowReport> reports = with_op_names(
      [&] { return splice_cuda::certify(context, prepared, typed_view(rows_in_single), codes, options.core); });
  const Tensor on_cpu =
      torch::stable::empty({0}, ScalarType::Double, std::nullopt, torch::stable::Device(cpu));
  return torch::stable::to(report_tensor(reports.data(), static_cast<std::int64_t>(reports.size()), on_cpu),
                           problem.embeddings.device());
}

}  // namespace splice_cuda::op
