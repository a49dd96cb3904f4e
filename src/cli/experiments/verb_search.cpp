#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <memory>
#include <tuple>

#include "cli/argument_parsing.hpp"
#include "cli/experiments/code_inputs.hpp"
#include "cli/experiments/deliver.hpp"
#include "cli/experiments/explain_verbs.hpp"
#include "cli/experiments/statistics_tables.hpp"
#include "cli/listing.hpp"
#include "cli/mean_choice.hpp"
#include "cli/numbers_text.hpp"
#include "cli/text_layout.hpp"
#include "splice_cuda/code_query.hpp"
#include "splice_cuda/error.hpp"
#include "splice_cuda/top_rows.hpp"

namespace splice_cuda::cli {
namespace {

constexpr std::int64_t concepts_shown = 5;
constexpr std::size_t columns_shown = 6;
constexpr const char* path_key = "record_path";  // of the pictures, which the chart names its bars by

struct SearchArguments {
  CodeArguments code;
  std::vector<std::string> concepts;
  std::string like;
  std::vector<std::string> more;
  std::vector<std::string> less;
  std::int64_t top = 20;
};

/// What is told of a row that is kept.
struct Found {
  std::int64_t l0 = 0;
  double cosine = 0;
  std::string concepts;
};

struct WeightedConcept {
  std::int32_t atom = 0;
  std::optional<double> weight;
};

/// NAME or NAME=weight; a concept whose own name holds a '=' is found first.
WeightedConcept parse_concept(const ConceptSpace& space, const std::string& option, const std::string& text) {
  if (const auto whole = space.find(text)) return {*whole, std::nullopt};
  const std::size_t equals = text.rfind('=');
  if (equals == std::string::npos) return {named_atom(space, option, text), std::nullopt};
  double weight = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data() + equals + 1, end, weight);
  if (error != std::errc{} || stop != end || !std::isfinite(weight) || weight == 0) {
    throw ArgumentError(fmt::format("{}: got '{}'; expected NAME or NAME=weight, a number other than 0", option, printable(text)));
  }
  return {named_atom(space, option, text.substr(0, equals)), weight};
}

void check_query(const SearchArguments& a) {
  if (a.concepts.empty() && a.like.empty()) throw ArgumentError("--concept: got none, and no --like; expected what is to be found");
  if (!a.concepts.empty() && !a.like.empty()) throw ArgumentError("--concept: got it together with --like; expected only one of them");
  if (a.like.empty() && !(a.more.empty() && a.less.empty())) {
    throw ArgumentError("--more, --less: got one without --like; expected the row whose code they shift");
  }
}

struct Search {
  CodeQuery query;
  std::optional<std::int64_t> itself;  ///< the row that others should be like: it is no answer
};

Search find_query(const SearchArguments& a, CodeInputs& inputs) {
  Search search;
  for (const std::string& text : a.concepts) {
    const WeightedConcept one = parse_concept(inputs.space(), "--concept", text);
    search.query.add(one.atom, one.weight.value_or(1));
  }
  if (a.like.empty()) return search;
  const OneCode code = inputs.find_code("--like", a.like);
  if (code.result.codes.nnz() == 0) {
    throw ArgumentError(fmt::format("--like: got '{}', whose code is empty; expected a row with a concept, or a smaller penalty", printable(a.like)));
  }
  search.itself = code.record;
  search.query = CodeQuery(code.result.codes.row_atoms(0), code.result.codes.row_values(0));
  const double usual = search.query.largest();
  for (const auto& [list, option, sign] : {std::tuple{&a.more, "--more", 1.0}, std::tuple{&a.less, "--less", -1.0}}) {
    for (const std::string& text : *list) {
      const WeightedConcept one = parse_concept(inputs.space(), option, text);
      search.query.add(one.atom, sign * one.weight.value_or(usual));
    }
  }
  return search;
}

ResultTable query_table(const Search& search, const ConceptSpace& space) {
  ResultTable table{"query", "What was searched for", "Weights of the query; less than 0: rows with the concept rank lower.",
                    {{"concept", "concept"}, {"weight", "weight", ColumnKind::number, 4}}, {}};
  std::vector<std::pair<std::int32_t, double>> weights(search.query.weights().begin(), search.query.weights().end());
  std::stable_sort(weights.begin(), weights.end(), [](const auto& x, const auto& y) { return x.second > y.second; });
  for (const auto& [atom, weight] : weights) table.add({space.name(atom), weight});
  return table;
}

ResultTable rows_table(const std::vector<TopRows<Found>::Row>& found, const RecordTable& records, bool by_cosine) {
  ResultTable table{"rows", "Rows found",
                    by_cosine ? "Score: cosine of the row's code with the query. Rows that share nothing with it are left out, and so is the row itself."
                              : "Score: sum of the weights of the concepts asked for, each times what was given for it. Rows without any of them are left out.",
                    {{"rank", "rank", ColumnKind::integer}, {"row", "row", ColumnKind::integer}, {"score", "score", ColumnKind::number, 4},
                     {"l0", "l0", ColumnKind::integer}, {"cosine", "cosine", ColumnKind::number}, {"concepts", "concepts"}},
                    {}};
  const std::size_t own_columns = table.columns.size();
  std::vector<std::string> columns = records.names();
  columns.resize(std::min(columns.size(), columns_shown));
  for (const std::string& name : columns) {
    // By position: a column of the records may be called anything, a key may not.
    const std::string key = name == "path" ? path_key : fmt::format("record_{}", table.columns.size() - own_columns + 1);
    table.columns.push_back({key, name, name == "path" ? ColumnKind::picture : ColumnKind::text});
  }
  std::int64_t rank = 0;
  for (const TopRows<Found>::Row& row : found) {
    std::vector<nlohmann::ordered_json> cells = {++rank, row.row, row.score, row.entry.l0, row.entry.cosine, row.entry.concepts};
    for (const std::string& name : columns) cells.emplace_back(records.column(name)[static_cast<std::size_t>(row.row)]);
    table.add(std::move(cells));
  }
  return table;
}

ExitCode search_codes(const SearchArguments& a) {
  check_query(a);
  CodeInputs inputs(a.code);
  const Search search = find_query(a, inputs);
  const bool by_cosine = !a.like.empty();
  TopRows<Found> found(a.top);
  std::int64_t rows = 0;
  std::int64_t left_out = 0;
  inputs.walk([&](const CodeBlock& block) {
    for (std::int64_t i = 0; i < block.codes.rows; ++i) {
      const std::int64_t record = block.records[static_cast<std::size_t>(i)];
      if (!has_embedding(block, i)) {
        ++left_out;
        continue;
      }
      ++rows;
      if (record == search.itself) continue;
      const auto atoms = block.codes.row_atoms(i);
      const auto weights = block.codes.row_values(i);
      const double score = by_cosine ? search.query.cosine(atoms, weights) : search.query.product(atoms, weights);
      if (!(score > 0) || !found.wants(score, record)) continue;
      const double cosine = block.cosine.empty() ? std::nan("") : static_cast<double>(block.cosine[static_cast<std::size_t>(i)]);
      found.add(score, record, {block.codes.l0(i), cosine, entries_text(inputs.space(), block.codes, i, concepts_shown)});
    }
  });
  ResultDocument document{"search", by_cosine ? "Rows whose codes are like that of " + a.like : "Rows with the concepts", "", inputs.settings(), {}, {}};
  const std::vector<TopRows<Found>::Row> best = found.sorted();
  document.tables = {rows_table(best, inputs.records(), by_cosine), query_table(search, inputs.space())};
  document.summary = best.empty() ? fmt::format("None of {} has anything of what was searched for.", counted(rows, "row"))
                                  : fmt::format("Best of {}: row {}, score {:.4f}.", counted(rows, "row"), best.front().row, best.front().score);
  if (left_out > 0) document.summary += fmt::format(" {} of zeros, or with NaN or infinity, left out.", counted(left_out, "row"));
  add_sentence(document.summary, inputs.empty_codes());
  const std::vector<ResultColumn>& columns = document.tables.front().columns;
  const bool paths = std::any_of(columns.begin(), columns.end(), [](const ResultColumn& column) { return column.key == path_key; });
  document.charts.push_back(make_chart("rows", "Rows found", "Scores of the rows found, a bar a row, best first.", ChartKind::bars,
                                       paths ? path_key : "row", "score"));
  return deliver(document, a.code.experiment, std::max<std::int64_t>(50, a.top));
}

}  // namespace

