// Towers in TorchScript: the one library here that includes and links LibTorch.

#include <dlfcn.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

// Not <torch/script.h>, which takes twice as long to compile.
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/from_blob.h>
#include <c10/core/InferenceMode.h>
#include <c10/util/Exception.h>
#include <caffe2/serialize/read_adapter_interface.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/serialization/import.h>

#include "clip/tower.hpp"
#include "splice_cuda/error.hpp"
#include "torch/torchscript_types.hpp"

namespace splice_cuda::clip {
namespace {

class SourceAdapter final : public caffe2::serialize::ReadAdapterInterface {
 public:
  explicit SourceAdapter(const ByteSource& source) : source_(source) {}
  std::size_t size() const override { return source_.size(); }
  std::size_t read(std::uint64_t offset, void* out, std::size_t count, const char* /*what*/) const override {
    const std::size_t size = source_.size();
    const std::size_t wanted = offset >= size ? 0 : std::min<std::size_t>(count, size - offset);
    source_.read(offset, {static_cast<std::byte*>(out), wanted});
    return wanted;
  }

 private:
  const ByteSource& source_;
};

c10::ScalarType scalar_type(DType type) {
  if (type == DType::float16) return c10::kHalf;
  return type == DType::bfloat16 ? c10::kBFloat16 : c10::kFloat;
}

std::string device_name(Device device) { return "cuda:" + std::to_string(device.index); }

/// Loads LibTorch's CUDA part, which registers itself: before anything asks whether there is CUDA, as the
/// answer is kept.
c10::Device torch_device(Device device) {
  if (device.kind == DeviceKind::cpu) return c10::kCPU;
  static void* const library = dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL);
  static const std::string reason = library != nullptr ? "" : dlerror();
  if (library == nullptr)
    throw DeviceError("device " + device_name(device) + ": LibTorch's CUDA part can't be loaded: " + reason);
  const std::size_t count = at::hasCUDA() ? at::getNumGPUs() : 0;
  if (count <= static_cast<std::size_t>(device.index)) {
    throw DeviceError("device " + device_name(device) + ": LibTorch finds " + std::to_string(count) +
                      " CUDA devices");
  }
  return {c10::kCUDA, static_cast<c10::DeviceIndex>(device.index)};
}

/// The first line: c10's messages go on with stack traces.
std::string reason_of(const std::exception& error) {
  const auto* torch_error = dynamic_cast<const c10::Error*>(&error);
  const std::string text = torch_error != nullptr ? torch_error->what_without_backtrace() : error.what();
  std::string line = text.substr(0, text.find('\n'));
  // Errors out of a graph begin with a heading and end with what happened.
  if (line.starts_with("The following operation failed")) {
    const std::size_t last = text.find_last_not_of('\n');
    const std::size_t before = text.rfind('\n', last);
    if (before != std::string::npos && last != std::string::npos)
      line = text.substr(before + 1, last - before);
  }
  return line;
}

/// Whether memory was what lacked: inside a graph all that is left of LibTorch's own exception is its text.
bool is_out_of_memory(const std::exception& error) {
  if (dynamic_cast<const c10::OutOfMemoryError*>(&error) != nullptr) return true;
  const std::string_view text = error.what();
  return text.find("CUDA out of memory") != std::string_view::npos ||
         text.find("DefaultCPUAllocator") != std::string_view::npos;
}

class TorchScriptTower final : public Tower {
 public:
  TorchScriptTower(const ByteSource& source, std::string name, const TowerOptions& options)
      : name_(std::move(name)), device_(torch_device(options.device)), type_(scalar_type(options.precision)) {
    if (options.threads > 0) at::set_num_threads(options.threads);
    try {
      module_ = torch::jit::load(std::make_shared<SourceAdapter>(source), c10::kCPU);
      check_operators(module_, name_);
      module_.eval();
      move_module(module_, device_, type_);
    } catch (const Error&) {
      throw;
    } catch (const std::bad_alloc&) {
      throw;
    } catch (const std::exception& error) {
      if (is_out_of_memory(error)) throw OutOfMemoryError(name_ + ": out of memory: " + reason_of(error));
      throw FileError(name_ + ": LibTorch can't load it: " + reason_of(error));
    }
  }

  void run_pixels(const float* pixels, std::int64_t height, std::int64_t width,
                  MatrixView<float> out) override {
    // LibTorch takes constant memory by a cast only; the tensor is read.
    run(at::from_blob(const_cast<float*>(pixels), {out.rows, 3, height, width}, c10::kFloat), out);
  }
  void run_tokens(const std::int64_t* tokens, std::int64_t context_length, MatrixView<float> out) override {
    run(at::from_blob(const_cast<std::int64_t*>(tokens), {out.rows, context_length}, c10::kLong), out);
  }

 private:
  void run(const at::Tensor& input, MatrixView<float> out) {
    try {
      const c10::InferenceMode inference;
      const c10::ScalarType type = input.scalar_type() == c10::kLong ? c10::kLong : type_;
      const c10::IValue result = module_.forward({input.to(device_, type)});
      if (!result.isTensor()) throw FileError(name_ + ": gave " + result.tagKind() + ", expected a tensor");
      const at::Tensor& rows = result.toTensor();
      if (rows.dim() != 2 || rows.size(0) != out.rows || rows.size(1) != out.cols) {
        throw FileError(name_ + ": gave a tensor of shape " + shape_of(rows) + ", expected [" +
                        std::to_string(out.rows) + ", " + std::to_string(out.cols) + "]");
      }
      const at::Tensor target = at::from_blob(out.data, {out.rows, out.cols}, {out.ld, 1}, c10::kFloat);
      target.copy_(rows);
    } catch (const Error&) {
      throw;
    } catch (const std::bad_alloc&) {
      throw;
    } catch (const std::exception& error) {
      const std::string reason = reason_of(error);
      if (is_out_of_memory(error)) {
        throw OutOfMemoryError(name_ + ": out of memory, a smaller batch may help: " + reason);
      }
      if (device_.is_cuda()) throw DeviceError(name_ + ": LibTorch could not run it: " + reason);
      throw FileError(name_ + ": LibTorch could not run it: " + reason);
    }
  }

  static std::string shape_of(const at::Tensor& tensor) {
    std::string text = "[";
    for (std::int64_t i = 0; i < tensor.dim(); ++i)
      text += (i > 0 ? ", " : "") + std::to_string(tensor.size(i));
    return text + "]";
  }

  std::string name_;
  c10::Device device_;
  c10::ScalarType type_;
  torch::jit::Module module_;
};

}  // namespace

extern "C" __attribute__((visibility("default"))) Tower* splice_cuda_make_tower(int interface_version,
                                                                                const ByteSource& source,
                                                                                const std::string& name,
                                                                                const TowerOptions& options);

Tower* splice_cuda_make_tower(int interface_version, const ByteSource& source, const std::string& name,
                              const TowerOptions& options) {
  if (interface_version != tower_interface_version) return nullptr;
  return new TorchScriptTower(source, name, options);
}

}  // namespace splice_cuda::clip
