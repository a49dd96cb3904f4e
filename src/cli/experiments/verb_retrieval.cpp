#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "cli/argument_parsing.hpp"
#include "cli/experiments/deliver.hpp"
#include "cli/experiments/empty_codes.hpp"
#include "cli/experiments/evaluate_verbs.hpp"
#include "cli/experiments/paired_texts.hpp"
#include "cli/numbers_text.hpp"
#include "cli/output.hpp"
#include "cli/penalty_path.hpp"
#include "cli/signals.hpp"
#include "experiments/directions.hpp"
#include "splice_cuda/error.hpp"
#include "splice_cuda/pair_cosines.hpp"
#include "splice_cuda/retrieval.hpp"

namespace splice_cuda::cli {
namespace {

struct RetrievalArguments {
  ExperimentArguments experiment;
  PairedTextArguments texts;
  std::vector<float> penalties;
  std::int64_t batch = 1024;
  bool drop_last = false;
};

/// The images as they are, or out of their codes.
struct Condition {
  std::string name;
  std::optional<float> penalty;  ///< none: dense, or at a target
  RetrievalTally tally;
  double l0 = 0;       ///< sums over rows
  double cosine = 0;
  std::int64_t empty = 0;
  EmptyCodesWatch watch;

  explicit Condition(std::string called) : name(std::move(called)) {}
};

class Retrieval {
 public:
  Retrieval(const RetrievalArguments& arguments, ExperimentInputs& inputs, PairedTexts& texts)
      : arguments_(arguments), inputs_(inputs), texts_(texts), context_(make_context(inputs.resources())), dim_(inputs.space().dim()) {
    conditions_.emplace_back("dense");
    const DecomposeOptions options = inputs.options();
    penalties_ = arguments.penalties;
    if (penalties_.empty() && options.target_l0 == 0) penalties_.push_back(options.l1_penalty);
    for (const float penalty : penalties_) conditions_.emplace_back("recomposed, l1_penalty " + penalty_text(penalty)).penalty = penalty;
    if (penalties_.empty()) conditions_.emplace_back(fmt::format("recomposed, at most {} concepts", options.target_l0));
  }

  void run() {
    inputs_.walk([&](std::span<const std::int64_t> records, MatrixView<const float> raw) { take(records, raw); });
    const std::int64_t left = kept();
    if (left > 0 && !(arguments_.drop_last && left < arguments_.batch)) finish_batch();
    else dropped_ = left;
  }

  /// "CONDITION: ..." for each that has no concept, with the penalty that would do.
  std::vector<std::string> warnings() const {
    std::vector<std::string> texts;
    for (std::size_t i = 1; i < conditions_.size(); ++i) {
      const std::string text = conditions_[i].watch.sentence(inputs_.space(), context_, inputs_.options(), {});
      if (!text.empty()) texts.push_back(conditions_[i].name + ": " + text);
    }
    return texts;
  }
  const std::vector<Condition>& conditions() const noexcept { return conditions_; }
  std::int64_t rows() const noexcept { return conditions_.front().tally.rows(); }
  std::int64_t left_out() const noexcept { return left_out_; }
  std::int64_t dropped() const noexcept { return dropped_; }
  /// Rows of the last batch, where it is smaller than the others.
  std::int64_t partial() const noexcept { return rows() % arguments_.batch; }

 private:
  std::int64_t kept() const noexcept { return static_cast<std::int64_t>(images_.size()) / dim_; }

  /// Keeps the rows of which image and text have a direction.
  void take(std::span<const std::int64_t> records, MatrixView<const float> raw) {
    std::vector<double> unit(static_cast<std::size_t>(dim_));
    for (std::int64_t first = 0; first < raw.rows;) {
      const std::int64_t count = std::min(arguments_.batch - kept(), raw.rows - first);
      text_block_.resize(static_cast<std::size_t>(count * dim_));
      const MatrixView<float> text_rows(text_block_.data(), count, dim_);
      texts_.read(records.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(count)), text_rows);
      for (std::int64_t i = 0; i < count; ++i) {
        const float* image = raw.row(first + i);
        if (!direction({image, unit.size()}, {}, unit) || !direction({text_rows.row(i), unit.size()}, {}, unit)) {
          ++left_out_;
          continue;
        }
        append_rows(images_, raw.slice(first + i, 1));
        append_rows(text_values_, text_rows.slice(i, 1));
      }
      first += count;
      if (kept() == arguments_.batch) finish_batch();
    }
  }

