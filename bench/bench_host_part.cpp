// The host's part of a call on a device: what is left where the device takes no time.
//
//   bench_host_part results ROWS ENTRIES [CALLS]   results of ROWS rows with ENTRIES entries each to host memory
//   bench_host_part rows ROWS DIM THREADS [CALLS]  ROWS float32 rows to page-locked slots, by so many threads
//
// One JSON line: microseconds a row in each call, and their median. Fresh memory is part of every call, as it is of a program's.

#include <algorithm>
#include <cstdint>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "instant_device.hpp"
#include "machine.hpp"
#include "splice_cuda/decompose.hpp"
#include "staging_ring.hpp"
#include "statistics.hpp"
#include "stopwatch.hpp"

namespace {

using namespace splice_cuda;
using namespace splice_cuda::bench;

/// A link that takes no time. Pages are plain ones, touched beforehand.
struct InstantLink {
  using Stream = int;
  using Mark = char*;
  void enter() const {}
  void* lock(std::size_t bytes) const { return new unsigned char[bytes](); }
  void unlock(void* memory) const noexcept { delete[] static_cast<unsigned char*>(memory); }
  Mark make_mark() const { return new char(); }
  void destroy(Mark mark) const noexcept { delete mark; }
  void set(Mark, Stream) const {}
  void wait(Mark) const {}
  void try_to_wait(Mark) const noexcept {}
  void copy_rows(const cuda::RowCopy&, Stream) const {}
};

template <class Call>
nlohmann::json timed(std::int64_t rows, int calls, Call call) {
  std::vector<double> micros;
  for (int i = 0; i < calls; ++i) micros.push_back(seconds_of(call) * 1e6 / static_cast<double>(rows));
  return {{"us_a_row", median(micros)}, {"calls_us_a_row", micros}};
}

nlohmann::json results(std::int64_t rows, std::int64_t entries, int calls) {
  instant_entries() = entries;
  constexpr std::int64_t dim = 4;  // nobody reads the rows
  const std::vector<float> embeddings(static_cast<std::size_t>(rows * dim), 1.0f);
  const std::vector<float> atoms(static_cast<std::size_t>(entries * dim), 1.0f);
  const Context context(Device::cuda(0));
  const Dictionary dictionary(context, MatrixView<const float>{atoms.data(), entries, dim, dim});
  const MatrixView<const float> view{embeddings.data(), rows, dim, dim};
  decompose(context, dictionary, view.slice(0, std::min<std::int64_t>(rows, 1024)));  // makes the device's results
  return timed(rows, calls, [&] { decompose(context, dictionary, view); });
}

nlohmann::json rows_to_slots(std::int64_t rows, std::int64_t dim, int threads, int calls) {
  const std::size_t row_bytes = static_cast<std::size_t>(dim) * sizeof(float);
  const std::vector<float> embeddings(static_cast<std::size_t>(rows * dim), 1.0f);
  cuda::StagingRing<InstantLink> ring(InstantLink{}, threads);
  nlohmann::json figures =
      timed(rows, calls, [&] { ring.copy_rows({nullptr, row_bytes, embeddings.data(), row_bytes, row_bytes, rows}, 0); });
  figures["gigabytes_a_second"] = static_cast<double>(row_bytes) / figures["us_a_row"].get<double>() / 1e3;
  return figures;
}

int positive(const std::string& text) {
  const int value = std::stoi(text);
  if (value < 1) throw std::invalid_argument(text + " given, expected a number of 1 or more");
  return value;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  const auto number = [&](std::size_t i, int otherwise) { return i < arguments.size() ? positive(arguments[i]) : otherwise; };
  try {
    nlohmann::json figures;
    if (arguments.size() >= 3 && arguments[0] == "results") {
      figures = results(number(1, 0), number(2, 0), number(3, 5));
    } else if (arguments.size() >= 4 && arguments[0] == "rows") {
      figures = rows_to_slots(number(1, 0), number(2, 0), number(3, 0), number(4, 5));
    } else {
      std::cerr << "usage: bench_host_part results ROWS ENTRIES [CALLS] | bench_host_part rows ROWS DIM THREADS [CALLS]\n";
      return 2;
    }
    figures["build"] = describe_build();
    std::cout << figures.dump() << '\n';
  } catch (const std::exception& error) {
    std::cerr << "bench_host_part: " << error.what() << '\n';
    return 1;
  }
  return 0;
}
