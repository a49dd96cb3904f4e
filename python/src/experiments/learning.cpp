// Dictionaries learned from embeddings, and random ones.

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include <nanobind/stl/vector.h>

#include "context.hpp"
#include "experiments/module.hpp"
#include "splice_cuda/learn_dictionary.hpp"
#include "splice_cuda/random_dictionary.hpp"

namespace splice_cuda::python {
namespace {

/// (atoms [size * dim], uses [size], [(rows, objective, mean_l0, unused, replaced)], zero rows, non-finite rows)
nb::tuple learn(SharedContext& context, const Matrix& rows, const Matrix& start, std::int64_t size, float l1_penalty, std::int64_t epochs,
                std::int64_t batch_size, std::uint64_t seed, nb::handle progress, nb::handle cancel) {
  const MatrixView<const float> data = view_of(rows);
  LearnOptions options;
  options.size = size;
  options.l1_penalty = l1_penalty;
  options.epochs = epochs;
  options.batch_size = batch_size;
  options.seed = seed;
  if (start.shape(0) > 0) options.start = view_of(start);
  const RowReader reader = [&](std::int64_t first, MatrixView<float> out) {
    for (std::int64_t row = 0; row < out.rows; ++row) std::copy_n(data.row(first + row), out.cols, out.row(row));
  };
  LearnedDictionary learned;
  context.run(progress, cancel, [&](const Context& inner) { learned = learn_dictionary(inner, reader, data.rows, data.cols, options); });
  nb::list told;
  for (const LearnEpoch& epoch : learned.epochs) {
    told.append(nb::make_tuple(epoch.rows, epoch.objective, epoch.mean_l0, epoch.unused, epoch.replaced));
  }
  return nb::make_tuple(owned_array(std::move(learned.atoms)), owned_array(std::move(learned.uses)), told, learned.zero_rows,
                        learned.non_finite_rows);
}

}  // namespace

void bind_learning(nb::module_& module) {
  using namespace nb::literals;
  module.def("learn_dictionary", &learn, "context"_a, "rows"_a, "start"_a, "size"_a, "l1_penalty"_a, "epochs"_a, "batch_size"_a, "seed"_a,
             "progress"_a.none(), "cancel"_a.none());
  module.def("random_atoms", [](std::int64_t size, std::int64_t dim, std::uint64_t seed) { return owned_array(random_atoms(size, dim, seed)); },
             "size"_a, "dim"_a, "seed"_a);
}

}  // namespace splice_cuda::python
