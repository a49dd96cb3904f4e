// Each C++ error is a Python error of two kinds: splice_cuda's own, and the built-in one that Python code expects.

#include "bindings.hpp"

#include <exception>
#include <string>

#include "splice_cuda/error.hpp"
#include "text.hpp"

namespace splice_cuda::python {
namespace {

struct ErrorTypes {
  PyObject* base = nullptr;
  PyObject* argument = nullptr;
  PyObject* file = nullptr;
  PyObject* memory = nullptr;
  PyObject* device = nullptr;
  PyObject* cancelled = nullptr;
};

ErrorTypes& types() {
  static ErrorTypes instance;  // as long as the process: Python may raise while modules are torn down
  return instance;
}

PyObject* make(nb::module_& module, const char* name, const char* doc, nb::handle bases) {
  const std::string qualified = "splice_cuda._core." + std::string(name);
  PyObject* type = PyErr_NewExceptionWithDoc(qualified.c_str(), doc, bases.ptr(), nullptr);
  if (type == nullptr) throw nb::python_error();
  module.attr(name) = nb::handle(type);
  return type;
}

void set_error(PyObject* type, const char* message) {
  try {
    PyErr_SetObject(type, readable(message).ptr());
  } catch (nb::python_error& failure) {
    failure.restore();
  }
}

void translate(const std::exception_ptr& thrown, void*) {
  try {
    std::rethrow_exception(thrown);
  } catch (const ArgumentError& error) {
    set_error(types().argument, error.what());
  } catch (const FileError& error) {
    set_error(types().file, error.what());
  } catch (const OutOfMemoryError& error) {
    set_error(types().memory, error.what());
  } catch (const DeviceError& error) {
    set_error(types().device, error.what());
  } catch (const CancelledError& error) {
    set_error(types().cancelled, error.what());
  } catch (const Error& error) {
    set_error(types().base, error.what());
  }
}

}  // namespace

void bind_errors(nb::module_& module) {
  ErrorTypes& made = types();
  made.base = make(module, "Error", "Base of everything that the library raises on purpose.", PyExc_Exception);
  const auto derive = [&](const char* name, const char* doc, PyObject* builtin) {
    return make(module, name, doc, nb::make_tuple(nb::handle(made.base), nb::handle(builtin)));
  };
  made.argument = derive("ArgumentError", "A wrong argument: names it, what was given and what is expected.", PyExc_ValueError);
  made.file = derive("FileError", "A file that can't be read, is not what it says it is, or can't be written.", PyExc_OSError);
  made.memory = derive("OutOfMemoryError", "Not even the smallest piece of work fits into memory or its limit.", PyExc_MemoryError);
  made.device = derive("DeviceError", "A device that is absent, unsupported or not compiled in, or that failed.", PyExc_RuntimeError);
  made.cancelled = derive("CancelledError", "The `cancel` function asked to stop. There is no result.", PyExc_RuntimeError);
  nb::register_exception_translator(translate);
}

}  // namespace splice_cuda::python
