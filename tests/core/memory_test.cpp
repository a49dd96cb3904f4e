// Memory: the limit is kept and said when it is too low, and a machine that has less than the limit gets smaller tiles.

#include <charconv>
#include <new>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/solver_names.hpp"
#include "core/fitting_tile.hpp"
#include "core/memory_errors.hpp"
#include "io/thrown_message.hpp"
#include "support/agreement.hpp"
#include "support/sample_problem.hpp"

namespace splice_cuda::testing {
namespace {

class MemoryLimit : public EachSolver {
 protected:
  DecomposeResult solve(std::size_t limit, int threads) const {
    const Context context(Device::cpu(), {.threads = threads, .memory_limit_bytes = limit});
    return decompose(context, Dictionary(context, sample.atom_view()), sample.view(), options());
  }
  std::string refusal(std::size_t limit) const {
    return thrown_message<OutOfMemoryError>([&] { solve(limit, 1); });
  }
  /// The bytes that a refusal asks for.
  static std::size_t need(const std::string& message) {
    const std::string before = "expected at least ";
    const std::size_t at = message.find(before);
    std::size_t bytes = 0;
    if (at != std::string::npos) std::from_chars(message.data() + at + before.size(), message.data() + message.size(), bytes);
    return bytes;
  }

  SampleProblem sample = sample_problem(150, 24, 40, 61);
};

TEST_P(MemoryLimit, TooLittleNamesTheLimitAndTheNeed) {
  const std::string message = refusal(1000);
  EXPECT_THAT(message, ::testing::StartsWith("memory_limit_bytes: got 1000, expected at least "));
  EXPECT_GT(need(message), 1000u);
  EXPECT_THAT(refusal(1), ::testing::HasSubstr("got 1,"));
}

TEST_P(MemoryLimit, WhatTheRefusalAsksForIsJustEnough) {
  const std::size_t enough = need(refusal(1000));
  EXPECT_EQ(need(refusal(enough - 1)), enough);
  const DecomposeResult roomy = solve(std::size_t{1} << 30, 2);
  EXPECT_EQ(difference(roomy, solve(enough, 1)), "");
  EXPECT_EQ(difference(roomy, solve(enough, 2)), "") << "one of two workers gets no tile";
}

SPLICE_EACH_SOLVER(MemoryLimit);

TEST(DefaultMemoryLimit, IsTheCpusWhereNoneIsGiven) {
  EXPECT_EQ(Context().options().memory_limit_bytes, std::size_t{256} << 20);
  EXPECT_EQ(Context(Device::cpu(), {.memory_limit_bytes = 1}).options().memory_limit_bytes, 1u);
  EXPECT_EQ(Context().with_callbacks({}, {}).options().memory_limit_bytes, std::size_t{256} << 20);
}

/// A tile that only remembers its size.
class EmptyTile final : public TileSolver {
 public:
  explicit EmptyTile(std::int64_t rows) : rows_(rows) {}
  std::int64_t capacity() const override { return rows_; }
  std::int64_t occupied() const override { return 0; }
  void prepare(std::int64_t, std::int64_t) override {}
  void screen() override {}
  void solve() override {}
  void certify() override {}
  void compact(RowSink&) override {}

 private:
  std::int64_t rows_;
};

/// A machine with memory for tiles of at most `most` rows.
class SmallMachine final : public Backend {
 public:
  enum class Failure { bad_alloc, out_of_memory_error, other };
  SmallMachine(std::int64_t most, Failure failure) : most_(most), failure_(failure) {}

  Device device() const override { return Device::cpu(); }
  int workers() const override { return 1; }
  std::shared_ptr<const DictionaryData> make_dictionary(const AtomSource&) const override { return nullptr; }
  TileCost tile_cost(const Problem&) const override { return {}; }
  std::unique_ptr<TileSolver> make_tile_solver(const Problem&, std::int64_t rows) const override {
    asked.push_back(rows);
    if (rows <= most_) return std::make_unique<EmptyTile>(rows);
    switch (failure_) {
      case Failure::bad_alloc: throw std::bad_alloc();
      case Failure::out_of_memory_error: throw OutOfMemoryError("out of memory: 512 bytes for a row");
      case Failure::other: break;
    }
    throw DeviceError("the device is gone");
  }
  void certify(const Problem&, const SparseCodes&, std::int64_t, std::span<RowReport>) const override {}
  void recompose(const DictionaryData&, const SparseCodes&, std::int64_t, std::int64_t, MatrixView<float>) const override {}

  mutable std::vector<std::int64_t> asked;

 private:
  std::int64_t most_;
  Failure failure_;
};

using Failure = SmallMachine::Failure;

TEST(FittingTile, IsHalvedUntilItFits) {
  for (const Failure failure : {Failure::bad_alloc, Failure::out_of_memory_error}) {
    const SmallMachine machine(10, failure);
    EXPECT_EQ(make_fitting_tile(machine, {}, 64)->capacity(), 8);
    EXPECT_EQ(machine.asked, (std::vector<std::int64_t>{64, 32, 16, 8}));
    const SmallMachine tiny(1, failure);
    EXPECT_EQ(make_fitting_tile(tiny, {}, 3)->capacity(), 1);
  }
}

TEST(FittingTile, NotEvenOneRow) {
  const SmallMachine machine(0, Failure::bad_alloc);
  EXPECT_EQ(thrown_message<OutOfMemoryError>([&] { make_fitting_tile(machine, {}, 5); }),
            "out of memory for a tile of one row");
  EXPECT_EQ(machine.asked, (std::vector<std::int64_t>{5, 2, 1}));
  const SmallMachine telling(0, Failure::out_of_memory_error);
  EXPECT_EQ(thrown_message<OutOfMemoryError>([&] { make_fitting_tile(telling, {}, 5); }),
            "out of memory: 512 bytes for a row");
}

TEST(FittingTile, AnotherFailureIsNotTriedAgain) {
  const SmallMachine machine(0, Failure::other);
  EXPECT_THROW(make_fitting_tile(machine, {}, 64), DeviceError);
  EXPECT_EQ(machine.asked.size(), 1u);
}

TEST(MemoryErrors, SayWhatWasBeingDone) {
  EXPECT_EQ(with_memory_errors("counting", [] { return 3; }), 3);
  EXPECT_EQ(thrown_message<OutOfMemoryError>([] { with_memory_errors("counting", [] { throw std::bad_alloc(); }); }),
            "out of memory while counting");
  EXPECT_THROW(with_memory_errors("counting", [] { throw DeviceError("gone"); }), DeviceError);
}

}  // namespace
}  // namespace splice_cuda::testing
