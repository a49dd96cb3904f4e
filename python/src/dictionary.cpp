#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <nanobind/stl/string.h>

#include "arrays.hpp"
#include "bindings.hpp"
#include "codes.hpp"
#include "context.hpp"
#include "options.hpp"
#include "splice_cuda/decompose.hpp"
#include "splice_cuda/dictionary.hpp"
#include "splice_cuda/recompose.hpp"

namespace splice_cuda::python {
namespace {

/// Keeps the array alive until the last user of its memory is gone, which may be on any thread.
std::shared_ptr<const void> keep(const Rows& rows) {
  return {new Rows(rows), [](const Rows* kept) {
            if (!nb::is_alive()) return;  // the interpreter is gone, and the array with it
            const nb::gil_scoped_acquire gil;
            delete kept;
          }};
}

Dictionary make_dictionary(SharedContext& context, const Rows& atoms, bool bfloat16, bool copy) {
  const TypedMatrixView view = rows_view(atoms, bfloat16, "atoms");
  const std::shared_ptr<const void> owner = copy ? nullptr : keep(atoms);
  std::optional<Dictionary> made;
  context.run(nb::none(), nb::none(), [&](const Context& inner) {
    made.emplace(copy ? Dictionary(inner, view) : Dictionary::view(inner, view, owner));
  });
  return *std::move(made);
}

nb::tuple decompose_rows(SharedContext& context, const Dictionary& dictionary, const Rows& embeddings, bool bfloat16,
                         const OwnedOptions& options, nb::handle progress, nb::handle cancel) {
  const TypedMatrixView view = rows_view(embeddings, bfloat16, "embeddings");
  const DecomposeOptions problem = options.view();
  DecomposeResult result;
  context.run(progress, cancel, [&](const Context& inner) { result = decompose(inner, dictionary, view, problem); });
  return to_python(std::move(result));
}

nb::list decompose_rows_path(SharedContext& context, const Dictionary& dictionary, const Rows& embeddings, bool bfloat16,
                             const List<float>& l1_penalties, const OwnedOptions& options, nb::handle progress,
                             nb::handle cancel) {
  const TypedMatrixView view = rows_view(embeddings, bfloat16, "embeddings");
  const std::vector<float> penalties = vector_of(l1_penalties);
  const DecomposeOptions problem = options.view();
  std::vector<DecomposeResult> results;
  context.run(progress, cancel, [&](const Context& inner) {
    results = decompose_path(inner, dictionary, view, penalties, problem);
  });
  nb::list list;
  for (DecomposeResult& result : results) list.append(to_python(std::move(result)));
  return list;
}

Reports certify_rows(SharedContext& context, const Dictionary& dictionary, const Rows& embeddings, bool bfloat16,
                     const SparseCodes& codes, const OwnedOptions& options, nb::handle progress, nb::handle cancel) {
  const TypedMatrixView view = rows_view(embeddings, bfloat16, "embeddings");
  const DecomposeOptions problem = options.view();
  Reports reports;
  context.run(progress, cancel, [&](const Context& inner) {
    reports.rows = certify(inner, dictionary, view, codes, problem);
  });
  return reports;
}

void recompose_rows(SharedContext& context, const Dictionary& dictionary, const SparseCodes& codes, const Out& out) {
  const MatrixView<float> view = out_view(out);
  context.run(nb::none(), nb::none(), [&](const Context& inner) { recompose(inner, dictionary, codes, view); });
}

}  // namespace

void bind_dictionary(nb::module_& module) {
  using namespace nb::literals;
  nb::class_<Dictionary>(module, "Dictionary")
      .def_prop_ro("size", &Dictionary::size)
      .def_prop_ro("dim", &Dictionary::dim)
      .def_prop_ro("dtype", [](const Dictionary& self) { return to_string(self.dtype()); })
      .def_prop_ro("in_place", &Dictionary::in_place)
      .def_prop_ro("device", [](const Dictionary& self) { return to_string(self.device()); });
  module.def("make_dictionary", &make_dictionary, "context"_a, "atoms"_a, "bfloat16"_a, "copy"_a);
  module.def("decompose", &decompose_rows, "context"_a, "dictionary"_a, "embeddings"_a, "bfloat16"_a, "options"_a,
             "progress"_a.none(), "cancel"_a.none());
  module.def("decompose_path", &decompose_rows_path, "context"_a, "dictionary"_a, "embeddings"_a, "bfloat16"_a,
             "l1_penalties"_a, "options"_a, "progress"_a.none(), "cancel"_a.none());
  module.def("certify", &certify_rows, "context"_a, "dictionary"_a, "embeddings"_a, "bfloat16"_a, "codes"_a, "options"_a,
             "progress"_a.none(), "cancel"_a.none());
  module.def("recompose", &recompose_rows, "context"_a, "dictionary"_a, "codes"_a, "out"_a);
}

}  // namespace splice_cuda::python
