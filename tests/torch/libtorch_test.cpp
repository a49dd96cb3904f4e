// The ops from C++: values, gradients, TorchScript.

#include <splice_cuda/torch.hpp>

#include <cstdlib>
#include <stdexcept>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/script.h>
#include <torch/torch.h>

#include "splice_cuda/splice_cuda.hpp"
#include "support/sample_problem.hpp"

namespace splice_cuda {
namespace {

namespace ops = torch_ops;

struct Tensors {
  testing::SampleProblem sample;
  at::Tensor embeddings;
  at::Tensor dictionary;
};

Tensors sample_tensors(std::int64_t atoms = 300, std::int64_t dim = 64, std::int64_t rows = 40) {
  Tensors tensors{testing::sample_problem(atoms, dim, rows, 5), {}, {}};
  tensors.embeddings = torch::from_blob(tensors.sample.embeddings.data(), {rows, dim}).clone();
  tensors.dictionary = torch::from_blob(tensors.sample.dictionary.data(), {atoms, dim}).clone();
  return tensors;
}

template <class T>
std::vector<T> elements(const at::Tensor& tensor) {
  const at::Tensor plain = tensor.contiguous();
  return {plain.data_ptr<T>(), plain.data_ptr<T>() + plain.numel()};
}

TEST(LibTorch, GivesTheBitsOfTheCoreLibrary) {
  const Tensors t = sample_tensors();
  const Context context;
  const Dictionary dictionary(context, t.sample.atom_view());
  const DecomposeResult expected = decompose(context, dictionary, t.sample.view(), {.l1_penalty = 0.2f});
  const ops::Codes codes = ops::decompose(t.embeddings, t.dictionary, {.l1_penalty = 0.2});
  EXPECT_EQ(elements<std::int64_t>(codes.row_offsets), expected.codes.row_offsets);
  EXPECT_EQ(elements<std::int32_t>(codes.atom_indices), expected.codes.atom_indices);
  EXPECT_EQ(elements<float>(codes.values), expected.codes.values);
  ASSERT_GT(expected.codes.nnz(), 40);
  for (std::int64_t i = 0; i < 40; ++i) {
    const RowReport& report = expected.reports[static_cast<std::size_t>(i)];
    const auto row = codes.report[i];
    EXPECT_EQ(row[ops::primal].item<double>(), report.primal);
    EXPECT_EQ(row[ops::dual].item<double>(), report.dual);
    EXPECT_EQ(row[ops::gap].item<double>(), report.gap);
    EXPECT_EQ(row[ops::kkt_violation].item<double>(), report.kkt_violation);
    EXPECT_EQ(row[ops::l1_penalty].item<double>(), report.l1_penalty);
    EXPECT_EQ(row[ops::rounds].item<std::int64_t>(), report.rounds);
    EXPECT_EQ(row[ops::iterations].item<std::int64_t>(), report.iterations);
    EXPECT_EQ(row[ops::status].item<std::int64_t>(), static_cast<std::int64_t>(report.status));
  }
}

TEST(LibTorch, RowsApartAreReadWhereTheyAre) {
  const Tensors t = sample_tensors();
  const at::Tensor wide = torch::zeros({40, 100});
  wide.slice(1, 20, 84).copy_(t.embeddings);
  const at::Tensor view = wide.slice(1, 20, 84);
  ASSERT_FALSE(view.is_contiguous());
  EXPECT_TRUE(torch::equal(ops::decompose(view, t.dictionary).values,
                           ops::decompose(t.embeddings, t.dictionary).values));
}

TEST(LibTorch, GradientsAreThoseOfFiniteDifferences) {
  const Tensors t = sample_tensors(60, 20, 5);
  at::Tensor z = t.embeddings.to(torch::kDouble).requires_grad_();
  at::Tensor c = t.dictionary.to(torch::kDouble).requires_grad_();
  at::Tensor penalty = torch::tensor(0.15, torch::kDouble).requires_grad_();
  const at::Tensor mix = torch::randn({5, 60}, torch::kDouble);
  const auto loss = [&](const at::Tensor& rows, const at::Tensor& atoms, const at::Tensor& l1) {
    return (ops::decompose_dense(rows, atoms, {.l1_penalties = l1}).weights * mix).sum();
  };
  loss(z, c, penalty).backward();
  const auto check = [&](const at::Tensor& input, auto&& at_input) {
    const at::Tensor direction = torch::randn_like(input);
    const double step = 1e-6;
    const at::NoGradGuard guard;
    const double difference =
        (at_input(input + step * direction) - at_input(input - step * direction)).template item<double>() /
        (2 * step);
    EXPECT_NEAR((input.grad() * direction).sum().template item<double>(), difference,
                1e-5 * (1 + std::abs(difference)));
  };
  check(z, [&](const at::Tensor& x) { return loss(x, c, penalty); });
  check(c, [&](const at::Tensor& x) { return loss(z, x, penalty); });
  check(penalty, [&](const at::Tensor& x) { return loss(z, c, x); });
}

TEST(LibTorch, CsrAndDenseCodesHaveTheSameGradients) {
  const Tensors t = sample_tensors();
  const auto gradients = [&](bool dense) {
    at::Tensor z = t.embeddings.clone().requires_grad_();
    at::Tensor c = t.dictionary.clone().requires_grad_();
    const at::Tensor fitted =
        dense ? ops::decompose_dense(z, c).weights.matmul(c) : ops::recompose(ops::decompose(z, c), c);
    (t.embeddings - fitted).square().sum().backward();
    return std::pair(z.grad(), c.grad());
  };
  const auto [z_dense, c_dense] = gradients(true);
  const auto [z_csr, c_csr] = gradients(false);
  EXPECT_TRUE(torch::allclose(z_dense, z_csr, 1e-4, 1e-5));
  EXPECT_TRUE(torch::allclose(c_dense, c_csr, 1e-4, 1e-5));
}

TEST(LibTorch, SecondDerivativesRaise) {
  const Tensors t = sample_tensors(60, 20, 5);
  at::Tensor z = t.embeddings.clone().requires_grad_();
  const at::Tensor first = torch::autograd::grad(
      {ops::decompose_dense(z, t.dictionary).weights.square().sum()}, {z}, {}, true, true)[0];
  EXPECT_THAT([&] { first.sum().backward(); },
              ::testing::Throws<std::exception>(
                  ::testing::Property(&std::exception::what, ::testing::HasSubstr("second derivatives"))));
}

TEST(LibTorch, ReportsHaveNoGradient) {
  const Tensors t = sample_tensors(60, 20, 5);
  at::Tensor z = t.embeddings.clone().requires_grad_();
  const ops::Codes codes = ops::decompose(z, t.dictionary);
  EXPECT_TRUE(codes.values.requires_grad());
  EXPECT_FALSE(codes.report.requires_grad());
  EXPECT_FALSE(ops::certify(z, t.dictionary, codes).requires_grad());
}

TEST(LibTorch, WrongArgumentsAreNamed) {
  const Tensors t = sample_tensors(60, 20, 5);
  const auto message = [](auto&& call) -> std::string {
    try {
      call();
    } catch (const std::exception& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_THAT(message([&] { ops::decompose(t.embeddings.to(torch::kInt), t.dictionary); }),
              ::testing::HasSubstr("embeddings: got"));
  EXPECT_THAT(message([&] { ops::decompose(t.embeddings, t.dictionary.slice(1, 0, 3)); }),
              ::testing::HasSubstr("embeddings: got"));
  EXPECT_THAT(message([&] { ops::decompose(t.embeddings, t.dictionary, {.solver = "newton"}); }),
              ::testing::HasSubstr("solver: got"));
  EXPECT_THAT(message([&] {
                ops::decompose(t.embeddings, t.dictionary,
                               {.atom_weights = torch::ones({60}).requires_grad_()});
              }),
              ::testing::HasSubstr("atom_weights: got"));
}

TEST(LibTorch, WeightsWithGradientAreTakenWhereNoneIsRecorded) {
  const Tensors t = sample_tensors(60, 20, 5);
  const at::Tensor weights = torch::ones({60}).requires_grad_();
  const at::NoGradGuard guard;
  EXPECT_TRUE(torch::equal(ops::decompose(t.embeddings, t.dictionary, {.atom_weights = weights}).values,
                           ops::decompose(t.embeddings, t.dictionary).values));
}

TEST(LibTorch, ThreadsMayCallAtOnce) {
  const Tensors t = sample_tensors();
  const at::Tensor expected = ops::decompose(t.embeddings, t.dictionary).values;
  const at::Tensor other = t.dictionary.flip(0).contiguous();
  const at::Tensor expected_other = ops::decompose(t.embeddings, other).values;
  std::vector<int> equal(4, 0);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < equal.size(); ++i) {
    threads.emplace_back([&, i] {
      equal[i] = 1;
      for (int repeat = 0; repeat < 5; ++repeat) {
        const bool second = (i + static_cast<std::size_t>(repeat)) % 2 == 1;
        const at::Tensor values = ops::decompose(t.embeddings, second ? other : t.dictionary).values;
        if (!torch::equal(values, second ? expected_other : expected)) equal[i] = 0;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(equal, ::testing::Each(1));
}

/// scripted.pt is written by write_scripted.py, in the torch that Python has.
TEST(LibTorch, AScriptedModuleRunsAndHasGradients) {
  const char* path = std::getenv("SPLICE_SCRIPTED_MODULE");
  if (path == nullptr || *path == '\0')
    FAIL() << "needs SPLICE_SCRIPTED_MODULE, which a Python with torch writes";
  torch::jit::Module module = torch::jit::load(path);
  const at::Tensor dictionary = module.attr("dictionary").toTensor();
  at::Tensor z = torch::randn({7, dictionary.size(1)}).requires_grad_();
  const at::Tensor weights = module.forward({z}).toTensor();
  EXPECT_TRUE(torch::equal(weights, ops::decompose_dense(z, dictionary, {.l1_penalty = 0.5}).weights));
  weights.square().sum().backward();
  EXPECT_GT(z.grad().abs().max().item<double>(), 0);
}

}  // namespace
}  // namespace splice_cuda
