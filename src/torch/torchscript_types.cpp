#include "torch/torchscript_types.hpp"

#include <cstdint>

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/jit/api/function_impl.h>
#include <torch/csrc/jit/ir/ir.h>

#include "splice_cuda/error.hpp"

namespace splice_cuda::clip {
namespace {

at::Tensor moved(const at::Tensor& tensor, c10::Device device, c10::ScalarType type) {
  return tensor.to(device, c10::isFloatingType(tensor.scalar_type()) ? type : tensor.scalar_type());
}

/// Whether a constant is an argument named "dtype" of some operator: integers that stand for types look like
/// any other.
bool is_type_argument(const torch::jit::Value* value) {
  for (const torch::jit::Use& use : value->uses()) {
    const c10::FunctionSchema* schema = use.user->maybeSchema();
    if (schema != nullptr && use.offset < schema->arguments().size() &&
        schema->arguments()[use.offset].name() == "dtype") {
      return true;
    }
  }
  return false;
}

void move_constant(torch::jit::Node* node, c10::Device device, c10::ScalarType type) {
  namespace attr = c10::attr;
  if (!node->hasAttribute(attr::value)) return;
  const torch::jit::AttributeKind kind = node->kindOf(attr::value);
  if (kind == torch::jit::AttributeKind::t) {
    node->t_(attr::value, moved(node->t(attr::value), device, type));
  } else if (kind == torch::jit::AttributeKind::s &&
             node->output()->type()->kind() == c10::TypeKind::DeviceObjType) {
    node->s_(attr::value, device.str());
  } else if (kind == torch::jit::AttributeKind::i && is_type_argument(node->output())) {
    const auto stored = static_cast<c10::ScalarType>(node->i(attr::value));
    if (c10::isFloatingType(stored)) node->i_(attr::value, static_cast<std::int64_t>(type));
  }
}

void move_block(torch::jit::Block* block, c10::Device device, c10::ScalarType type) {
  for (torch::jit::Node* node : block->nodes()) {
    if (node->kind() == c10::prim::Constant) move_constant(node, device, type);
    for (torch::jit::Block* inner : node->blocks()) move_block(inner, device, type);
  }
}

void check_block(const torch::jit::Block* block, const std::string& name) {
  static const c10::Symbol save = c10::Symbol::fromQualString("aten::save");
  static const c10::Symbol from_file = c10::Symbol::fromQualString("aten::from_file");
  for (const torch::jit::Node* node : block->nodes()) {
    if (node->kind() == save || node->kind() == from_file) {
      throw FileError(name + ": found the operator " + node->kind().toQualString() +
                      ", which reaches files: refused as hostile");
    }
    for (const torch::jit::Block* inner : node->blocks()) check_block(inner, name);
  }
}

}  // namespace

void check_operators(const torch::jit::Module& module, const std::string& name) {
  for (torch::jit::Function* function : module._ivalue()->compilation_unit()->get_functions()) {
    if (torch::jit::GraphFunction* graph = torch::jit::tryToGraphFunction(*function); graph != nullptr)
      check_block(graph->graph()->block(), name);
  }
}

void move_module(torch::jit::Module& module, c10::Device device, c10::ScalarType type) {
  const at::NoGradGuard no_gradients;
  for (at::Tensor parameter : module.parameters()) parameter.set_data(moved(parameter, device, type));
  for (at::Tensor buffer : module.buffers()) buffer.set_data(moved(buffer, device, type));
  for (const torch::jit::Module& part : module.modules()) {
    for (const torch::jit::Method& method : part.get_methods())
      move_block(method.graph()->block(), device, type);
  }
}

}  // namespace splice_cuda::clip