void add_search(CLI::App& app, Run& chosen) {
  CLI::App* verb = app.add_subcommand("search", "Rows by their concepts, or by a code that theirs should be like");
  const auto a = std::make_shared<SearchArguments>();
  add_code_options(*verb, a->code);
  verb->add_option("--concept", a->concepts, "Rows with most of this concept; of several the weighted sum (repeatable)")
      ->type_name("NAME[=WEIGHT]")->allow_extra_args(false);
  verb->add_option("--like", a->like, "Rows whose codes have the largest cosine with that of this row, from 0, or picture")->type_name("ROW|PATH");
  verb->add_option("--more", a->more, "Shift the code of --like: add this much of a concept; default: its largest weight (repeatable)")
      ->type_name("NAME[=WEIGHT]")->allow_extra_args(false);
  verb->add_option("--less", a->less, "The same, subtracted (repeatable)")->type_name("NAME[=WEIGHT]")->allow_extra_args(false);
  add_whole_number(*verb, "--top", a->top, 1, 1000000, "Most rows found");
  verb->footer("Example:\n  splice search -d dict.safetensors -e images.npy --like 12 --more snow --less grass");
  verb->callback([a, &chosen] { chosen = [a] { return search_codes(*a); }; });
}

}  // namespace splice_cuda::cli
