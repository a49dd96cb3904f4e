#pragma once

/// @file answers.hpp
/// Answers of classifiers under several conditions (dense, recomposed, edited, ...), counted by task, class and subgroup; and their tables.

#include <cstdint>
#include <deque>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "cli/experiments/result_document.hpp"
#include "splice_cuda/record_table.hpp"
#include "splice_cuda/zero_shot.hpp"

namespace splice_cuda::cli {

/// What rows are asked for: the classes of one column.
struct TaskLabels {
  std::string name;                     ///< the column
  std::vector<std::string> classes;
  std::vector<std::int32_t> of_record;  ///< -1: not asked
};

/// Of one task, classifier and condition.
struct Answers {
  std::size_t task = 0;
  std::string classifier;  ///< "zero-shot", "probe on codes", ...
  std::string condition;   ///< "dense", "recomposed", ...
  ClassificationTally tally;
  std::vector<Proportion> of_subgroup;
};

class AnswerBook {
 public:
  /// @param subgroups  of the records, of size 0 for none
  AnswerBook(std::vector<TaskLabels> tasks, RowGroups subgroups);

  const std::vector<TaskLabels>& tasks() const noexcept { return tasks_; }
  const RowGroups& subgroups() const noexcept { return subgroups_; }
  const std::deque<Answers>& all() const noexcept { return answers_; }
  /// The page of this task, classifier and condition; new ones come behind the others.
  Answers& page(std::size_t task, const std::string& classifier, const std::string& condition);

  /// Counts the answer for one record, whose class is known. The largest score is the answer.
  void add(Answers& page, std::int64_t record, std::span<const double> scores) const;
  /// Counts a record that has no answer, as its row is zero: wrong.
  void add_unanswered(Answers& page, std::int64_t record) const;
  /// Asks a classifier for each of these rows that has a direction and a class.
  /// @param has_direction  of row i: that of the embedding, where `rows` are recomposed
  void add_zero_shot(Answers& page, const ZeroShotClassifier& classifier, std::span<const std::int64_t> records, MatrixView<const float> rows,
                     const std::function<bool(std::int64_t)>& has_direction) const;

 private:
  std::vector<TaskLabels> tasks_;
  RowGroups subgroups_;
  std::deque<Answers> answers_;  ///< pages that are held stay where they are
};

/// "0.812", or "not defined" of no rows.
std::string accuracy_text(const Proportion& accuracy);

/// Worst accuracy over subgroups with rows: its index, or -1.
std::int32_t worst_subgroup(const Answers& answers);

/// "accuracy": a row a task, classifier and condition. `top` adds the accuracy of the first five answers.
ResultTable accuracy_table(const AnswerBook& book, bool top);
/// "classes": the same by class. Classes without rows are listed, with no accuracy.
ResultTable class_table(const AnswerBook& book);
/// "subgroups": the same by subgroup.
ResultTable subgroup_table(const AnswerBook& book);
/// "confusions": truth, answer and how often. All pairs where every task has at most 40 classes, else those that occur.
ResultTable confusion_table(const AnswerBook& book);

/// Columns of accuracy by condition, a small chart a task (and classifier).
ResultChart accuracy_chart(const AnswerBook& book);
/// Columns of accuracy by subgroup, a colour a condition.
ResultChart subgroup_chart();
/// Whether all pairs are in confusion_table, so that a heat map shows them.
bool confusions_fit(const AnswerBook& book);
ResultChart confusion_chart();

}  // namespace splice_cuda::cli
