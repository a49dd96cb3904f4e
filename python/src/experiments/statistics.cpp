// Statistics of codes per group, and the test of two groups' difference.

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "codes.hpp"
#include "core/validate.hpp"
#include "experiments/module.hpp"
#include "experiments/row_direction.hpp"
#include "splice_cuda/code_statistics.hpp"
#include "splice_cuda/error.hpp"
#include "splice_cuda/group_differences.hpp"

namespace splice_cuda::python {
namespace {

template <class Get>
nb::object column(const std::vector<ConceptMean>& concepts, Get get) {
  std::vector<decltype(get(concepts.front()))> values;
  values.reserve(concepts.size());
  for (const ConceptMean& concept_mean : concepts) values.push_back(get(concept_mean));
  return owned_array(std::move(values));
}

nb::dict group_dict(const GroupStatistics& group) {
  const std::vector<ConceptMean> concepts = group.concepts();
  nb::list status;
  for (const RowStatus each : {RowStatus::certified, RowStatus::budget_exhausted, RowStatus::non_finite_input, RowStatus::zero_embedding}) {
    status.append(group.count(each));
  }
  nb::dict dict;
  dict["rows"] = group.rows();
  dict["status"] = nb::tuple(status);
  dict["empty_codes"] = group.empty_codes();
  dict["l0"] = moments_tuple(group.l0());
  dict["cosine"] = moments_tuple(group.cosine());
  dict["atoms"] = column(concepts, [](const ConceptMean& one) { return one.atom; });
  dict["count"] = column(concepts, [](const ConceptMean& one) { return one.rows; });
  dict["share"] = column(concepts, [](const ConceptMean& one) { return one.share; });
  dict["mean"] = column(concepts, [](const ConceptMean& one) { return one.mean; });
  dict["standard_error"] = column(concepts, [](const ConceptMean& one) { return one.standard_error; });
  return dict;
}

nb::list statistics(const SparseCodes& codes, const List<std::int32_t>& groups, std::int64_t count, const Reports* reports,
                    const List<float>& cosine) {
  CodeStatistics found(count);
  {
    const nb::gil_scoped_release released;
    const std::span<const RowReport> rows = reports == nullptr ? std::span<const RowReport>{} : reports->rows;
    found.add({groups.data(), groups.shape(0)}, codes, rows, {cosine.data(), cosine.shape(0)});
  }
  nb::list list;
  for (std::int64_t group = 0; group < found.size(); ++group) list.append(group_dict(found.group(group)));
  return list;
}

/// (atoms, statistic, p, p_corrected)
nb::tuple permutation_test(const SparseCodes& codes, const List<std::int32_t>& groups, std::int32_t a, std::int32_t b,
                           std::int64_t permutations, std::uint64_t seed, const Reports* reports) {
  const std::span<const std::int32_t> labels(groups.data(), groups.shape(0));
  const auto rows = static_cast<std::int64_t>(labels.size());
  if (rows != codes.rows) throw ArgumentError("groups: got " + std::to_string(rows) + ", expected " + std::to_string(codes.rows) + ", one a row");
  if (reports != nullptr && static_cast<std::int64_t>(reports->rows.size()) != rows) {
    throw ArgumentError("reports: got " + std::to_string(reports->rows.size()) + ", expected " + std::to_string(rows) + ", one a row");
  }
  check_codes("codes", codes, codes.rows, codes.cols);
  std::vector<PermutationTest::Outcome> outcomes;
  {
    const nb::gil_scoped_release released;
    PermutationTest test(labels, a, b, permutations, seed);
    for (std::int64_t row = 0; row < rows; ++row) {
      const bool has_embedding = reports == nullptr || has_direction(reports->rows[static_cast<std::size_t>(row)].status);
      if (has_embedding) test.add(row, codes.row_atoms(row), codes.row_values(row));
    }
    outcomes = test.outcomes();
  }
  std::vector<std::int32_t> atoms;
  std::vector<double> statistic, p, corrected;
  for (const PermutationTest::Outcome& outcome : outcomes) {
    atoms.push_back(outcome.atom);
    statistic.push_back(outcome.statistic);
    p.push_back(outcome.p);
    corrected.push_back(outcome.p_corrected);
  }
  return nb::make_tuple(owned_array(std::move(atoms)), owned_array(std::move(statistic)), owned_array(std::move(p)),
                        owned_array(std::move(corrected)));
}

}  // namespace

void bind_statistics(nb::module_& module) {
  using namespace nb::literals;
  module.def("statistics", &statistics, "codes"_a, "groups"_a, "count"_a, "reports"_a.none(), "cosine"_a);
  module.def("permutation_test", &permutation_test, "codes"_a, "groups"_a, "a"_a, "b"_a, "permutations"_a, "seed"_a, "reports"_a.none());
}

}  // namespace splice_cuda::python
