#include "cli/experiments/linearity_triples.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "cli/argument_parsing.hpp"
#include "cli/output.hpp"
#include "cli/progress_line.hpp"
#include "cli/signals.hpp"
#include "cli/text_layout.hpp"
#include "experiments/random_draws.hpp"
#include "io/embedding_source.hpp"
#include "splice_cuda/error.hpp"
#include "splice_cuda/side_by_side.hpp"
#include "splice_cuda/dataset.hpp"

namespace splice_cuda::cli {
namespace {

constexpr std::size_t most_pixels_at_once = std::size_t{1} << 25;  // of decoded pictures that wait for the tower
constexpr std::size_t triple_texts_at_once = 256;

std::vector<NamedPair> pairs_of_table(const TripleArguments& arguments, const std::string& file, const std::string& option) {
  const RecordTable table = read_records(file, record_file_options(arguments.model.dataset));
  for (const char* column : {"first", "second"}) {
    if (!table.has(column)) throw FileError(fmt::format("{}: found no column '{}', expected the columns first and second ({})", file, column, option));
  }
  std::vector<NamedPair> pairs;
  for (std::size_t i = 0; i < static_cast<std::size_t>(table.rows()); ++i) {
    pairs.push_back({table.column("first")[i], table.column("second")[i], table.has("joint") ? table.column("joint")[i] : ""});
  }
  return pairs;
}

/// Paths are relative to the table's folder.
std::vector<NamedPair> pictures_of_table(const TripleArguments& arguments) {
  std::vector<NamedPair> pairs = pairs_of_table(arguments, arguments.pairs_file, "--pairs-file");
  const std::filesystem::path folder = std::filesystem::path(arguments.pairs_file).parent_path();
  for (NamedPair& pair : pairs) {
    for (std::string* path : {&pair.first, &pair.second, &pair.joint}) {
      if (!path->empty()) *path = (folder / *path).string();
    }
  }
  return pairs;
}

/// `pairs` of all at random, or all, in their order.
std::vector<NamedPair> some_of(std::vector<NamedPair> all, const TripleArguments& arguments) {
  RandomBits random(static_cast<std::uint64_t>(arguments.seed));
  std::vector<NamedPair> some;
  for (const std::int64_t i : draw_sample(random, static_cast<std::int64_t>(all.size()), arguments.pairs)) {
    some.push_back(std::move(all[static_cast<std::size_t>(i)]));
  }
  return some;
}

std::vector<NamedPair> random_pairs(const std::vector<std::string>& names, const TripleArguments& arguments) {
  RandomBits random(static_cast<std::uint64_t>(arguments.seed));
  std::vector<NamedPair> pairs;
  for (const DrawnPair& pair : draw_pairs(random, static_cast<std::int64_t>(names.size()), arguments.pairs)) {
    pairs.push_back({names[static_cast<std::size_t>(pair.first)], names[static_cast<std::size_t>(pair.second)], "", pair.first, pair.second});
  }
  return pairs;
}

std::vector<NamedPair> picture_pairs(const TripleArguments& arguments, const ModelInputs& inputs) {
  std::vector<std::string> names;
  for (const std::filesystem::path& path : inputs.pictures) names.push_back(path.string());
  return random_pairs(names, arguments);
}

std::string joined(const TripleArguments& arguments, const NamedPair& pair) {
  if (!pair.joint.empty()) return pair.joint;
  std::string text = arguments.join.value_or(default_join);
  const std::size_t second = text.rfind("{}");
  text.replace(second, 2, pair.second);
  return text.replace(text.find("{}"), 2, pair.first);
}

/// Decoded triples that wait for the tower.
struct PendingPictures {
  std::vector<Image> images;  ///< joint, first, second, joint, ...
  std::vector<NamedPair> pairs;
  std::size_t pixels = 0;
};

void embed_pending(ClipEncoder& model, PendingPictures& pending, Triples& triples) {
  if (pending.images.empty()) return;
  const auto dim = static_cast<std::size_t>(triples.dim);
  std::vector<float> rows(pending.images.size() * dim);
  model.embed_images(pending.images, {rows.data(), static_cast<std::int64_t>(pending.images.size()), triples.dim});
  const std::array<std::vector<float>*, 3> targets = {&triples.joint, &triples.first, &triples.second};
  for (std::size_t i = 0; i < pending.images.size(); ++i) {
    const auto begin = rows.begin() + static_cast<std::ptrdiff_t>(i * dim);
    targets[i % 3]->insert(targets[i % 3]->end(), begin, begin + static_cast<std::ptrdiff_t>(dim));
  }
  for (NamedPair& pair : pending.pairs) {
    triples.first_names.push_back(std::move(pair.first));
    triples.second_names.push_back(std::move(pair.second));
  }
  pending = {};
}

void embed_picture_pairs(const TripleArguments& arguments, std::vector<NamedPair> pairs, const std::optional<Dataset>& dataset, ClipEncoder& model, bool quiet,
                         Triples& triples) {
  const JointLayout layout = arguments.layout.value_or(default_layout) == "squash" ? JointLayout::squash : JointLayout::pad;
  ProgressLine progress("linearity", static_cast<std::int64_t>(pairs.size()), quiet, "pairs");
  PendingPictures pending;
  std::int64_t done = 0;
  for (NamedPair& pair : pairs) {
    signals::throw_if_stop_requested();
    progress.update(++done);
    try {
      Image first = dataset ? dataset->image(pair.first_sample) : read_image(pair.first);
      Image second = dataset ? dataset->image(pair.second_sample) : read_image(pair.second);
      Image joint = pair.joint.empty() ? side_by_side(first, second, layout) : read_image(pair.joint);
      for (Image* image : {&joint, &first, &second}) {
        pending.pixels += image->pixels.size() / 3;
        pending.images.push_back(std::move(*image));
      }
      pending.pairs.push_back(std::move(pair));
    } catch (const FileError& error) {
      triples.skipped.push_back({pair.first + ", " + pair.second, error.what()});
    }
    if (pending.pixels >= most_pixels_at_once || static_cast<std::int64_t>(pending.images.size()) >= arguments.model.batch_size) {
      embed_pending(model, pending, triples);
    }
  }
  embed_pending(model, pending, triples);
  tell_skipped(triples.missing, quiet);
  tell_skipped(triples.skipped, quiet);
  if (triples.size() > 0 || pairs.empty()) return;
  throw FileError(fmt::format("{}: none of {} pairs could be read; the first: {}", dataset ? "--dataset" : "--images", pairs.size(), printable(triples.skipped.front().reason)));
}

void embed_text_pairs(const TripleArguments& arguments, const std::vector<NamedPair>& pairs, ClipEncoder& model, bool quiet, Triples& triples) {
  triples.texts = true;
  const auto dim = static_cast<std::size_t>(triples.dim);
  for (std::vector<float>* rows : {&triples.joint, &triples.first, &triples.second}) rows->resize(pairs.size() * dim);
  std::vector<std::string> texts;
  ProgressLine progress("linearity", static_cast<std::int64_t>(pairs.size()), quiet, "pairs");
  for (std::size_t begin = 0; begin < pairs.size(); begin += triple_texts_at_once) {
    signals::throw_if_stop_requested();
    const std::size_t count = std::min(triple_texts_at_once, pairs.size() - begin);
    const auto embed = [&](std::vector<float>& rows, auto text_of) {
      texts.clear();
      for (std::size_t i = begin; i < begin + count; ++i) texts.push_back(text_of(pairs[i]));
      return model.embed_texts(texts, {rows.data() + begin * dim, static_cast<std::int64_t>(count), triples.dim}).size();
    };
    triples.cut_off += static_cast<std::int64_t>(embed(triples.joint, [&](const NamedPair& pair) { return joined(arguments, pair); }));
    embed(triples.first, [](const NamedPair& pair) { return pair.first; });
    embed(triples.second, [](const NamedPair& pair) { return pair.second; });
    progress.update(static_cast<std::int64_t>(begin + count));
  }
  for (const NamedPair& pair : pairs) {
    triples.first_names.push_back(pair.first);
    triples.second_names.push_back(pair.second);
  }
}

/// How two pictures or two texts are put together, where there are such.
void check_composition(const TripleArguments& a, bool stored) {
  const bool texts = !a.model.texts.empty() || !a.text_pairs.empty();
  if (a.layout && *a.layout != "pad" && *a.layout != "squash") throw ArgumentError(fmt::format("--layout: got '{}'; expected pad or squash", *a.layout));
  if (a.layout && (stored || texts)) throw ArgumentError(fmt::format("--layout: got '{}' and no pictures; expected pictures, which it puts side by side", *a.layout));
  if (!a.join) return;
  const std::size_t place = a.join->find("{}");
  if (place == std::string::npos || a.join->find("{}", place + 2) == std::string::npos) {
    throw ArgumentError(fmt::format("--join: got '{}'; expected a text with {{}} for each of two texts", *a.join));
  }
  if (!texts) throw ArgumentError(fmt::format("--join: got '{}' and no texts; expected texts, which it joins", *a.join));
}

}  // namespace

void add_triple_options(CLI::App& verb, TripleArguments& a) {
  add_model_options(verb, a.model, "CLIP model that embeds each and both together (docs/model_folder.md)");
  add_image_option(verb, a.model);
  add_text_option(verb, a.model);
  verb.add_option("--pairs-file", a.pairs_file, "Table with the columns first and second: pictures, relative to the table (joint: a picture of both)")
      ->type_name("FILE");
  verb.add_option("--text-pairs", a.text_pairs, "Table with the columns first and second: texts (joint: a text of both)")->type_name("FILE");
  verb.add_option("--layout", a.layout, "Pictures side by side in a square: pad (proportions kept, black bands) or squash (half the width each)")
      ->type_name("pad|squash")->default_str(default_layout);
  verb.add_option("--join", a.join, "Text of two texts, each in place of a {}")->type_name("TEXT")->default_str(default_join);
  verb.add_option("-e,--embeddings", a.embeddings, "Stored embeddings [n, d] of both together, instead of a model; with --first and --second")
      ->type_name("PATH");
  verb.add_option("--first", a.first, "Stored embeddings [n, d] of the first things")->type_name("PATH");
  verb.add_option("--second", a.second, "Stored embeddings [n, d] of the second things")->type_name("PATH");
  add_whole_number(verb, "--pairs", a.pairs, 1, 10000000, "Most pairs, at random; all where there are fewer. All are held in memory");
  add_whole_number(verb, "--seed", a.seed, 0, 0x7fffffff, "Of the random pairs");
}

void check_triples(const TripleArguments& a) {
  const bool stored = !a.embeddings.empty() || !a.first.empty() || !a.second.empty();
  const int by_model = !a.model.images.empty() + !a.model.dataset.dataset.empty() + !a.model.texts.empty() + !a.pairs_file.empty() + !a.text_pairs.empty();
  if (stored + by_model != 1) {
    throw ArgumentError(fmt::format("--images: got {} of --images, --dataset, --texts, --pairs-file, --text-pairs and --embeddings with --first and --second; "
                                    "expected one of them", stored + by_model == 0 ? "none" : "several"));
  }
  if (stored && (a.embeddings.empty() || a.first.empty() || a.second.empty())) {
    throw ArgumentError("--embeddings, --first, --second: got only some of them; expected all three: both together, and each");
  }
  if (stored == !a.model.model.empty()) {
    throw ArgumentError(stored ? "--model: got it together with stored embeddings; expected only one of them"
                               : "--model: got none; expected the model that embeds the pairs");
  }
  check_composition(a, stored);
}

TripleSource find_triples(const TripleArguments& a) {
  TripleSource source;
  if (!a.pairs_file.empty()) source.table = pictures_of_table(a);
  else if (!a.text_pairs.empty()) source.table = pairs_of_table(a, a.text_pairs, "--text-pairs");
  else if (a.model.has_inputs()) source.inputs = find_inputs(a.model);
  return source;
}

std::vector<std::filesystem::path> triple_files(const TripleArguments& a, const TripleSource& source) {
  std::vector<std::filesystem::path> files;
  for (const std::string& file : {a.model.texts, a.pairs_file, a.text_pairs, a.embeddings, a.first, a.second}) {
    if (!file.empty()) files.emplace_back(file);
  }
  add_model_files(a.model.model, files);
  for (std::filesystem::path& picture : files_of(source.inputs)) files.push_back(std::move(picture));
  if (!a.pairs_file.empty()) {
    for (const NamedPair& pair : source.table) {
      for (const std::string& picture : {pair.first, pair.second, pair.joint}) {
        if (!picture.empty()) files.emplace_back(picture);
      }
    }
  }
  return files;
}

Triples stored_triples(const TripleArguments& arguments) {
  const auto joint = io::EmbeddingSource::open(arguments.embeddings);
  const auto first = io::EmbeddingSource::open(arguments.first);
  const auto second = io::EmbeddingSource::open(arguments.second);
  const auto check = [&](const char* option, const std::string& file, const io::EmbeddingSource& source) {
    if (source.rows() == joint->rows() && source.dim() == joint->dim()) return;
    throw ArgumentError(fmt::format("{}: got {} rows of {} numbers in '{}'; expected {} rows of {}, as '{}' has", option, source.rows(), source.dim(),
                                    file, joint->rows(), joint->dim(), arguments.embeddings));
  };
  check("--first", arguments.first, *first);
  check("--second", arguments.second, *second);
  Triples triples;
  triples.dim = joint->dim();
  RandomBits random(static_cast<std::uint64_t>(arguments.seed));
  const std::vector<std::int64_t> drawn = draw_sample(random, joint->rows(), arguments.pairs);
  for (const std::int64_t row : drawn) {
    triples.first_names.push_back(fmt::format("row {}", row));
    triples.second_names.push_back(fmt::format("row {}", row));
  }
  const auto read = [&](const io::EmbeddingSource& source, std::vector<float>& rows) {
    rows.resize(drawn.size() * static_cast<std::size_t>(triples.dim));
    const MatrixView<float> view(rows.data(), triples.size(), triples.dim);
    for (std::size_t i = 0; i < drawn.size(); ++i) source.read(drawn[i], view.slice(static_cast<std::int64_t>(i), 1));
  };
  read(*joint, triples.joint);
  read(*first, triples.first);
  read(*second, triples.second);
  return triples;
}

Triples model_triples(const TripleArguments& arguments, TripleSource source, ClipEncoder& model, bool quiet) {
  ModelInputs& inputs = source.inputs;
  Triples triples;
  triples.dim = model.dim();
  triples.missing = std::move(inputs.skipped);
  const bool by_table = !arguments.pairs_file.empty() || !arguments.text_pairs.empty();
  std::vector<NamedPair> pairs = by_table              ? some_of(std::move(source.table), arguments)
                                 : inputs.texts.empty() ? picture_pairs(arguments, inputs)
                                                        : random_pairs(inputs.texts, arguments);
  if (!arguments.text_pairs.empty() || !inputs.texts.empty()) embed_text_pairs(arguments, pairs, model, quiet, triples);
  else embed_picture_pairs(arguments, std::move(pairs), inputs.dataset, model, quiet, triples);
  return triples;
}

}  // namespace splice_cuda::cli
