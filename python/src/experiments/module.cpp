// The native module `splice_cuda._experiments`: statistics, edits and measures of codes. Apart from _core, as its library is.
// Classes and errors are those of _core.

#include "experiments/module.hpp"

NB_MODULE(_experiments, module) {
  using namespace splice_cuda::python;
  module.doc() = "Experiments on codes. Private: use `splice_cuda.experiments`.";
  nb::module_::import_("splice_cuda._core");  // before signatures that name its classes are written
  bind_statistics(module);
  bind_edits(module);
  bind_measures(module);
  bind_learning(module);
}
