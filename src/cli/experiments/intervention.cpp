#include "cli/experiments/intervention.hpp"

#include <array>
#include <utility>

#include "core/code_rows.hpp"

namespace splice_cuda::cli {
namespace {

constexpr const char* zero_shot = "zero-shot";
constexpr const char* on_dense = "probe on dense";
constexpr const char* on_codes = "probe on codes";
constexpr const char* retrained = "probe on codes, retrained";

std::vector<TaskLabels> labels_of(const InterventionTasks& tasks) {
  std::vector<TaskLabels> labels;
  for (const ClassTask& task : tasks.zero_shot) labels.push_back({task.column, task.classifier.names(), task.of_record});
  for (const ProbeTask& task : tasks.probes) labels.push_back({task.column, task.labels.names, task.labels.of_row});
  return labels;
}

/// A control is solved again from embeddings, which a model makes but once.
bool keeps_dense(const ExperimentInputs& inputs, const ConceptEdits& edits, const InterventionTasks& tasks) {
  return !tasks.probes.empty() || (edits.resolve && inputs.walks_once() && !tasks.empty());
}

SparseCodes no_rows(std::int64_t atoms) { return {0, atoms, {0}, {}, {}}; }

}  // namespace

Intervention::Intervention(ExperimentInputs& inputs, const ConceptEdits& edits, const InterventionTasks& tasks, RowGroups subgroups)
    : inputs_(inputs), edits_(edits), tasks_(tasks), book_(labels_of(tasks), std::move(subgroups)),
      kept_(inputs.space(), keeps_dense(inputs, edits, tasks), inputs.raw()), edited_codes_(no_rows(inputs.space().size())),
      frequency_(static_cast<std::size_t>(inputs.space().size()), 0), sums_(static_cast<std::size_t>(inputs.space().size()), 0) {
  for (std::size_t t = 0; t < tasks.zero_shot.size(); ++t) {
    for (const char* condition : {"dense", "recomposed", "edited", "control"}) book_.page(t, zero_shot, condition);
  }
}

SparseCodes Intervention::edited(const Context& context, MatrixView<const float> raw, const SparseCodes& codes, std::span<const RowReport> reports,
                                 const ConceptEdits& edits, std::vector<RowReport>* certificates) const {
  const CodeEdit edit = edits.edit(codes.cols);
  if (!edits.resolve) return edit.apply(codes, reports);
  DecomposeOptions options = inputs_.options();
  const std::vector<std::int32_t> banned = edit.removed();
  options.banned_atoms = banned;
  DecomposeResult solved = inputs_.space().decompose(context, raw, options, inputs_.prepare());
  if (edit.only_removes()) {
    if (certificates != nullptr) *certificates = std::move(solved.reports);
    return std::move(solved.codes);
  }
  return edit.apply(solved.codes, solved.reports);
}

void Intervention::count(const SparseCodes& codes) {
  for (std::size_t i = 0; i < codes.values.size(); ++i) {
    const auto atom = static_cast<std::size_t>(codes.atom_indices[i]);
    ++frequency_[atom];
    sums_[atom] += codes.values[i];
  }
}

void Intervention::ask_zero_shot(const Rows& rows) {
  for (std::size_t t = 0; t < tasks_.zero_shot.size(); ++t) {
    book_.add_zero_shot(book_.page(t, zero_shot, rows.condition), tasks_.zero_shot[t].classifier, rows.records, rows.embeddings, rows.has_direction);
  }
}

void Intervention::walk(const std::function<void(const EditedBlock&)>& take) {
  Recomposer recomposer(inputs_.space(), inputs_.raw());
  inputs_.walk_codes([&](const Context& context, std::span<const std::int64_t> records, MatrixView<const float> raw, const DecomposeResult& result) {
    const std::function<bool(std::int64_t)> direction = [&](std::int64_t i) { return has_direction(row_of(raw, i)); };
    count(result.codes);
    if (!tasks_.empty()) kept_.add(records, raw, result.codes);
    ask_zero_shot({"dense", records, direction, raw});
    const MatrixView<const float> whole = recomposer.rows(context, result.codes);
    before_.add(raw, result.codes, whole);
    ask_zero_shot({"recomposed", records, direction, whole});

    std::vector<RowReport> certificates;
    const SparseCodes codes = edited(context, raw, result.codes, result.reports, edits_, &certificates);
    if (!tasks_.probes.empty()) append_rows(edited_codes_, codes);
    const MatrixView<const float> rows = recomposer.rows(context, codes);
    after_.add(raw, codes, rows);
    ask_zero_shot({"edited", records, direction, rows});
    take({codes, certificates, rows});
  });
}

SparseCodes Intervention::control_codes(const Context& context) {
  SparseCodes all = no_rows(inputs_.space().size());
  const auto append = [&](MatrixView<const float> raw, const SparseCodes& codes, std::int64_t first) {
    std::vector<RowReport> reports(static_cast<std::size_t>(codes.rows));
    for (std::int64_t i = 0; i < codes.rows; ++i) {
      if (!kept_.has_direction(first + i)) reports[static_cast<std::size_t>(i)].status = RowStatus::zero_embedding;
    }
    append_rows(all, edited(context, raw, codes, reports, control_, nullptr));
  };
  if (edits_.resolve && !inputs_.walks_once()) {
    inputs_.walk([&](std::span<const std::int64_t>, MatrixView<const float> raw) { append(raw, slice_rows(kept_.codes(), all.rows, raw.rows), all.rows); });
    return all;
  }
  for_each_code_block(kept_.codes(), [&](std::int64_t first, const SparseCodes& block) {
    append(edits_.resolve ? kept_.dense().slice(first, block.rows) : MatrixView<const float>{}, block, first);
  });
  return all;
}

void Intervention::ask_probes(const Context& context, const SparseCodes& control) {
  struct Trained {
    LinearProbe dense;
    LinearProbe codes;
    std::optional<LinearProbe> again;
  };
  std::vector<Trained> probes;
  for (const ProbeTask& task : tasks_.probes) {
    const std::string option = "--task: column '" + task.column + "'";
    probes.push_back({train_probe(option, kept_, ProbeInput::dense, task.labels, task.uses, tasks_.probe),
                      train_probe(option, kept_, ProbeInput::codes, task.labels, task.uses, tasks_.probe), std::nullopt});
    if (tasks_.retrain) probes.back().again = train_probe(option, kept_, ProbeInput::codes, task.labels, task.uses, tasks_.probe, &edited_codes_);
  }
  const std::size_t first_task = tasks_.zero_shot.size();
  const auto ask = [&](const char* classifier, const char* condition, std::int64_t first, std::int64_t count, auto&& scores) {
    for (std::size_t t = 0; t < probes.size(); ++t) {
      Answers& page = book_.page(first_task + t, classifier, condition);
      for (std::int64_t i = 0; i < count; ++i) {
        const std::int64_t record = kept_.records()[static_cast<std::size_t>(first + i)];
        if (!kept_.has_direction(first + i) || tasks_.probes[t].uses[static_cast<std::size_t>(record)] != RowUse::test) continue;
        book_.add(page, record, scores(probes[t], i));
      }
    }
  };
  ask(on_dense, "dense", 0, kept_.rows(), [&](const Trained& probe, std::int64_t i) { return probe.dense.scores(row_of(kept_.dense(), i)); });
  Recomposer recomposer(inputs_.space(), inputs_.raw());
  const std::array<std::pair<const char*, const SparseCodes*>, 3> conditions = {
      {{"recomposed", &kept_.codes()}, {"edited", &edited_codes_}, {"control", &control}}};
  for (const auto& [condition, codes] : conditions) {
    for_each_code_block(*codes, [&](std::int64_t first, const SparseCodes& block) {
      const MatrixView<const float> rows = recomposer.rows(context, block);
      ask(on_dense, condition, first, block.rows, [&](const Trained& probe, std::int64_t i) { return probe.dense.scores(row_of(rows, i)); });
    });
  }
  for (const auto& [condition, codes] : conditions) {
    // Edited codes and a probe whose coefficients were edited give the same scores where concepts are removed.
    const char* name = codes == &kept_.codes() ? "codes" : condition;
    ask(on_codes, name, 0, codes->rows, [&](const Trained& probe, std::int64_t i) { return probe.codes.scores(codes->row_atoms(i), codes->row_values(i)); });
  }
  if (!tasks_.retrain) return;
  ask(retrained, "edited", 0, edited_codes_.rows,
      [&](const Trained& probe, std::int64_t i) { return probe.again->scores(edited_codes_.row_atoms(i), edited_codes_.row_values(i)); });
}

void Intervention::run(const std::function<void(const EditedBlock&)>& take) {
  walk(take);
  control_ = control_of(edits_, frequency_, tasks_.seed);
  if (tasks_.empty()) return;
  const Context context = make_context(inputs_.resources());
  const SparseCodes control = control_codes(context);
  Recomposer recomposer(inputs_.space(), inputs_.raw());
  for_each_code_block(control, [&](std::int64_t first, const SparseCodes& block) {
    const std::function<bool(std::int64_t)> direction = [&](std::int64_t i) { return kept_.has_direction(first + i); };
    const auto records = std::span(kept_.records()).subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(block.rows));
    if (!tasks_.zero_shot.empty()) ask_zero_shot({"control", records, direction, recomposer.rows(context, block)});
  });
  if (!tasks_.probes.empty()) ask_probes(context, control);
}

}  // namespace splice_cuda::cli
