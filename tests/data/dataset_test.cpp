// What is C++'s own: errors of arguments, threads, writing. Layouts are compared with their makers in Python.

#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "data/brace_list.hpp"
#include "data/car_name.hpp"
#include "io/scratch_folder.hpp"
#include "io/thrown_message.hpp"
#include "splice_cuda/dataset.hpp"

namespace splice_cuda::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

RecordTable small_table() {
  RecordTable table;
  table.set("a", {"1", "2", "3"});
  table.set("b", {"x,y", "", "\"q\"\r\n"});
  return table;
}

TEST(Records, RowsAreTakenInTheOrderGiven) {
  const std::vector<std::int64_t> rows = {2, 0, 2};
  const RecordTable taken = take_records(small_table(), rows);
  EXPECT_THAT(taken.column("a"), ElementsAre("3", "1", "3"));
  EXPECT_THAT(taken.column("b"), ElementsAre("\"q\"\r\n", "x,y", "\"q\"\r\n"));
  EXPECT_EQ(take_records(small_table(), {}).rows(), 0);
  for (const std::int64_t wrong : {std::int64_t{-1}, std::int64_t{3}}) {
    EXPECT_THAT(argument_error([&] { take_records(small_table(), std::span(&wrong, 1)); }), HasSubstr("rows: got " + std::to_string(wrong)));
  }
}

TEST(Records, WrittenAsRfc4180) {
  const ScratchFolder scratch;
  write_records(scratch.path("t.csv"), small_table());
  EXPECT_EQ(scratch.read("t.csv"), "a,b\n1,\"x,y\"\n2,\n3,\"\"\"q\"\"\r\n\"\n");
  EXPECT_THAT(read_records(scratch.path("t.csv")).column("b"), ElementsAre("x,y", "", "\"q\"\r\n"));
  EXPECT_THAT(file_error([&] { write_records(scratch.path("none/t.csv"), small_table()); }), HasSubstr("none"));
}

TEST(Records, ManyRowsAreWrittenWhole) {
  const ScratchFolder scratch;
  std::vector<std::string> values;
  for (int i = 0; i < 50000; ++i) values.push_back("value " + std::to_string(i));
  RecordTable table;
  table.set("v", values);
  write_records(scratch.path("t.csv"), table);
  EXPECT_EQ(read_records(scratch.path("t.csv")).column("v"), values);
}

TEST(Records, WaitingCanBeStopped) {
  const ScratchFolder scratch;
  RecordFileOptions options;
  options.stop = [] { throw CancelledError("enough"); };
  EXPECT_THROW(read_records(scratch.write("t.csv", "a\n1\n"), options), CancelledError);
}

TEST(BraceList, Expands) {
  EXPECT_THAT(data::expand_braces("a-{08..11}.tar"), ElementsAre("a-08.tar", "a-09.tar", "a-10.tar", "a-11.tar"));
  EXPECT_THAT(data::expand_braces("{x,y}{1..2}"), ElementsAre("x1", "x2", "y1", "y2"));
  EXPECT_THAT(data::expand_braces("plain"), ElementsAre("plain"));
  EXPECT_THAT(data::expand_braces(""), ElementsAre(""));
  EXPECT_THAT(data::expand_braces("{}b{,c}"), ElementsAre("b", "bc"));
}

TEST(CarName, Parts) {
  const auto parts = [](const std::string& name) {
    const data::CarName car = data::parse_car_name(name);
    return car.make + "|" + car.model + "|" + car.year;
  };
  EXPECT_EQ(parts("AM General Hummer SUV 2000"), "AM General|Hummer SUV|2000");
  EXPECT_EQ(parts("BMW 3 Series Wagon 2012"), "BMW|3 Series Wagon|2012");
  EXPECT_EQ(parts("Mazda Tribute"), "Mazda|Tribute|");
  EXPECT_EQ(parts("2012"), "2012||");
  EXPECT_EQ(parts(""), "||");
  EXPECT_EQ(parts(" 2012"), "||2012");
}

class SmallCifar : public ::testing::Test {
 protected:
  SmallCifar() {
    scratch_.write("batches.meta.txt", "zero\none\n");
    std::string batch;
    for (int i = 0; i < 6; ++i) batch += static_cast<char>(i % 2) + std::string(3072, static_cast<char>(10 * i));
    scratch_.write("data_batch_1.bin", batch);
  }
  ScratchFolder scratch_;
};

TEST_F(SmallCifar, WrongArguments) {
  const Dataset dataset = Dataset::open("cifar10", scratch_.root());
  EXPECT_EQ(dataset.size(), 6);
  for (const std::int64_t index : {std::int64_t{-1}, std::int64_t{6}}) {
    EXPECT_THAT(argument_error([&] { dataset.image(index); }), AllOf(HasSubstr("index: got " + std::to_string(index)), HasSubstr("0 to 5")));
    EXPECT_THAT(argument_error([&] { dataset.name(index); }), HasSubstr("index"));
  }
  EXPECT_THAT(file_error([&] { dataset.image(0, 1023); }), HasSubstr("1024 pixels"));
  EXPECT_THAT(argument_error([&] { Dataset::open("cifar11", scratch_.root()); }), AllOf(HasSubstr("kind: got 'cifar11'"), HasSubstr("cifar10")));
  EXPECT_THAT(argument_error([&] { Dataset::open("cifar10", ""); }), HasSubstr("path"));
  EXPECT_THAT(argument_error([&] { Dataset::open("cifar10:"); }), HasSubstr("KIND:PATH"));
  DatasetOptions options;
  options.limit = -1;
  EXPECT_THAT(argument_error([&] { Dataset::open("cifar10", scratch_.root(), options); }), HasSubstr("limit: got -1"));
  EXPECT_EQ(Dataset::kinds().size(), 15u);
}

TEST_F(SmallCifar, PicturesAreReadOnManyThreads) {
  const Dataset dataset = Dataset::open("cifar10:" + scratch_.root().string());
  std::vector<std::thread> threads;
  std::vector<int> wrong(8, 0);
  for (std::size_t t = 0; t < wrong.size(); ++t) {
    threads.emplace_back([&, t] {
      for (std::int64_t k = 0; k < 60; ++k) {
        const std::int64_t index = (k + static_cast<std::int64_t>(t)) % 6;
        const Image image = dataset.image(index);
        if (image.pixels != std::vector<std::uint8_t>(3072, static_cast<std::uint8_t>(10 * index))) ++wrong[t];
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(wrong, ::testing::Each(0));
}

}  // namespace
}  // namespace splice_cuda::testing
