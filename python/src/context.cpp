#include "context.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

#include <nanobind/stl/string.h>

#include "splice_cuda/error.hpp"

namespace splice_cuda::python {

void SharedContext::run(nb::handle progress, nb::handle cancel, const std::function<void(const Context&)>& work) {
  run_watched(progress, cancel, [&](const Context& context, CallWatch&) { work(context); });
}

void SharedContext::run_watched(nb::handle progress, nb::handle cancel,
                                const std::function<void(const Context&, CallWatch&)>& work) {
  if (caller_.load() == std::this_thread::get_id()) {
    throw ArgumentError("context: got one whose call is waiting for this callback, expected another one");
  }
  std::unique_lock lock(mutex_, std::defer_lock);
  {
    const nb::gil_scoped_release released;
    lock.lock();
  }
  struct Claim {
    explicit Claim(std::atomic<std::thread::id>& taken) : caller(taken) { caller = std::this_thread::get_id(); }
    ~Claim() { caller = std::thread::id(); }
    Claim(const Claim&) = delete;
    Claim& operator=(const Claim&) = delete;
    std::atomic<std::thread::id>& caller;
  } const claim(caller_);
  run_interruptibly(progress, cancel, [&](CallWatch& watch) {
    work(context_.with_callbacks([&] { return watch.stop_requested(); },
                                 [&](std::int64_t done, std::int64_t total) { watch.tell(done, total); }),
         watch);
  });
}

void bind_context(nb::module_& module) {
  nb::class_<SharedContext>(module, "Context")
      .def(
          "__init__",
          [](SharedContext* self, const std::string& device, int threads, std::size_t memory_limit, std::uintptr_t stream) {
            ContextOptions options;
            options.threads = threads;
            options.memory_limit_bytes = memory_limit;
            options.stream = reinterpret_cast<CUstream_st*>(stream);
            new (self) SharedContext(Device::parse(device), std::move(options));
          },
          nb::arg("device"), nb::arg("threads"), nb::arg("memory_limit"), nb::arg("stream"))
      .def_prop_ro("device", [](const SharedContext& self) { return to_string(self.get().device()); })
      .def_prop_ro("threads", [](const SharedContext& self) { return self.get().options().threads; })
      .def_prop_ro("memory_limit", [](const SharedContext& self) { return self.get().options().memory_limit_bytes; });
}

}  // namespace splice_cuda::python
