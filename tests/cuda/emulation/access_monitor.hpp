#pragma once

/// @file access_monitor.hpp
/// Watches what the lanes of an emulated group read and write: two lanes without a barrier between them, reads of what
/// nobody wrote, and indices out of bounds.

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace splice_cuda::emulation {

/// Faults of all groups so far; kinds are told apart so that tests can name what they expect.
struct Faults {
  std::int64_t races = 0;
  std::int64_t out_of_bounds = 0;
  std::int64_t unwritten_reads = 0;
  std::int64_t divergent_collectives = 0;
  std::int64_t unfinished_copies = 0;  ///< accesses of what a copy was still bringing, and copies left behind
  std::int64_t misaligned_accesses = 0;
  std::int64_t unfinished_products = 0;  ///< writes to what a product still reads, and products left behind
  std::int64_t unpublished_reads = 0;    ///< by products, of what was written without publish_to_products and a barrier since
  std::string first;  ///< what the first one was
  bool stop_at_first = false;  ///< throw FaultFound at once

  std::int64_t total() const {
    return races + out_of_bounds + unwritten_reads + divergent_collectives + unfinished_copies + misaligned_accesses +
           unfinished_products + unpublished_reads;
  }
};

/// Of the whole program: kernels run on one thread at a time in it.
Faults& faults();

struct FaultFound {};

/// Barriers of watched groups, by file and line of the source: those passed, and one that is left out.
struct Barriers {
  using Site = std::pair<std::string_view, unsigned>;
  std::set<Site> passed;
  Site ignored;
};
Barriers& barriers();

/// One group's accesses, by address.
class AccessMonitor {
 public:
  /// Code outside phases, which runs on all lanes.
  static constexpr int every_lane = -1;
  /// Code that one warp's lanes run alike.
  static constexpr int lanes_of_warp(int warp) { return -2 - warp; }

  void begin_item() {
    cells_.clear();
    epoch_ = 1;
    published_ = seen_by_products_ = 0;
    lane_ = every_lane;
  }
  void barrier(const Barriers::Site& site) {
    barriers().passed.insert(site);
    if (site == barriers().ignored) return;
    ++epoch_;
    seen_by_products_ = published_;
  }
  void enter(int lane) { lane_ = lane; }
  int lane() const { return lane_; }

  /// @param shared  memory that is undefined when an item begins
  void read(const void* address, bool shared);
  void write(const void* address);
  /// An asynchronous copy to the address may write at any time from begin_copy on, until its lane waits: end_copy.
  void begin_copy(const void* address);
  void end_copy(const void* address, int lane);
  void report_unfinished_copies(std::size_t count);
  /// What lanes wrote and copies brought so far will be seen by products, after the next barrier.
  void publish() { published_ = ++writes_; }
  /// An asynchronous product of a warpgroup, whose first warp is entered, reads the address at any time until end_product.
  void begin_product(const void* address);
  void end_product(const void* address);
  void report_unfinished_products(std::size_t count);
  void report_misaligned_operand();
  void report_misaligned_access();
  void report_out_of_bounds(std::int64_t index, std::int64_t count);
  void report_divergence(const char* what);

 private:
  struct Cell {
    std::int32_t write_epoch = 0;
    std::int32_t read_epoch = 0;
    int writer = 0;
    int reader = 0;
    bool many_readers = false;
    bool being_copied_to = false;
    int products = 0;           ///< that read it
    std::int64_t written = 0;   ///< as counted by writes_
  };

  void race(const char* what);

  std::unordered_map<const void*, Cell> cells_;
  std::int32_t epoch_ = 1;
  std::int64_t writes_ = 0;            ///< goes up with each publish()
  std::int64_t published_ = 0;         ///< what was written before this
  std::int64_t seen_by_products_ = 0;  ///< published_ as of the last barrier
  int lane_ = every_lane;
};

}  // namespace splice_cuda::emulation
