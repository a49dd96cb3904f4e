// Gradients for C++ and TorchScript. Not by the stable ABI, which has no autograd: this file is built against
// one torch.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

#include <ATen/core/LegacyTypeDispatch.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/csrc/autograd/functions/basic_ops.h>
#include <torch/library.h>

#include "splice_cuda/torch.hpp"

namespace splice_cuda::torch_ops {
namespace {

using at::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

using CodesBackward = std::tuple<Tensor, Tensor, Tensor>(const Tensor&, const Tensor&, const Tensor&,
                                                         const Tensor&, const Tensor&, const Tensor&,
                                                         const OptionalTensor&, const OptionalTensor&, bool,
                                                         bool, bool, bool);
using DenseBackward = std::tuple<Tensor, Tensor, Tensor>(const Tensor&, const Tensor&, const Tensor&,
                                                         const Tensor&, const OptionalTensor&,
                                                         const OptionalTensor&, bool, bool, bool, bool);
using RecomposeBackward = std::tuple<Tensor, Tensor>(const Tensor&, const Tensor&, const Tensor&,
                                                     const Tensor&, const Tensor&, bool, bool);

void check_differentiable(const Options& options) {
  TORCH_CHECK(!at::GradMode::is_enabled() || !options.atom_weights || !options.atom_weights->requires_grad(),
              "atom_weights: got a tensor that requires grad, expected one that does not: no gradient with "
              "respect to weights "
              "is computed");
}

/// Gradients that raise when they are differentiated themselves, in a graph that someone asked for.
variable_list differentiable_once(variable_list gradients) {
  if (!at::GradMode::is_enabled()) return gradients;
  for (Tensor& gradient : gradients) {
    if (gradient.defined()) gradient = gradient.detach().requires_grad_();
  }
  const auto error = std::make_shared<torch::autograd::DelayedError>(
      "splice_cuda: second derivatives are not computed; the gradients of decompose, decompose_dense and "
      "recompose can't be "
      "differentiated again",
      static_cast<std::int64_t>(gradients.size()));
  return (*error)(std::move(gradients));
}

Tensor wanted(const Tensor& gradient, bool needed) { return needed ? gradient : Tensor(); }

/// Which of embeddings, dictionary and l1_penalties need a gradient.
struct Needs {
  bool embeddings;
  bool dictionary;
  bool penalties;

  Needs(AutogradContext& context, bool has_penalties)
      : embeddings(context.needs_input_grad(0)),
        dictionary(context.needs_input_grad(1)),
        penalties(has_penalties && context.needs_input_grad(2)) {}
  variable_list select(const std::tuple<Tensor, Tensor, Tensor>& gradients) const {
    return {wanted(std::get<0>(gradients), embeddings), wanted(std::get<1>(gradients), dictionary),
            wanted(std::get<2>(gradients), penalties), Tensor()};
  }
};

/// Undefined tensors are saved for what is absent.
Tensor or_undefined(const OptionalTensor& tensor) { return tensor ? *tensor : Tensor(); }
OptionalTensor or_absent(const Tensor& tensor) {
  return tensor.defined() ? OptionalTensor(tensor) : std::nullopt;
}

struct DecomposeFunction : torch::autograd::Function<DecomposeFunction> {
  static variable_list forward(AutogradContext* context, const Tensor& embeddings, const Tensor& dictionary,
                               const OptionalTensor& l1_penalties, Options options) {
    const at::AutoDispatchBelowADInplaceOrView guard;
    options.l1_penalties = l1_penalties;
    const Codes codes = decompose(embeddings, dictionary, options);
    context->save_for_backward({codes.row_offsets, codes.atom_indices, codes.values, embeddings, dictionary,
                                or_undefined(l1_penalties), or_undefined(options.atom_weights)});
    context->saved_data["refit"] = options.refit;
    context->mark_non_differentiable({codes.row_offsets, codes.atom_indices, codes.report});
    return {codes.row_offsets, codes.atom_indices, codes.values, codes.report};
  }

  static variable_list backward(AutogradContext* context, const variable_list& upstream) {
    static const auto op = find_op<CodesBackward>("splice_cuda::decompose_backward");
    const variable_list saved = context->get_saved_variables();
    const Needs needs(*context, saved[5].defined());
    variable_list gradients;
    {
      const at::AutoDispatchBelowADInplaceOrView guard;
      gradients = needs.select(op.call(upstream[2], saved[0], saved[1], saved[2], saved[3], saved[4],
                                       or_absent(saved[5]), or_absent(saved[6]),
                                       context->saved_data["refit"].toBool(), needs.embeddings,
                                       needs.dictionary, needs.penalties));
    }
    return differentiable_once(std::move(gradients));
  }
};

struct DecomposeDenseFunction : torch::autograd::Function<DecomposeDenseFunction> {
  static variable_list forward(AutogradContext* context, const Tensor& embeddings, const Tensor& dictionary,
                               const OptionalTensor& l1_penalties, Options options) {
    const at::AutoDispatchBelowADInplaceOrView guard;
    options.l1_penalties = l1_penalties;
    const DenseCodes codes = decompose_dense(embeddings, dictionary, options);
    context->save_for_backward({codes.weights, embeddings, dictionary, or_undefined(l1_penalties),
                                or_undefined(options.atom_weights)});
    context->saved_data["refit"] = options.refit;
    context->mark_non_differentiable({codes.report});
    return {codes.weights, codes.report};
  }

