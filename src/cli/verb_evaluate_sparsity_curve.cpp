#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <deque>
#include <memory>
#include <optional>

#include "cli/argument_parsing.hpp"
#include "cli/experiments/add_verbs.hpp"
#include "cli/experiments/class_prompts.hpp"
#include "cli/experiments/curve_conditions.hpp"
#include "cli/experiments/curve_document.hpp"
#include "cli/experiments/deliver.hpp"
#include "cli/experiments/dictionary_learning.hpp"
#include "cli/experiments/spread_rows.hpp"
#include "cli/input_checks.hpp"
#include "cli/numbers_text.hpp"
#include "cli/penalty_path.hpp"
#include "cli/progress_line.hpp"
#include "experiments/seeded_random.hpp"
#include "io/embedding_source.hpp"
#include "splice_cuda/error.hpp"
#include "splice_cuda/learn_dictionary.hpp"
#include "splice_cuda/suggest_penalty.hpp"

namespace splice_cuda::cli {
namespace {

constexpr std::int64_t default_learn_epochs = 10;

struct SparsityCurveArguments {
  ExperimentArguments common;
  ClassPromptArguments prompts;
  std::string label;
  CurvePath path;
  std::vector<Baseline> baselines = {{"dense", ""}};
  std::optional<double> learn;
  std::int64_t learn_epochs = 0;  ///< 0: the default
  std::optional<double> learn_l1_penalty;
  std::int64_t seed = 0;
};

std::vector<std::int32_t> parse_targets(const std::string& text) {
  std::vector<std::int32_t> targets;
  const char* const end = text.data() + text.size();
  for (const char* at = text.data();; ++at) {
    std::int32_t target = 0;
    const auto [stop, error] = std::from_chars(at, end, target);
    const bool good = error == std::errc{} && (stop == end || *stop == ',') && target > (targets.empty() ? 0 : targets.back());
    if (!good) throw ArgumentError(fmt::format("--l0-path: got '{}'; expected ascending whole numbers > 0 such as 3,5,10,20", text));
    targets.push_back(target);
    if (stop == end) return targets;
    at = stop;
  }
}

void check_choice(const SparsityCurveArguments& a) {
  if (a.common.solver.l1_penalty || a.common.target_l0 > 0) {
    throw ArgumentError(fmt::format("--{}: got one problem; expected --l1-path or --l0-path, whose points make the curve",
                                    a.common.target_l0 > 0 ? "target-l0" : "l1-penalty"));
  }
  if (a.path.l1_penalties.empty() == a.path.targets_l0.empty()) {
    throw ArgumentError(a.path.l1_penalties.empty() ? "--l0-path: got none, and no --l1-path; expected one of them, such as --l0-path 3,5,10,20,50"
                                                    : "--l0-path: got it together with --l1-path; expected only one of them");
  }
  check_follows_paths(a.common.solver, a.path.targets_l0.empty() ? "" : "--l0-path");
  if (a.label.empty() && !given_class_option(a.prompts).empty()) {
    throw ArgumentError("--label: got none, and classes; expected the column that says each row's class");
  }
  const bool wants_learning = std::any_of(a.baselines.begin(), a.baselines.end(), [](const Baseline& b) { return b.kind == "learned" && b.file.empty(); });
  if (a.learn && !wants_learning) throw ArgumentError("--learn: got a share, and no 'learned' in --baseline that would use it; expected both");
  if (!a.learn && wants_learning) {
    throw ArgumentError("--baseline: got 'learned'; expected learned=FILE (splice dictionary learn), or --learn SHARE, which learns from a part of the rows");
  }
  if (!a.learn && (a.learn_epochs > 0 || a.learn_l1_penalty)) {
    throw ArgumentError(fmt::format("--learn-{}: got no --learn; expected the share of the rows to learn from", a.learn_epochs > 0 ? "epochs" : "l1-penalty"));
  }
  if (!a.learn) return;
  if (!(*a.learn > 0 && *a.learn < 1)) throw ArgumentError(fmt::format("--learn: got {}; expected a share between 0 and 1", *a.learn));
  if (a.common.sources.embeddings.empty()) {
    throw ArgumentError("--learn: got it with pictures or texts, which a model embeds but once; expected --embeddings (splice embed), or learned=FILE");
  }
}

/// Rows kept from the evaluation, for learning: each by chance.
std::vector<std::int64_t> rows_to_learn_from(std::int64_t rows, double share, std::uint64_t seed) {
  SeededRandom random(seed);
  std::vector<std::int64_t> chosen;
  for (std::int64_t row = 0; row < rows; ++row) {
    if (random.uniform() < share) chosen.push_back(row);
  }
  return chosen;
}

class Evaluation {
 public:
  explicit Evaluation(const SparsityCurveArguments& a) : a_(a), inputs_(a.common), context_(make_context(inputs_.resources())) {
    std::vector<std::filesystem::path> read = baseline_files(a.baselines);
    for (const auto& file : class_prompt_files(a.prompts, {a.label})) read.push_back(file);
    inputs_.check_outputs({}, read);
    if (!a.label.empty()) task_.emplace(class_task("--label", a.label, {a.label}, a.prompts, inputs_));
    if (a.learn) learn();
    const bool own_means = a.common.mean.image_mean.empty() && !a.common.mean.raw;
    conditions_ = curve_conditions(a.baselines, inputs_.space(), own_means, static_cast<std::uint64_t>(a.seed), learned_ ? &*learned_ : nullptr);
    for (const CurveCondition& condition : conditions_) {
      DecomposeOptions options = inputs_.options();
      options.nonnegative = condition.nonnegative;
      curves_.emplace_back(condition.space, a.path, options, inputs_.prepare(), classes());
      seconds_.push_back(0);
    }
  }

