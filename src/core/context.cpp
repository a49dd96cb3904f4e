#include "splice_cuda/context.hpp"

#include <string>
#include <utility>

#include "backend/backend.hpp"
#include "core/parallel.hpp"
#include "core/validate.hpp"

namespace splice_cuda {

struct Context::State {
  Device device;
  ContextOptions options;
  std::shared_ptr<Backend> backend;
};

Context::Context(Device device, ContextOptions options) : state_(std::make_unique<State>()) {
  if (options.threads < 0) {
    fail_argument("threads", std::to_string(options.threads), "0 (all processors) or more");
  }
  if (static_cast<bool>(options.allocator.allocate) != static_cast<bool>(options.allocator.release)) {
    fail_argument("allocator", options.allocator.allocate ? "allocate without release" : "release without allocate",
                  "both functions or neither");
  }
  if (options.threads == 0) options.threads = usable_processors();
  state_->device = device.kind == DeviceKind::cpu ? Device::cpu() : device;  // there is one, whatever its index says
  state_->options = std::move(options);
  state_->backend = device.kind == DeviceKind::cpu
                        ? make_cpu_backend(state_->options.threads)
                        : make_cuda_backend(device, state_->options);
  if (state_->options.memory_limit_bytes == 0) {
    state_->options.memory_limit_bytes = state_->backend->default_memory_limit();
  }
}

Context::Context(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}

Context::~Context() = default;
Context::Context(Context&&) noexcept = default;
Context& Context::operator=(Context&&) noexcept = default;

Context Context::with_callbacks(std::function<bool()> cancel,
                                std::function<void(std::int64_t, std::int64_t)> progress) const {
  auto state = std::make_unique<State>(*state_);
  state->options.cancel = std::move(cancel);
  state->options.progress = std::move(progress);
  return Context(std::move(state));
}

Device Context::device() const noexcept { return state_->device; }
const ContextOptions& Context::options() const noexcept { return state_->options; }
Backend& Context::backend() const noexcept { return *state_->backend; }

}  // namespace splice_cuda
