#include "cli/experiments/answers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace splice_cuda::cli {
namespace {

constexpr std::size_t most_classes_of_a_map = 40;

ResultColumn share_column(const char* key, const char* title) { return {key, title, ColumnKind::number, 3}; }

/// What every table of answers begins with; `facet` is what charts divide by.
std::vector<ResultColumn> head() {
  return {{"task", "task"}, {"classifier", "classifier"}, {"condition", "condition"}};
}

std::vector<nlohmann::ordered_json> head_of(const AnswerBook& book, const Answers& answers) {
  return {book.tasks()[answers.task].name, answers.classifier, answers.condition};
}

std::vector<nlohmann::ordered_json> shares(const Proportion& proportion) {
  return {proportion.count, proportion.value(), proportion.standard_error()};
}

void append(std::vector<nlohmann::ordered_json>& cells, std::vector<nlohmann::ordered_json> more) {
  cells.insert(cells.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

ResultTable table_of(const char* key, const char* title, const char* note, const std::vector<ResultColumn>& columns) {
  ResultTable table{key, title, note, head(), {}};
  table.columns.insert(table.columns.end(), columns.begin(), columns.end());
  return table;
}

}  // namespace

AnswerBook::AnswerBook(std::vector<TaskLabels> tasks, RowGroups subgroups) : tasks_(std::move(tasks)), subgroups_(std::move(subgroups)) {}

Answers& AnswerBook::page(std::size_t task, const std::string& classifier, const std::string& condition) {
  for (Answers& page : answers_) {
    if (page.task == task && page.classifier == classifier && page.condition == condition) return page;
  }
  answers_.push_back({task, classifier, condition, ClassificationTally(static_cast<std::int64_t>(tasks_[task].classes.size())),
                      std::vector<Proportion>(static_cast<std::size_t>(subgroups_.size()))});
  return answers_.back();
}

void AnswerBook::add(Answers& page, std::int64_t record, std::span<const double> scores) const {
  const auto at = static_cast<std::size_t>(record);
  const std::int32_t truth = tasks_[page.task].of_record[at];
  const std::vector<std::int32_t> ranking = largest_indices(scores, page.tally.top());
  page.tally.add(truth, ranking);
  if (subgroups_.size() == 0 || subgroups_.of_row[at] < 0) return;
  Proportion& group = page.of_subgroup[static_cast<std::size_t>(subgroups_.of_row[at])];
  ++group.count;
  if (ranking.front() == truth) ++group.hits;
}

void AnswerBook::add_unanswered(Answers& page, std::int64_t record) const {
  const auto at = static_cast<std::size_t>(record);
  page.tally.add_unanswered(tasks_[page.task].of_record[at]);
  if (subgroups_.size() > 0 && subgroups_.of_row[at] >= 0) ++page.of_subgroup[static_cast<std::size_t>(subgroups_.of_row[at])].count;
}

void AnswerBook::add_zero_shot(Answers& page, const ZeroShotClassifier& classifier, std::span<const std::int64_t> records,
                               MatrixView<const float> rows, const std::function<bool(std::int64_t)>& has_direction) const {
  std::vector<double> logits(static_cast<std::size_t>(classifier.size()));
  for (std::int64_t i = 0; i < rows.rows; ++i) {
    const std::int64_t record = records[static_cast<std::size_t>(i)];
    if (tasks_[page.task].of_record[static_cast<std::size_t>(record)] < 0 || !has_direction(i)) continue;
    if (classifier.logits({rows.row(i), static_cast<std::size_t>(rows.cols)}, logits)) add(page, record, logits);
    else add_unanswered(page, record);  // a recomposition that is zero
  }
}

std::string accuracy_text(const Proportion& accuracy) { return accuracy.count == 0 ? "not defined" : fmt::format("{:.3f}", accuracy.value()); }

std::int32_t worst_subgroup(const Answers& answers) {
  std::int32_t worst = -1;
  for (std::size_t i = 0; i < answers.of_subgroup.size(); ++i) {
    if (answers.of_subgroup[i].count == 0) continue;
    if (worst < 0 || answers.of_subgroup[i].value() < answers.of_subgroup[static_cast<std::size_t>(worst)].value()) worst = static_cast<std::int32_t>(i);
  }
  return worst;
}

ResultTable accuracy_table(const AnswerBook& book, bool top) {
  ResultTable table = table_of("accuracy", "Accuracy", "Share of rows whose class is answered rightly, with its binomial standard error. "
                               "Balanced: the mean over classes. By chance: one over the number of classes.",
                               {{"rows", "rows", ColumnKind::integer}, share_column("accuracy", "accuracy"), share_column("standard_error", "± error"),
                                share_column("balanced_accuracy", "balanced"), share_column("chance", "by chance")});
  if (top) table.columns.push_back(share_column("top5_accuracy", "top 5"));
  const bool groups = book.subgroups().size() > 0;
  if (groups) {
    table.columns.push_back(share_column("worst_group_accuracy", "worst group"));
    table.columns.push_back({"worst_group", "which"});
  }
  for (const Answers& answers : book.all()) {
    std::vector<nlohmann::ordered_json> cells = head_of(book, answers);
    append(cells, shares(answers.tally.accuracy()));
    append(cells, {answers.tally.balanced_accuracy(), 1 / static_cast<double>(answers.tally.classes())});
    if (top) cells.push_back(answers.tally.top_accuracy().value());
    if (groups) {
      const std::int32_t worst = worst_subgroup(answers);
      const auto at = static_cast<std::size_t>(std::max(worst, 0));
      if (worst < 0) append(cells, {nullptr, ""});
      else append(cells, {answers.of_subgroup[at].value(), book.subgroups().names[at]});
    }
    table.add(std::move(cells));
  }
  return table;
}

ResultTable class_table(const AnswerBook& book) {
  ResultTable table = table_of("classes", "Accuracy by class",
                               "Rows of each class, and the share of them that is answered rightly; none for a class without rows.",
                               {{"class", "class"}, {"rows", "rows", ColumnKind::integer}, share_column("accuracy", "accuracy"),
                                share_column("standard_error", "± error")});
  for (const Answers& answers : book.all()) {
    for (std::size_t c = 0; c < book.tasks()[answers.task].classes.size(); ++c) {
      std::vector<nlohmann::ordered_json> cells = head_of(book, answers);
      cells.emplace_back(book.tasks()[answers.task].classes[c]);
      append(cells, shares(answers.tally.of_class(static_cast<std::int32_t>(c))));
      table.add(std::move(cells));
    }
  }
  return table;
}

ResultTable subgroup_table(const AnswerBook& book) {
  ResultTable table = table_of("subgroups", "Accuracy by subgroup", "Rows of each subgroup, and the share of them that is answered rightly.",
                               {{"subgroup", "subgroup"}, {"rows", "rows", ColumnKind::integer}, share_column("accuracy", "accuracy"),
                                share_column("standard_error", "± error"), {"series", "classifier and condition"}});
  for (const Answers& answers : book.all()) {
    for (std::size_t g = 0; g < book.subgroups().names.size(); ++g) {
      std::vector<nlohmann::ordered_json> cells = head_of(book, answers);
      cells.emplace_back(book.subgroups().names[g]);
      append(cells, shares(answers.of_subgroup[g]));
      cells.emplace_back(answers.classifier + ", " + answers.condition);
      table.add(std::move(cells));
    }
  }
  return table;
}

bool confusions_fit(const AnswerBook& book) {
  return std::all_of(book.tasks().begin(), book.tasks().end(), [](const TaskLabels& task) { return task.classes.size() <= most_classes_of_a_map; });
}

ResultTable confusion_table(const AnswerBook& book) {
  ResultTable table = table_of("confusions", "Confusions", "How often a class (truth) got an answer, and the share of its rows. A row that recomposes to zeros has no answer, and counts as wrong.",
                               {{"truth", "truth"}, {"answer", "answer"}, {"rows", "rows", ColumnKind::integer}, share_column("share", "share")});
  for (const Answers& answers : book.all()) {
    const std::vector<std::string>& classes = book.tasks()[answers.task].classes;
    const auto add = [&](std::int32_t truth, std::int32_t answer, std::int64_t count) {
      std::vector<nlohmann::ordered_json> cells = head_of(book, answers);
      append(cells, {classes[static_cast<std::size_t>(truth)], classes[static_cast<std::size_t>(answer)]});
      append(cells, {count, Proportion{answers.tally.of_class(truth).count, count}.value()});
      table.add(std::move(cells));
    };
    if (!confusions_fit(book)) {
      for (const auto& [pair, count] : answers.tally.errors()) add(pair.first, pair.second, count);
      continue;
    }
    for (std::int32_t truth = 0; truth < answers.tally.classes(); ++truth) {
      for (std::int32_t answer = 0; answer < answers.tally.classes(); ++answer) add(truth, answer, answers.tally.confusions(truth, answer));
    }
  }
  return table;
}

ResultChart accuracy_chart(const AnswerBook& book) {
  ResultChart chart = make_chart("accuracy", "Accuracy by condition",
                                 "Accuracy under each condition, with its standard error: where a column is lower than its neighbours, that condition takes "
                                 "away what the task needs.",
                                 ChartKind::columns, "condition", "accuracy");
  chart.error = "standard_error";
  chart.series = "classifier";
  if (book.tasks().size() > 1) chart.facet = "task";
  return chart;
}

ResultChart subgroup_chart() {
  ResultChart chart = make_chart("subgroups", "Accuracy by subgroup",
                                 "Accuracy of each subgroup under each condition: a subgroup that is far lower than the others is where the classifier relies "
                                 "on something that does not hold there.",
                                 ChartKind::columns, "subgroup", "accuracy");
  chart.error = "standard_error";
  chart.series = "series";
  chart.facet = "task";
  return chart;
}

ResultChart confusion_chart() {
  ResultChart chart = make_chart("confusions", "Confusions",
                                 "Which answers each class gets: all colour on the diagonal would be no confusion.",
                                 ChartKind::heat_map, "answer", "truth");
  chart.color = "share";
  chart.facet = "condition";
  return chart;
}

}  // namespace splice_cuda::cli