  ResultDocument run() {
    ProgressLine progress("evaluate", -1, a_.common.report.quiet);
    std::int64_t done = 0;
    inputs_.walk([&](std::span<const std::int64_t> records, MatrixView<const float> raw) {
      add(records, raw);
      progress.update(done += raw.rows);
    });
    if (curves_.front().rows() == 0) throw ArgumentError("--embeddings: got no row to evaluate; expected at least one");
    std::vector<MeasuredCurve> measured;
    for (std::size_t c = 0; c < curves_.size(); ++c) {
      measured.push_back({conditions_[c].name, conditions_[c].description, conditions_[c].space.size(), a_.path, curves_[c].points(), seconds_[c]});
    }
    const bool dense = task_ && has_baseline(a_.baselines, "dense");
    ResultDocument document = curve_document(measured, dense ? std::optional(dense_) : std::nullopt, task_.has_value());
    document.summary += remarks();
    document.settings = settings();
    return document;
  }

 private:
  const ZeroShotClassifier* classes() const { return task_ ? &task_->classifier : nullptr; }

  std::int64_t learn_epochs() const { return a_.learn_epochs > 0 ? a_.learn_epochs : default_learn_epochs; }

  void learn() {
    const io::EmbeddingSource& source = inputs_.source();
    held_ = rows_to_learn_from(source.rows(), *a_.learn, static_cast<std::uint64_t>(a_.seed));
    const auto count = static_cast<std::int64_t>(held_.size());
    const ConceptSpace& space = inputs_.space();
    if (count < space.size() || count == source.rows()) {
      throw ArgumentError(fmt::format("--learn: got a share of {}, which is {} of {} rows; expected at least as many rows as the dictionary has atoms, {}, "
                                      "and one to evaluate", *a_.learn, count, source.rows(), space.size()));
    }
    LearnOptions options;
    options.size = space.size();
    options.epochs = learn_epochs();
    options.seed = static_cast<std::uint64_t>(a_.seed);
    options.solve = inputs_.options().solve;
    options.l1_penalty = a_.learn_l1_penalty ? as_float("--learn-l1-penalty", *a_.learn_l1_penalty) : penalty_to_learn_for(source);
    learn_l1_penalty_ = options.l1_penalty;
    const RowReader prepared = prepared_rows(source, space, &held_);
    const RowReader as_given = [&](std::int64_t first, MatrixView<float> out) {
      for (std::int64_t i = 0; i < out.rows; ++i) source.read(held_[static_cast<std::size_t>(first + i)], out.slice(i, 1));
    };
    const LearnedDictionary learned = learn_dictionary(context_, inputs_.raw() ? as_given : prepared, count, space.dim(), options);
    learned_.emplace(ConceptSpace::from_atoms(MatrixView<const float>(learned.atoms.data(), space.size(), space.dim())));
    learned_->set_image_mean(space.image_mean());
  }

  /// The one of the path's middle: what the atoms are learned for should be what they are asked for.
  float penalty_to_learn_for(const io::EmbeddingSource& source) const {
    if (!a_.path.l1_penalties.empty()) return a_.path.l1_penalties[a_.path.l1_penalties.size() / 2];
    const auto count = std::min<std::int64_t>(static_cast<std::int64_t>(held_.size()), suggestion_rows);
    std::vector<float> sample(static_cast<std::size_t>(count * source.dim()));
    for (std::int64_t i = 0; i < count; ++i) {
      const std::size_t place = static_cast<std::size_t>(i) * held_.size() / static_cast<std::size_t>(count);  // evenly spread: files may be sorted
      source.read(held_[place], {sample.data() + i * source.dim(), 1, source.dim()});
    }
    return suggest_penalty(inputs_.space(), context_, {sample.data(), count, source.dim()}, inputs_.options(), inputs_.prepare(),
                           a_.path.targets_l0[a_.path.targets_l0.size() / 2])
        .value_or(DecomposeOptions{}.l1_penalty);
  }