  void finish_batch() {
    signals::throw_if_stop_requested();
    const MatrixView<const float> images(images_.data(), kept(), dim_);
    const MatrixView<const float> texts(text_values_.data(), kept(), dim_);
    conditions_.front().tally.add(rank_batch(images, texts, signals::stop_requested));
    const DecomposeOptions options = inputs_.options();
    if (penalties_.empty()) {
      score(conditions_.back(), images, texts, inputs_.space().decompose(context_, images, options));
    } else {
      const std::vector<DecomposeResult> path = inputs_.space().decompose_path(context_, images, penalties_, options);
      for (std::size_t i = 0; i < path.size(); ++i) score(conditions_[i + 1], images, texts, path[i]);
    }
    images_.clear();
    text_values_.clear();
  }

  void score(Condition& condition, MatrixView<const float> images, MatrixView<const float> texts, const DecomposeResult& result) {
    const SparseCodes& codes = result.codes;
    condition.watch.add(images, result);
    std::vector<float> back(images_.size());
    const MatrixView<float> recomposed(back.data(), images.rows, dim_);
    inputs_.space().recompose(context_, codes, recomposed);
    condition.tally.add(rank_batch(recomposed, texts, signals::stop_requested));
    const std::vector<double> cosines = pair_cosines(images, recomposed, {}).raw;
    for (std::int64_t i = 0; i < codes.rows; ++i) {
      condition.l0 += static_cast<double>(codes.l0(i));
      const double cosine = cosines[static_cast<std::size_t>(i)];
      condition.cosine += std::isfinite(cosine) ? cosine : 0;  // an empty code without a mean recomposes to zeros
      condition.empty += codes.l0(i) == 0 ? 1 : 0;
    }
  }

