#include "cli/demo_problem.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <span>
#include <string_view>

#include <fmt/format.h>

#include "cli/numbers_text.hpp"
#include "cli/signals.hpp"
#include "core/available_memory.hpp"
#include "experiments/seeded_random.hpp"

namespace splice_cuda::cli {
namespace {

constexpr std::array<std::string_view, 10> adjective_roots = {"red", "blue", "green", "white", "black",
                                                              "old", "small", "wooden", "shiny", "striped"};
constexpr std::array<std::string_view, 10> adjective_ends = {"", "wet ", "dusty ", "broken ", "painted ",
                                                             "empty ", "folded ", "bright ", "heavy ", "toy "};
constexpr std::array<std::string_view, 100> nouns = {
    "apple",  "bench",  "bicycle", "bird",    "boat",   "book",   "bottle", "bowl",    "bridge", "bus",
    "cake",   "camera", "candle",  "car",     "carpet", "castle", "cat",    "chair",   "church", "clock",
    "cloud",  "coat",   "cow",     "cup",     "curtain", "deer",  "desk",   "dog",     "door",   "drum",
    "duck",   "engine", "fence",   "ferry",   "field",  "fish",   "flag",   "flower",  "fork",   "fountain",
    "fox",    "fridge", "garden",  "gate",    "glove",  "goat",   "guitar", "hat",     "helmet", "horse",
    "hotel",  "house",  "jacket",  "kettle",  "kite",   "knife",  "ladder", "lamp",    "leaf",   "lemon",
    "market", "mirror", "motorcycle", "mountain", "mug", "oven",  "owl",    "painting", "pan",   "park",
    "piano",  "pillow", "pizza",   "plane",   "plate",  "pond",   "rabbit", "radio",   "river",  "road",
    "robot",  "rocket", "roof",    "rug",     "sheep",  "shelf",  "ship",   "shoe",    "sign",   "sofa",
    "spoon",  "stairs", "statue",  "suitcase", "table", "tent",   "tower",  "train",   "tree",   "window"};

using Random = SeededRandom;
using Vector = std::vector<double>;

Vector random_direction(Random& random, std::int64_t dim) {
  Vector v(static_cast<std::size_t>(dim));
  double square = 0;
  for (double& value : v) {
    value = random.normal();
    square += value * value;
  }
  for (double& value : v) value /= std::sqrt(square);
  return v;
}

void add_scaled(Vector& sum, double factor, const Vector& v) {
  for (std::size_t k = 0; k < sum.size(); ++k) sum[k] += factor * v[k];
}

std::vector<Vector> random_directions(Random& random, std::size_t count, std::int64_t dim) {
  std::vector<Vector> directions;
  for (std::size_t i = 0; i < count; ++i) {
    signals::throw_if_stop_requested();
    directions.push_back(random_direction(random, dim));
  }
  return directions;
}

ConceptSpace make_space(std::int64_t atoms, std::int64_t dim, Random& random) {
  constexpr double shared_mean = 1.2;  // text embeddings of CLIP lie in a narrow cone
  constexpr double word = 0.5;
  const Vector mean = random_direction(random, dim);
  const auto adjective_directions = random_directions(random, adjective_roots.size() * adjective_ends.size(), dim);
  const auto noun_directions = random_directions(random, nouns.size(), dim);
  std::vector<std::string> names;
  std::vector<float> embeddings;
  embeddings.reserve(static_cast<std::size_t>(atoms * dim));
  for (std::int64_t j = 0; j < atoms; ++j) {
    signals::throw_if_stop_requested();
    const auto noun = static_cast<std::size_t>(j) % nouns.size();
    const auto adjective = static_cast<std::size_t>(j) / nouns.size();
    names.push_back(std::string(adjective_ends[adjective / adjective_roots.size()]) +
                    std::string(adjective_roots[adjective % adjective_roots.size()]) + " " + std::string(nouns[noun]));
    Vector v = random_direction(random, dim);
    add_scaled(v, word, adjective_directions[adjective]);
    add_scaled(v, word, noun_directions[noun]);
    add_scaled(v, shared_mean, mean);
    embeddings.insert(embeddings.end(), v.begin(), v.end());
  }
  signals::throw_if_stop_requested();
  return ConceptSpace::build({embeddings.data(), atoms, dim}, names);
}

/// Before the seconds that the concepts take: embeddings are all held in memory.
void check_memory(std::int64_t dim, std::int64_t rows) {
  const std::string what = fmt::format("{} of {} numbers (--rows, --dim)", counted(rows, "embedding"), grouped(dim));
  require_memory(static_cast<std::size_t>(rows) * static_cast<std::size_t>(dim) * sizeof(float), available_memory(), what);
}

/// Atoms of which no two share the noun or the adjective: each can be told from the others.
std::vector<std::int32_t> draw_concepts(Random& random, std::int64_t atoms, std::size_t count) {
  std::vector<std::int32_t> drawn;
  for (int tries = 0; drawn.size() < count && tries < 1000; ++tries) {
    const auto atom = static_cast<std::int32_t>(random.below(atoms));
    const auto words = static_cast<std::int32_t>(nouns.size());
    const bool clash = std::any_of(drawn.begin(), drawn.end(), [&](std::int32_t other) {
      return other % words == atom % words || other / words == atom / words;
    });
    if (!clash || drawn.empty()) drawn.push_back(atom);
  }
  return drawn;
}

}  // namespace

DemoProblem make_demo_problem(std::int64_t atoms, std::int64_t dim, std::int64_t rows, std::uint64_t seed) {
  constexpr std::array<double, 3> weights = {0.7, 0.5, 0.4};
  constexpr double noise = 0.35;
  constexpr double image_mean_length = 0.7;  // as measured on CLIP's image embeddings
  check_memory(dim, rows);
  Random random(seed);
  DemoProblem problem{make_space(atoms, dim, random), {}, {}};
  problem.embeddings.reserve(static_cast<std::size_t>(rows * dim));
  const Vector mean = random_direction(random, dim);
  std::vector<float> image_mean;
  for (const double value : mean) image_mean.push_back(static_cast<float>(image_mean_length * value));
  for (std::int64_t i = 0; i < rows; ++i) {
    signals::throw_if_stop_requested();
    const auto concepts = draw_concepts(random, problem.space.size(), weights.size());
    Vector e = random_direction(random, dim);
    for (double& value : e) value *= noise;
    for (std::size_t c = 0; c < concepts.size(); ++c) {
      const float* atom = problem.space.atoms().as<float>().row(concepts[c]);
      add_scaled(e, weights[c], Vector(atom, atom + dim));
    }
    add_scaled(e, image_mean_length, mean);
    // CLIP's embeddings come in any length; decompose normalises them.
    const double length = 5 + 10 * random.uniform();
    for (const double value : e) problem.embeddings.push_back(static_cast<float>(length * value));
    problem.concepts.push_back(concepts);
  }
  problem.space.set_image_mean(std::move(image_mean));
  return problem;
}

}  // namespace splice_cuda::cli
