#pragma once

/// @file intervention.hpp
/// Codes edited, recomposed and asked again: what a classifier loses with some concepts, and what it loses with as many others.

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cli/experiments/answers.hpp"
#include "cli/experiments/class_prompts.hpp"
#include "cli/experiments/edit_arguments.hpp"
#include "cli/experiments/experiment_inputs.hpp"
#include "cli/experiments/kept_rows.hpp"
#include "cli/experiments/walked_rows.hpp"

namespace splice_cuda::cli {

/// A column whose classes a probe tells apart.
struct ProbeTask {
  std::string column;
  RowGroups labels;
  std::vector<RowUse> uses;
};

struct InterventionTasks {
  std::vector<ClassTask> zero_shot;
  std::vector<ProbeTask> probes;
  ProbeOptions probe;
  bool retrain = false;     ///< also a probe that learns from edited codes
  std::uint64_t seed = 0;   ///< of the control

  bool empty() const noexcept { return zero_shot.empty() && probes.empty(); }
};

/// A block of edited rows, for outputs.
struct EditedBlock {
  const SparseCodes& codes;
  std::span<const RowReport> reports;  ///< of codes that were solved again and then left alone; else empty
  MatrixView<const float> recomposed;
};

class Intervention {
 public:
  Intervention(ExperimentInputs& inputs, const ConceptEdits& edits, const InterventionTasks& tasks, RowGroups subgroups);

  /// Walks over the rows, then draws the control and asks it, then trains and asks probes.
  void run(const std::function<void(const EditedBlock&)>& take);

  const AnswerBook& answers() const noexcept { return book_; }
  const CodeQuality& before() const noexcept { return before_; }
  const CodeQuality& after() const noexcept { return after_; }
  const ConceptEdits& control() const noexcept { return control_; }
  const std::vector<std::int64_t>& frequency() const noexcept { return frequency_; }
  const std::vector<double>& weight_sums() const noexcept { return sums_; }

 private:
  /// Recomposed and dense rows of a block, with their codes where they have one.
  struct Rows {
    const char* condition;
    std::span<const std::int64_t> records;
    const std::function<bool(std::int64_t)>& has_direction;
    MatrixView<const float> embeddings;
  };

  SparseCodes edited(const Context& context, MatrixView<const float> raw, const SparseCodes& codes, std::span<const RowReport> reports,
                     const ConceptEdits& edits, std::vector<RowReport>* certificates) const;
  void walk(const std::function<void(const EditedBlock&)>& take);
  SparseCodes control_codes(const Context& context);
  void ask_zero_shot(const Rows& rows);
  void ask_probes(const Context& context, const SparseCodes& control);
  void count(const SparseCodes& codes);

  ExperimentInputs& inputs_;
  const ConceptEdits& edits_;
  const InterventionTasks& tasks_;
  AnswerBook book_;
  KeptRows kept_;
  SparseCodes edited_codes_;  ///< of all rows, for probes
  ConceptEdits control_;
  CodeQuality before_;
  CodeQuality after_;
  std::vector<std::int64_t> frequency_;
  std::vector<double> sums_;
};

}  // namespace splice_cuda::cli