  const RetrievalArguments& arguments_;
  ExperimentInputs& inputs_;
  PairedTexts& texts_;
  Context context_;
  std::int64_t dim_;
  std::vector<float> penalties_;
  std::vector<Condition> conditions_;
  std::vector<float> images_, text_values_, text_block_;
  std::int64_t left_out_ = 0;
  std::int64_t dropped_ = 0;
};

ResultTable recall_table(const Retrieval& retrieval) {
  ResultTable table{"recall", "Recall", "", {}, {}};
  table.note = "Share of rows whose partner is among the k nearest of its batch. Equal cosines are taken to be in random order. The standard error takes "
               "rows as independent, given their batch.";
  table.columns = {{"images", "images"}, {"direction", "direction"}, {"k", "k", ColumnKind::text}, {"recall", "recall", ColumnKind::number},
                   {"standard_error", "standard error", ColumnKind::number}};
  for (const Condition& condition : retrieval.conditions()) {
    for (const bool to_text : {true, false}) {
      for (const std::int64_t k : RetrievalTally::ks) {
        const SampleMean recall = to_text ? condition.tally.image_to_text(k) : condition.tally.text_to_image(k);
        table.add({condition.name, to_text ? "image to text" : "text to image", fmt::format("{}", k), recall.mean, recall.standard_error});
      }
    }
  }
  return table;
}

ResultTable condition_table(const Retrieval& retrieval) {
  ResultTable table{"conditions", "Images", "l0: concepts a row. Cosine: of the recomposed and the original embedding. Empty: rows without a concept.", {}, {}};
  table.columns = {{"images", "images"}, {"l1_penalty", "l1_penalty", ColumnKind::number}, {"mean_l0", "mean l0", ColumnKind::number, 1},
                   {"mean_cosine", "mean cosine", ColumnKind::number}, {"empty", "empty", ColumnKind::integer}};
  const auto rows = static_cast<double>(retrieval.rows());
  for (const Condition& condition : retrieval.conditions()) {
    if (&condition == &retrieval.conditions().front()) {
      table.add({condition.name, nullptr, nullptr, retrieval.rows() > 0 ? nlohmann::ordered_json(1.0) : nullptr, nullptr});
    } else {
      table.add({condition.name, condition.penalty ? nlohmann::ordered_json(*condition.penalty) : nullptr, condition.l0 / rows, condition.cosine / rows,
                 condition.empty});
    }
  }
  return table;
}

std::string summary_of(const Retrieval& retrieval, const RetrievalArguments& a) {
  const std::string left_out = retrieval.left_out() == 0 ? "" : fmt::format(" {} without a direction (zeros, NaN or infinity in image or text) left out.",
                                                                            counted(retrieval.left_out(), "row"));
  if (retrieval.rows() == 0 && retrieval.dropped() > 0) {
    return fmt::format("No batch is full: {} dropped, fewer than --batch {}.", retrieval.dropped() == 1 ? "1 row was" : counted(retrieval.dropped(), "row") + " were",
                       a.batch) + left_out;
  }
  if (retrieval.rows() == 0) return "No row has both an image and a text with a direction.";
  const Condition& dense = retrieval.conditions().front();
  const Condition& last = retrieval.conditions().back();
  std::string text = fmt::format("{} in batches of {}. Recall at 1, image to text: {} dense, {} {}.", counted(retrieval.rows(), "row"), a.batch,
                                 with_error(dense.tally.image_to_text(1)), with_error(last.tally.image_to_text(1)), last.name);
  if (retrieval.partial() > 0) {
    text += fmt::format(" The {} batch has {}{}, among which a partner is found more easily.", retrieval.rows() < a.batch ? "only" : "last",
                        counted(retrieval.partial(), "row"), retrieval.rows() < a.batch ? "" : " only");
  }
  if (retrieval.dropped() > 0) text += fmt::format(" {} of the last, partial batch dropped.", counted(retrieval.dropped(), "row"));
  return text + left_out;
}

ExitCode evaluate(const RetrievalArguments& a) {
  check_pairing(a.experiment);
  if (!a.penalties.empty() && (a.experiment.solver.l1_penalty || a.experiment.target_l0 > 0)) {
    throw ArgumentError("--l1-path: got it together with --l1-penalty or --target-l0; expected only one of them");
  }
  ExperimentInputs inputs(a.experiment);
  PairedTexts texts(a.texts, inputs);
  inputs.check_outputs({}, paired_text_files(a.texts));
  Retrieval retrieval(a, inputs, texts);
  retrieval.run();
  std::string summary = summary_of(retrieval, a);
  for (const std::string& warning : retrieval.warnings()) {
    summary += " " + warning;
    print_note(a.experiment.report.quiet, warning);
  }
  ResultDocument document{"evaluate retrieval", "Retrieval of images and texts", std::move(summary), inputs.settings(), {}, {}};
  if (!a.penalties.empty()) document.settings["l1_penalty"] = a.penalties;
  document.settings["batch"] = a.batch;
  document.settings["rows"] = retrieval.rows();
  document.settings["rows_of_partial_batch"] = retrieval.partial();
  document.settings["left_out"] = retrieval.left_out();
  document.settings["dropped"] = retrieval.dropped();
  texts.add_settings(document.settings);
  document.tables = {recall_table(retrieval), condition_table(retrieval)};
  ResultChart chart = make_chart("recall", "Recall at k", "Recall at 1, 5 and 10 of dense and recomposed images, image to text and text to image.",
                                 ChartKind::columns, "k", "recall");
  chart.series = "images";
  chart.facet = "direction";
  chart.error = "standard_error";
  document.charts = {std::move(chart)};
  return deliver(document, a.experiment.out, a.experiment.report);
}

}  // namespace

void add_evaluate_retrieval(CLI::App& evaluate_verbs, Run& chosen) {
  CLI::App* verb = evaluate_verbs.add_subcommand("retrieval", "Recall of texts by images and of images by texts, dense and recomposed");
  const auto a = std::make_shared<RetrievalArguments>();
  a->experiment.takes_texts = true;
  add_experiment_options(*verb, a->experiment);
  add_paired_text_options(*verb, a->texts);
  add_penalty_path(*verb, "--l1-path", a->penalties, "Recompose at each of these penalties: 0.4,0.3,0.2 or FROM:TO:COUNT");
  add_whole_number(*verb, "--batch", a->batch, 1, 65536, "Rows among which partners are sought");
  verb->add_flag("--drop-last", a->drop_last, "Leave out the last batch where it is not full");
  verb->footer("Example:\n  splice evaluate retrieval --model model --embeddings images.npy --records captions.csv --captions caption --l1-penalty 0.25");
  verb->callback([a, &chosen] { chosen = [a] { return evaluate(*a); }; });
}

}  // namespace splice_cuda::cli
