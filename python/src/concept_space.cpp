#include "splice_cuda/concept_space.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nanobind/stl/filesystem.h>
#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/vector.h>

#include "arrays.hpp"
#include "bindings.hpp"
#include "codes.hpp"
#include "context.hpp"
#include "options.hpp"
#include "splice_cuda/dictionary_health.hpp"

namespace splice_cuda::python {
namespace {

nb::dict dropped_dict(const DroppedConcepts& dropped) {
  nb::dict dict;
  dict["empty_name"] = dropped.empty_name;
  dict["duplicate_name"] = dropped.duplicate_name;
  dict["zero_embedding"] = dropped.zero_embedding;
  dict["non_finite"] = dropped.non_finite;
  dict["duplicate_vector"] = dropped.duplicate_vector;
  return dict;
}

nb::tuple build(const Rows& embeddings, bool bfloat16, const std::vector<std::string>& names, bool center,
                std::int64_t last, const std::string& dtype) {
  const TypedMatrixView view = rows_view(embeddings, bfloat16, "text_embeddings");
  const BuildOptions options{center, last, dtype_named("dtype", dtype)};
  DroppedConcepts dropped;
  std::optional<ConceptSpace> space;
  {
    const nb::gil_scoped_release released;
    space = ConceptSpace::build(view, names, options, &dropped);
  }
  return nb::make_tuple(*std::move(space), dropped_dict(dropped));
}

ConceptSpace from_atoms(const Rows& atoms, bool bfloat16, std::vector<std::string> names) {
  const TypedMatrixView view = rows_view(atoms, bfloat16, "atoms");
  const nb::gil_scoped_release released;
  return ConceptSpace::from_atoms(view, std::move(names));
}

/// float32 atoms where they are (in a mapped file, perhaps); None for other types.
nb::object stored_float32(nb::handle_t<ConceptSpace> self) {
  const TypedMatrixView atoms = nb::cast<ConceptSpace&>(self).atoms();
  if (atoms.dtype != DType::float32) return nb::none();
  return nb::cast(nb::ndarray<nb::numpy, const float, nb::ndim<2>>(
      atoms.data, {static_cast<std::size_t>(atoms.rows), static_cast<std::size_t>(atoms.cols)}, self));
}

nb::tuple decompose_raw(const ConceptSpace& space, SharedContext& context, const Rows& embeddings, bool bfloat16,
                        const OwnedOptions& options, const PrepareOptions& prepare, nb::handle progress, nb::handle cancel) {
  const TypedMatrixView view = rows_view(embeddings, bfloat16, "embeddings");
  const DecomposeOptions problem = options.view();
  DecomposeResult result;
  context.run(progress, cancel, [&](const Context& inner) { result = space.decompose(inner, view, problem, prepare); });
  return to_python(std::move(result));
}

nb::list decompose_raw_path(const ConceptSpace& space, SharedContext& context, const Rows& embeddings, bool bfloat16,
                            const List<float>& l1_penalties, const OwnedOptions& options, const PrepareOptions& prepare,
                            nb::handle progress, nb::handle cancel) {
  const TypedMatrixView view = rows_view(embeddings, bfloat16, "embeddings");
  const std::vector<float> penalties = vector_of(l1_penalties);
  const DecomposeOptions problem = options.view();
  std::vector<DecomposeResult> results;
  context.run(progress, cancel, [&](const Context& inner) {
    results = space.decompose_path(inner, view, penalties, problem, prepare);
  });
  nb::list list;
  for (DecomposeResult& result : results) list.append(to_python(std::move(result)));
  return list;
}

void prepare_raw(const ConceptSpace& space, const Rows& embeddings, bool bfloat16, const Out& out,
                 const PrepareOptions& options) {
  const TypedMatrixView view = rows_view(embeddings, bfloat16, "embeddings");
  const MatrixView<float> prepared = out_view(out);
  const nb::gil_scoped_release released;
  space.prepare(view, prepared, options);
}

void recompose_codes(const ConceptSpace& space, SharedContext& context, const SparseCodes& codes, const Out& out) {
  const MatrixView<float> view = out_view(out);
  context.run(nb::none(), nb::none(), [&](const Context& inner) { space.recompose(inner, codes, view); });
}

std::vector<float> cosines(const ConceptSpace& space, SharedContext& context, const Rows& embeddings, bool bfloat16,
                           const SparseCodes& codes) {
  const TypedMatrixView view = rows_view(embeddings, bfloat16, "embeddings");
  std::vector<float> result;
  context.run(nb::none(), nb::none(), [&](const Context& inner) { result = space.cosine(inner, view, codes); });
  return result;
}

nb::dict health(const ConceptSpace& space, SharedContext& context, std::int64_t pairs, nb::handle progress,
                nb::handle cancel) {
  DictionaryHealth found;
  context.run(progress, cancel, [&](const Context& inner) { found = examine_dictionary(inner, space, pairs); });
  nb::list nearest;
  for (const AtomPair& pair : found.nearest_pairs) nearest.append(nb::make_tuple(pair.first, pair.second, pair.cosine));
  nb::list quantiles;
  for (const float quantile : found.nearest_cosine_quantiles) quantiles.append(quantile);
  nb::dict dict;
  dict["coherence"] = found.coherence;
  dict["nearest_pairs"] = nb::tuple(nearest);
  dict["nearest_cosine_quantiles"] = nb::tuple(quantiles);
  dict["effective_rank"] = found.effective_rank;
  dict["non_unit_atoms"] = found.non_unit_atoms;
  dict["equal_atoms"] = found.equal_atoms;
  return dict;
}

}  // namespace

void bind_concept_space(nb::module_& module) {
  using namespace nb::literals;
  using Provenance = std::map<std::string, std::string>;
  nb::class_<PrepareOptions>(module, "PrepareOptions")
      .def("__init__",
           [](PrepareOptions* self, bool normalize, bool center) { new (self) PrepareOptions{normalize, center}; },
           "normalize"_a, "center"_a);
  nb::class_<ConceptSpace>(module, "ConceptSpace")
      .def_static("build", &build, "text_embeddings"_a, "bfloat16"_a, "names"_a, "center"_a, "last"_a, "dtype"_a)
      .def_static("from_atoms", &from_atoms, "atoms"_a, "bfloat16"_a, "names"_a)
      .def_static("load", &ConceptSpace::load, "path"_a, nb::call_guard<nb::gil_scoped_release>())
      .def("save", &ConceptSpace::save, "path"_a, nb::call_guard<nb::gil_scoped_release>())
      .def("copy", [](const ConceptSpace& self) { return ConceptSpace(self); }, "Shares the atoms.")
      .def_prop_ro("size", &ConceptSpace::size)
      .def_prop_ro("dim", &ConceptSpace::dim)
      .def_prop_ro("dtype", [](const ConceptSpace& self) { return to_string(self.atoms().dtype); })
      .def_prop_ro("names", &ConceptSpace::names)
      .def_prop_ro("text_mean", &ConceptSpace::text_mean)
      .def_prop_rw("image_mean", &ConceptSpace::image_mean, &ConceptSpace::set_image_mean)
      .def_prop_rw("provenance", [](const ConceptSpace& self) -> const Provenance& { return self.provenance(); },
                   [](ConceptSpace& self, const Provenance& provenance) { self.provenance() = provenance; })
      .def("find", &ConceptSpace::find, "name"_a)
      .def("at", &ConceptSpace::at, "name"_a)
      .def("stored_float32", &stored_float32)
      .def("read_atoms", [](const ConceptSpace& self, std::int64_t first, const Out& out) { self.read_atoms(first, out_view(out)); },
           "first"_a, "out"_a)
      .def("dictionary", [](const ConceptSpace& self, SharedContext& context) {
        std::optional<Dictionary> made;
        context.run(nb::none(), nb::none(), [&](const Context& inner) { made = self.dictionary(inner); });
        return *made;
      }, "context"_a)
      .def("prepare", &prepare_raw, "embeddings"_a, "bfloat16"_a, "out"_a, "options"_a)
      .def("decompose", &decompose_raw, "context"_a, "embeddings"_a, "bfloat16"_a, "options"_a, "prepare"_a,
           "progress"_a.none(), "cancel"_a.none())
      .def("decompose_path", &decompose_raw_path, "context"_a, "embeddings"_a, "bfloat16"_a, "l1_penalties"_a, "options"_a,
           "prepare"_a, "progress"_a.none(), "cancel"_a.none())
      .def("recompose", &recompose_codes, "context"_a, "codes"_a, "out"_a)
      .def("cosine", &cosines, "context"_a, "embeddings"_a, "bfloat16"_a, "codes"_a)
      .def("health", &health, "context"_a, "pairs"_a, "progress"_a.none(), "cancel"_a.none());
}

}  // namespace splice_cuda::python
