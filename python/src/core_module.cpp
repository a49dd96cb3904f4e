#include "bindings.hpp"

NB_MODULE(_core, module) {
  using namespace splice_cuda::python;
  module.doc() = "The C++ interface of libsplice_cuda. Private: use the package `splice_cuda`.";
  bind_errors(module);
  bind_info(module);
  bind_context(module);
  bind_codes(module);
  bind_options(module);
  bind_dictionary(module);
  bind_concept_space(module);
  bind_vocabulary(module);
}