  static variable_list backward(AutogradContext* context, const variable_list& upstream) {
    static const auto op = find_op<DenseBackward>("splice_cuda::decompose_dense_backward");
    const variable_list saved = context->get_saved_variables();
    const Needs needs(*context, saved[3].defined());
    variable_list gradients;
    {
      const at::AutoDispatchBelowADInplaceOrView guard;
      gradients = needs.select(op.call(upstream[0], saved[0], saved[1], saved[2], or_absent(saved[3]),
                                       or_absent(saved[4]), context->saved_data["refit"].toBool(),
                                       needs.embeddings, needs.dictionary, needs.penalties));
    }
    return differentiable_once(std::move(gradients));
  }
};

struct RecomposeFunction : torch::autograd::Function<RecomposeFunction> {
  static Tensor forward(AutogradContext* context, const Tensor& row_offsets, const Tensor& atom_indices,
                        const Tensor& values, const Tensor& dictionary) {
    const at::AutoDispatchBelowADInplaceOrView guard;
    context->save_for_backward({row_offsets, atom_indices, values, dictionary});
    return recompose({row_offsets, atom_indices, values, {}}, dictionary);
  }

  static variable_list backward(AutogradContext* context, const variable_list& upstream) {
    static const auto op = find_op<RecomposeBackward>("splice_cuda::recompose_backward");
    const variable_list saved = context->get_saved_variables();
    const bool of_values = context->needs_input_grad(2);
    const bool of_dictionary = context->needs_input_grad(3);
    variable_list gradients;
    {
      const at::AutoDispatchBelowADInplaceOrView guard;
      const auto [values, dictionary] =
          op.call(upstream[0], saved[0], saved[1], saved[2], saved[3], of_values, of_dictionary);
      gradients = {Tensor(), Tensor(), wanted(values, of_values), wanted(dictionary, of_dictionary)};
    }
    return differentiable_once(std::move(gradients));
  }
};

Options options_of(double l1_penalty, const OptionalTensor& atom_weights, const OptionalTensor& banned_atoms,
                   std::int64_t target_l0, double target_cosine, bool nonnegative, bool refit,
                   c10::string_view solver, double gap_tolerance, std::int64_t max_rounds,
                   std::int64_t max_iterations) {
  Options options{.l1_penalty = l1_penalty,
                  .atom_weights = atom_weights,
                  .banned_atoms = banned_atoms,
                  .target_l0 = target_l0,
                  .target_cosine = target_cosine,
                  .nonnegative = nonnegative,
                  .refit = refit,
                  .solver = std::string(solver),
                  .gap_tolerance = gap_tolerance,
                  .max_rounds = max_rounds,
                  .max_iterations = max_iterations};
  check_differentiable(options);
  return options;
}

std::tuple<Tensor, Tensor, Tensor, Tensor> decompose_with_gradients(
    const Tensor& embeddings, const Tensor& dictionary, double l1_penalty, const OptionalTensor& l1_penalties,
    const OptionalTensor& atom_weights, const OptionalTensor& banned_atoms, std::int64_t target_l0,
    double target_cosine, bool nonnegative, bool refit, c10::string_view solver, double gap_tolerance,
    std::int64_t max_rounds, std::int64_t max_iterations) {
  const variable_list out = DecomposeFunction::apply(
      embeddings, dictionary, l1_penalties,
      options_of(l1_penalty, atom_weights, banned_atoms, target_l0, target_cosine, nonnegative, refit, solver,
                 gap_tolerance, max_rounds, max_iterations));
  return {out[0], out[1], out[2], out[3]};
}

std::tuple<Tensor, Tensor> decompose_dense_with_gradients(
    const Tensor& embeddings, const Tensor& dictionary, double l1_penalty, const OptionalTensor& l1_penalties,
    const OptionalTensor& atom_weights, const OptionalTensor& banned_atoms, std::int64_t target_l0,
    double target_cosine, bool nonnegative, bool refit, c10::string_view solver, double gap_tolerance,
    std::int64_t max_rounds, std::int64_t max_iterations) {
  const variable_list out = DecomposeDenseFunction::apply(
      embeddings, dictionary, l1_penalties,
      options_of(l1_penalty, atom_weights, banned_atoms, target_l0, target_cosine, nonnegative, refit, solver,
                 gap_tolerance, max_rounds, max_iterations));
  return {out[0], out[1]};
}

Tensor recompose_with_gradients(const Tensor& row_offsets, const Tensor& atom_indices, const Tensor& values,
                                const Tensor& dictionary) {
  return RecomposeFunction::apply(row_offsets, atom_indices, values, dictionary);
}

/// Certificates are numbers: nothing is recorded.
Tensor certify_without_gradients(const Tensor& embeddings, const Tensor& dictionary,
                                 const Tensor& row_offsets, const Tensor& atom_indices, const Tensor& values,
                                 double l1_penalty, const OptionalTensor& l1_penalties,
                                 const OptionalTensor& atom_weights, const OptionalTensor& banned_atoms,
                                 bool nonnegative, double gap_tolerance) {
  static const auto op = find_op<CertifySignature>("splice_cuda::certify");
  const at::AutoDispatchBelowADInplaceOrView guard;
  return op.call(embeddings, dictionary, row_offsets, atom_indices, values, l1_penalty, l1_penalties,
                 atom_weights, banned_atoms, nonnegative, gap_tolerance);
}

}  // namespace

TORCH_LIBRARY_IMPL(splice_cuda, Autograd, library) {
  library.impl("decompose", &decompose_with_gradients);
  library.impl("decompose_dense", &decompose_dense_with_gradients);
  library.impl("recompose", &recompose_with_gradients);
  library.impl("certify", &certify_without_gradients);
}

}  // namespace splice_cuda::torch_ops