  void add(std::span<const std::int64_t> records, MatrixView<const float> raw) {
    std::vector<float> kept;
    std::vector<std::int32_t> truth;
    for (std::int64_t i = 0; i < raw.rows; ++i) {
      const std::int64_t record = records[static_cast<std::size_t>(i)];
      if (!held_.empty() && std::binary_search(held_.begin(), held_.end(), record)) continue;
      if (!held_.empty()) kept.insert(kept.end(), raw.row(i), raw.row(i) + raw.cols);
      if (task_) truth.push_back(task_->of_record[static_cast<std::size_t>(record)]);
    }
    const MatrixView<const float> rows = held_.empty() ? raw : MatrixView<const float>(kept.data(), static_cast<std::int64_t>(kept.size()) / raw.cols, raw.cols);
    if (rows.rows == 0) return;
    for (std::size_t c = 0; c < curves_.size(); ++c) {
      const auto begin = std::chrono::steady_clock::now();
      curves_[c].add(context_, rows, truth);
      seconds_[c] += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    }
    if (task_) add_answers(task_->classifier, rows, truth, dense_);
    for (std::int64_t i = 0; i < rows.rows; ++i) sample_.add(rows.row(i), rows.cols);
  }

  /// What a reader has to know of the rows.
  std::string remarks() const {
    std::string text;
    const SparsityCurve& splice = curves_.front();
    if (splice.left_out() > 0) text += fmt::format(" {} of zeros, or with NaN or infinity, left out.", counted(splice.left_out(), "row"));
    if (task_ && task_->unlabelled + task_->without_class > 0) {
      text += fmt::format(" {} without a class have no part in accuracies.", counted(task_->unlabelled + task_->without_class, "record"));
    }
    const auto& points = splice.points();
    const bool nothing = std::all_of(points.begin(), points.end(), [](const CurvePoint& p) { return p.empty == p.l0.count; });
    if (!nothing || points.front().l0.count == 0) return text;
    text += " No row has a concept at any of these penalties.";
    const auto penalty = suggest_penalty(inputs_.space(), context_, sample_.view(), inputs_.options(), inputs_.prepare());
    if (penalty) text += fmt::format(" About 10 concepts a row are had with a penalty of {}.", penalty_text(*penalty));
    return text;
  }

  nlohmann::ordered_json settings() const {
    nlohmann::ordered_json json = inputs_.settings();
    json.erase("l1_penalty");
    if (!a_.path.l1_penalties.empty()) json["l1_path"] = a_.path.l1_penalties;
    else json["l0_path"] = a_.path.targets_l0;
    if (task_) json["label"] = a_.label;
    json["seed"] = a_.seed;
    json["left_out"] = curves_.front().left_out();
    if (learned_) {
      json["learned_from_rows"] = held_.size();
      json["learned_epochs"] = learn_epochs();
      json["learned_l1_penalty"] = learn_l1_penalty_;
    }
    return json;
  }

  const SparsityCurveArguments& a_;
  ExperimentInputs inputs_;
  Context context_;
  std::optional<ClassTask> task_;
  std::vector<std::int64_t> held_;  ///< rows that were learned from, ascending
  std::optional<ConceptSpace> learned_;
  float learn_l1_penalty_ = 0;
  std::vector<CurveCondition> conditions_;
  std::deque<SparsityCurve> curves_;
  std::vector<double> seconds_;
  Proportion dense_;
  SpreadRows sample_;
};

ExitCode evaluate(const SparsityCurveArguments& a) {
  check_choice(a);
  Evaluation evaluation(a);
  return deliver(evaluation.run(), a.common.out, a.common.report, 200);
}

}  // namespace

void add_evaluate_sparsity_curve(CLI::App& evaluate_verb, Run& chosen) {
  CLI::App* verb = evaluate_verb.add_subcommand("sparsity-curve", "What embeddings keep with few concepts: cosine and zero-shot accuracy, beside the paper's baselines");
  const auto a = std::make_shared<SparsityCurveArguments>();
  a->common.takes_texts = true;
  add_experiment_options(*verb, a->common);
  verb->add_option("--label", a->label, "Column of the records with each row's class; without it: no accuracy")->type_name("COLUMN");
  add_class_prompt_options(*verb, a->prompts);
  add_penalty_path(*verb, "--l1-path", a->path.l1_penalties, "A point of the curve for each of these penalties, largest first");
  verb->add_option_function<std::string>("--l0-path", [a](const std::string& text) { a->path.targets_l0 = parse_targets(text); },
                                         "A point for each of these numbers of concepts: at most so many a row, each row at its own penalty")
      ->type_name("LIST");
  add_baselines(*verb, a->baselines);
  add_positive_number(*verb, "--learn", a->learn, "", "Learn the dictionary of 'learned' from this share of the rows, and evaluate on the others");
  add_whole_number(*verb, "--learn-epochs", a->learn_epochs, 1, 100000, "Walks over the rows to learn from")
      ->default_str(std::to_string(default_learn_epochs));
  add_positive_number(*verb, "--learn-l1-penalty", a->learn_l1_penalty, "", "Penalty to learn for; default: that of the middle of the path");
  add_whole_number(*verb, "--seed", a->seed, 0, 0x7fffffffffffffff, "Of random atoms, of the rows to learn from and of learning");
  verb->footer("Example:\n  splice evaluate sparsity-curve -d dict.safetensors -e images.npy --records labels.csv --label class --model models/ViT-B-32 \\\n"
               "      --l0-path 3,5,10,20,50 --baseline dense,random,signed,uncentered --out curve.json");
  verb->callback([a, &chosen] { chosen = [a] { return evaluate(*a); }; });
}

}  // namespace splice_cuda::cli
