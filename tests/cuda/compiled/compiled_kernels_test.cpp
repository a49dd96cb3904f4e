// Compiled kernels and their source give the same codes and reports, bit by bit.

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "cuda/emulation/emulated_devices.hpp"
#include "cuda/emulation/kept_settings.hpp"
#include "support/agreement.hpp"
#include "support/sample_problem.hpp"

namespace splice_cuda::testing {
namespace {

struct Call {
  std::string name;
  SampleProblem sample;
  DecomposeOptions options;
  bool from_code = false;  ///< starts from the codes of a first call
};
void PrintTo(const Call& call, std::ostream* out) { *out << call.name; }

Call call(std::string name, SampleProblem sample, float l1_penalty, const std::function<void(Call&)>& change = {}) {
  Call made{std::move(name), std::move(sample), {}};
  made.options.l1_penalty = l1_penalty;
  if (change) change(made);
  return made;
}

std::vector<Call> calls() {
  std::vector<Call> all;
  all.push_back(call("small_sets", sample_problem(900, 96, 40, 1), 0.5f));
  all.push_back(call("sets_of_every_size", sample_problem(400, 200, 12, 2), 0.05f));
  all.push_back(call("either_sign", sample_problem(300, 64, 12, 3), 0.2f, [](Call& c) { c.options.nonnegative = false; }));
  all.push_back(call("a_set_in_global_memory", row_of_many(300, 320, 200, 0.2f), 1e-3f));
  all.push_back(call("more_atoms_than_float32_holds", row_of_many(410, 416, 400, 0.2f), 1e-4f));
  all.push_back(call("some_rows", sample_problem(500, 32, 200, 4), 0.4f));
  all.push_back(call("primes", sample_problem(307, 37, 29, 5), 0.1f));
  all.push_back(call("one_atom", sample_problem(1, 16, 3, 6), 0.05f));
  all.push_back(call("from_a_code", sample_problem(220, 36, 10, 7), 0.1f, [](Call& c) { c.from_code = true; }));
  all.push_back(call("refit", sample_problem(220, 36, 10, 8), 0.2f, [](Call& c) { c.options.refit = true; }));
  all.push_back(call("target_l0", sample_problem(220, 48, 6, 9), 0.1f, [](Call& c) { c.options.target_l0 = 9; }));
  all.push_back(call("target_cosine", sample_problem(220, 48, 6, 10), 0.1f, [](Call& c) { c.options.target_cosine = 0.9f; }));
  const auto by = [](SolverKind kind) {
    return [kind](Call& c) {
      c.options.solve.solver = kind;
      c.options.solve.max_rounds = 60;
    };
  };
  all.push_back(call("fista", sample_problem(150, 36, 5, 11), 0.3f, by(SolverKind::fista)));
  all.push_back(call("admm", sample_problem(150, 36, 5, 12), 0.3f, by(SolverKind::admm)));
  all.push_back(call("admm_from_a_code", sample_problem(150, 36, 5, 13), 0.3f, [by](Call& c) {
    by(SolverKind::admm)(c);
    c.from_code = true;
  }));
  return all;
}

DecomposeResult decomposed(const Call& call) {
  const Context context(Device::cuda(0));
  const Dictionary dictionary(context, call.sample.atom_view());
  DecomposeOptions options = call.options;
  if (!call.from_code) return decompose(context, dictionary, call.sample.view(), options);
  options.l1_penalty = 2 * options.l1_penalty;
  const DecomposeResult first = decompose(context, dictionary, call.sample.view(), options);
  options.l1_penalty = call.options.l1_penalty;
  options.warm_start = &first.codes;
  return decompose(context, dictionary, call.sample.view(), options);
}

/// Of the compiled kernels, and of their source.
void expect_same_bits(const Call& call) {
  const DecomposeResult compiled = decomposed(call);
  const emulation::KeptSettings settings;
  ASSERT_NE(emulation::settings().runner, nullptr);
  emulation::settings().runner = nullptr;
  const DecomposeResult source = decomposed(call);
  EXPECT_EQ(difference(source, compiled), "");
  EXPECT_GT(source.codes.nnz(), 0);
}

class CompiledKernels : public ::testing::TestWithParam<Call> {};

TEST_P(CompiledKernels, HaveTheBitsOfTheirSource) { expect_same_bits(GetParam()); }

INSTANTIATE_TEST_SUITE_P(Calls, CompiledKernels, ::testing::ValuesIn(calls()), [](const auto& value) { return value.param.name; });

/// So many rows that screening takes its large blocks, by warpgroups and by warps; most of them are zeros.
TEST(CompiledScreening, OfManyRowsHasTheBitsOfItsSource) {
  const emulation::KeptSettings settings;
  emulation::settings().multiprocessors = 40;
  Call many = call("many_rows", sample_problem(400, 48, 8200, 14), 0.3f);
  for (std::size_t i = 0; i < many.sample.embeddings.size(); ++i) {
    if (i / 48 % 40 != 0) many.sample.embeddings[i] = 0;
  }
  for (const bool by_warpgroups : {false, true}) {
    if (by_warpgroups && !emulation::settings().warpgroup_products) continue;
    const emulation::KeptSettings with;
    emulation::settings().warpgroup_products = by_warpgroups;
    const char* const fused = by_warpgroups ? "screen_warpgroups_kernel" : "screen_fused_kernel";
    const std::int64_t before = emulation::launches_of(fused);
    expect_same_bits(many);
    if (emulation::settings().int8_tensor_cores) {
      EXPECT_GT(emulation::launches_of(fused), before);
    }
  }
}

}  // namespace
}  // namespace splice_cuda::testing
