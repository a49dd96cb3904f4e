#pragma once

/// @file host_group.hpp
/// The lane group of cuda/lane_group.hpp on the host: lanes run one after the other within a phase. A watched group checks
/// every access to its arrays (access_monitor.hpp); one that is not watched uses plain pointers.

#include <array>
#include <bit>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <source_location>
#include <type_traits>

#include "cuda/emulation/access_monitor.hpp"
#include "cuda/emulation/async_copies.hpp"
#include "cuda/emulation/async_products.hpp"
#include "cuda/emulation/warp_products.hpp"
#include "core/half.hpp"
#include "lane_group.hpp"

namespace splice_cuda::emulation {

/// In which order lanes run within a phase. No result may depend on it.
enum class LaneOrder : std::uint8_t { ascending, descending };

/// An element of a watched array.
template <class T>
class WatchedElement {
 public:
  using Value = std::remove_const_t<T>;

  WatchedElement(AccessMonitor* monitor, T* element, bool shared) : monitor_(monitor), element_(element), shared_(shared) {}
  operator Value() const {  // NOLINT(google-explicit-constructor): stands for the element
    monitor_->read(element_, shared_);
    return *element_;
  }
  WatchedElement& operator=(const Value& value) {
    monitor_->write(element_);
    *element_ = value;
    return *this;
  }
  WatchedElement& operator=(const WatchedElement& other) { return *this = static_cast<Value>(other); }
  WatchedElement(const WatchedElement&) = default;
  WatchedElement& operator+=(Value value) { return *this = static_cast<Value>(*this) + value; }
  WatchedElement& operator-=(Value value) { return *this = static_cast<Value>(*this) - value; }
  WatchedElement& operator*=(Value value) { return *this = static_cast<Value>(*this) * value; }

 private:
  AccessMonitor* monitor_;
  T* element_;
  bool shared_;
};

template <class T>
class WatchedArray {
 public:
  WatchedArray(AccessMonitor* monitor, T* data, std::int64_t count, bool shared)
      : monitor_(monitor), data_(data), count_(count), shared_(shared) {}
  WatchedElement<T> operator[](std::int64_t index) const {
    if (index < 0 || index >= count_) {
      monitor_->report_out_of_bounds(index, count_);
      return {monitor_, data_, shared_};
    }
    return {monitor_, data_ + index, shared_};
  }
  /// `count` elements from `index` on; null where they are not all in bounds.
  T* elements(std::int64_t index, std::int64_t count) const {
    if (index >= 0 && index + count <= count_) return data_ + index;
    monitor_->report_out_of_bounds(index, count_);
    return nullptr;
  }

 private:
  AccessMonitor* monitor_;
  T* data_;
  std::int64_t count_;
  bool shared_;
};

template <int lane_count, bool watched>
class HostGroup {
 public:
  static constexpr int size = lane_count;
  static constexpr int warp_count = lane_count / 32;
  static constexpr bool has_tensor_products = true;
  static constexpr bool has_warpgroup_products = true;

  /// Undefined at first, as registers are: all bits set, which is NaN for floating-point numbers.
  template <class T>
  class PerLane {
   public:
    PerLane() {
      if constexpr (std::is_trivially_copyable_v<T>) std::memset(static_cast<void*>(values_.data()), 0xFF, sizeof values_);
    }
    T& operator[](int lane) { return values_[static_cast<std::size_t>(lane)]; }
    const T& operator[](int lane) const { return values_[static_cast<std::size_t>(lane)]; }

   private:
    std::array<T, lane_count> values_;
  };

  template <class T>
  using Array = std::conditional_t<watched, WatchedArray<T>, T*>;

  /// @param shared   the group's shared memory: undefined at the start of an item
  /// @param dynamic  what of it is beside the kernel's Shared
  HostGroup(AccessMonitor& monitor, LaneOrder order, std::int64_t index, const void* shared, std::size_t shared_bytes,
            unsigned char* dynamic = nullptr)
      : HostGroup(monitor, order, index, static_cast<const unsigned char*>(shared),
                  static_cast<const unsigned char*>(shared) + shared_bytes, whole_group) {
    dynamic_ = dynamic;
  }
  ~HostGroup() {
    if constexpr (watched) {
      if (copies_.unfinished() > 0) monitor_.report_unfinished_copies(copies_.unfinished());
      if (products_.unfinished() > 0) monitor_.report_unfinished_products(products_.unfinished());
    }
  }
  HostGroup(const HostGroup&) = delete;
  HostGroup& operator=(const HostGroup&) = delete;

  template <class Body>
  void each(Body body) {
    collective("each");
    for (int i = 0; i < lane_count; ++i) {
      const int lane = order_ == LaneOrder::ascending ? i : lane_count - 1 - i;
      if constexpr (watched) monitor_.enter(first_lane() + lane);
      body(lane);
    }
    leave_phase();
  }

  template <class Body>
  void once(Body body) {
    collective("once");
    if constexpr (watched) monitor_.enter(first_lane());
    body();
    leave_phase();
  }

  template <class Body>
  void warps(Body body) {
    collective("warps");
    for (int i = 0; i < warp_count; ++i) {
      const int index = order_ == LaneOrder::ascending ? i : warp_count - 1 - i;
      HostGroup<32, watched> warp(monitor_, order_, index_, shared_begin_, shared_end_, index);
      if constexpr (watched) monitor_.enter(AccessMonitor::lanes_of_warp(index));
      body(warp, index);
    }
    leave_phase();
  }

  /// @param where  never given: the barrier's place in the kernel, by which a test leaves it out
  void sync(const std::source_location& where = std::source_location::current()) {
    collective("sync");
    if constexpr (watched) {
      if (warp_ != whole_group) monitor_.report_divergence("a barrier of one warp");
      monitor_.barrier({where.file_name(), where.line()});
    }
  }

  void keep_order() { collective("keep_order"); }

  template <class T, class Term>
  T sum(Term term) {
    return reduce<T>(term, [](T a, T b) { return static_cast<T>(a + b); });
  }
  template <class T, class Term>
  T max(Term term) {
    return reduce<T>(term, [](T a, T b) { return b > a ? b : a; });
  }
  template <class T, class Term>
  T min(Term term) {
    return reduce<T>(term, [](T a, T b) { return b < a ? b : a; });
  }

  template <class Test>
  int positions(Test test, PerLane<int>& position) {
    std::array<bool, lane_count> passes{};
    each([&](int lane) { passes[static_cast<std::size_t>(lane)] = test(lane); });
    int total = 0;
    for (int lane = 0; lane < lane_count; ++lane) {
      position[lane] = total;
      total += passes[static_cast<std::size_t>(lane)] ? 1 : 0;
    }
    return total;
  }

  template <class T>
  T broadcast(PerLane<T>& values, int source) {
    collective("broadcast");
    return values[source];
  }

  template <class T>
  Array<T> array(T* pointer, std::int64_t count) {
    if constexpr (watched) {
      const auto* address = reinterpret_cast<const unsigned char*>(pointer);
      return WatchedArray<T>(&monitor_, pointer, count, address >= shared_begin_ && address < shared_end_);
    } else {
      static_cast<void>(count);
      return pointer;
    }
  }

  template <class Floats>
  cuda::Four load4(const Floats& array, std::int64_t index) {
    check_alignment(array, index);
    return {{array[index], array[index + 1], array[index + 2], array[index + 3]}};
  }
  template <class Floats>
  void store4(Floats& array, std::int64_t index, const cuda::Four& four) {
    check_alignment(array, index);
    for (int e = 0; e < 4; ++e) array[index + e] = four.of[e];
  }

  template <class T, class Value>
  int place_of_lowest(int count, Value value, T bound) {
    std::array<T, lane_count> lowest{};
    std::array<int, lane_count> place{};
    each([&](int lane) {
      T& own = lowest[static_cast<std::size_t>(lane)] = bound;
      for (int k = lane; k < count; k += lane_count) {
        const T found = value(k);
        if (!(found < own)) continue;
        own = found;
        place[static_cast<std::size_t>(lane)] = k;
      }
    });
    int best = -1;
    for (std::size_t lane = 0; lane < lane_count; ++lane) {
      if (!(lowest[lane] < bound)) continue;
      const auto of_best = static_cast<std::size_t>(best < 0 ? 0 : best % lane_count);
      if (best < 0 || lowest[lane] < lowest[of_best] || (lowest[lane] == lowest[of_best] && place[lane] < best)) best = place[lane];
    }
    return best;
  }

  std::int64_t index() const { return index_; }
  unsigned char* dynamic_memory() { return dynamic_; }

  template <class T>
  void copy_async(Array<T> to, int index, const T* from, bool present) {
    static_assert(AsyncCopies::bytes % sizeof(T) == 0);
    T* target = nullptr;
    if constexpr (watched) {
      if (monitor_.lane() == all_lanes()) monitor_.report_divergence("a copy outside phases");
      target = to.elements(index, AsyncCopies::bytes / sizeof(T));
      if (target == nullptr) return;
    } else {
      target = to + index;
    }
    const auto* source = present ? reinterpret_cast<const unsigned char*>(from) : nullptr;
    copies_.issue({reinterpret_cast<unsigned char*>(target), source, sizeof(T), 0}, monitor());
  }
  void commit_copies() {
    collective("commit_copies");
    copies_.commit();
  }
  template <int but>
  void wait_copies() {
    collective("wait_copies");
    copies_.wait(but, monitor());
  }

  template <class At, class Registers>
  void load_matrices(Array<cuda::Chunk> chunks, At at, Registers registers) {
    static_assert(lane_count == 32);
    std::array<cuda::Chunk, 32> rows{};  // of four matrices
    each([&](int lane) { rows[static_cast<std::size_t>(lane)] = chunks[at(lane)]; });
    for (int lane = 0; lane < 32; ++lane) {
      for (int matrix = 0; matrix < 4; ++matrix) {
        const cuda::Chunk& row = rows[static_cast<std::size_t>(8 * matrix + cuda::lane_group_of(lane))];
        registers(lane)[matrix] = row.words[cuda::lane_in_quad(lane)];
      }
    }
  }

  template <class Rows, class Columns, class Sums>
  void multiply_add_s8(Rows rows, Columns columns, Sums sums) {
    static_assert(lane_count == 32);
    collective("multiply_add_s8");
    multiply_add<ByteOperands>(rows, columns, sums);
  }

  void publish_to_products() {
    collective("publish_to_products");
    if constexpr (watched) monitor_.publish();
  }
  template <int column_count, class RowAt, class ColumnAt, class Sums>
  void multiply_async(Array<cuda::Chunk> rows, RowAt row_at, Array<cuda::Chunk> columns, ColumnAt column_at, bool keep,
                      Sums sums) {
    static_assert(lane_count % cuda::warpgroup_lanes == 0);
    collective("multiply_async");
    for (int group = 0; group < lane_count / cuda::warpgroup_lanes; ++group) {
      const std::uint64_t a = operand(rows, row_at(group), cuda::warpgroup_rows);
      const std::uint64_t b = operand(columns, column_at(group), column_count);
      AsyncProducts::LaneSums registers{};
      for (int lane = 0; lane < cuda::warpgroup_lanes; ++lane) {
        registers[static_cast<std::size_t>(lane)] = sums(group * cuda::warpgroup_lanes + lane);
      }
      for (std::uint64_t step = 0; step < 2; ++step) {
        products_.issue({SwizzledOperand(dynamic_, a + step * cuda::descriptor_step),
                         SwizzledOperand(dynamic_, b + step * cuda::descriptor_step), column_count, keep || step > 0, group,
                         registers}, monitor());
      }
    }
    products_.commit();
    leave_phase();
  }
  template <int but, int column_count, class Sums>
  void wait_products(Sums) {
    collective("wait_products");
    products_.wait(but, monitor());
    leave_phase();
  }

  template <class Rows, class Columns, class Sums>
  void multiply_add_half(Rows rows, Columns columns, Sums sums) {
    static_assert(lane_count == 32);
    collective("multiply_add_half");
    multiply_add<HalfOperands>(rows, columns, sums);
  }

  template <int n, class Terms, class T>
  void sum_each(Terms terms, PerLane<T>& totals) {
    static_assert(lane_count == 32 && n >= 1 && n <= 32 && (n & (n - 1)) == 0);
    std::array<T, n> sums{};
    for (int i = 0; i < n; ++i) sums[static_cast<std::size_t>(i)] = sum<T>([&](int lane) { return terms(lane)[i]; });
    for (int lane = 0; lane < lane_count; ++lane) totals[lane] = sums[static_cast<std::size_t>(lane * n / 32)];
    for (int lane = 0; lane < lane_count; ++lane) std::memset(terms(lane), 0xFF, n * sizeof(T));
  }

  template <int n, class Terms, class T>
  void sum_each_half(Terms terms, PerLane<T>& totals) {
    static_assert(lane_count == 32 && n >= 1 && n <= 16 && (n & (n - 1)) == 0);
    collective("sum_each_half");
    for (int first = 0; first < 32; first += 16) {
      for (int i = 0; i < n; ++i) {
        std::array<T, 16> values{};
        for (int lane = 0; lane < 16; ++lane) values[static_cast<std::size_t>(lane)] = terms(first + lane)[i];
        for (std::size_t offset = 8; offset > 0; offset /= 2) {
          const std::array<T, 16> before = values;
          for (std::size_t lane = 0; lane < 16; ++lane) values[lane] = before[lane] + before[lane ^ offset];
        }
        for (int lane = i * 16 / n; lane < (i + 1) * 16 / n; ++lane) totals[first + lane] = values[0];
      }
      for (int lane = first; lane < first + 16; ++lane) std::memset(terms(lane), 0xFF, n * sizeof(T));
    }
  }

  template <int n, class Terms>
  void add_other_half(Terms terms) {
    static_assert(lane_count == 32);
    collective("add_other_half");
    for (int lane = 0; lane < 16; ++lane) {
      for (int i = 0; i < n; ++i) terms(lane)[i] = terms(lane + 16)[i] = terms(lane)[i] + terms(lane + 16)[i];
    }
  }

  template <class Word>
  void or_quads(Word word) {
    static_assert(lane_count == 32);
    collective("or_quads");
    for (int first = 0; first < 32; first += 4) {
      const std::uint32_t all = word(first) | word(first + 1) | word(first + 2) | word(first + 3);
      for (int lane = first; lane < first + 4; ++lane) word(lane) = all;
    }
  }

  static void give_up() { std::abort(); }
  static std::int32_t dot_bytes(std::uint32_t a, std::uint32_t b, std::int32_t sum) {
    for (int byte = 0; byte < 4; ++byte) sum += static_cast<std::int8_t>(a >> (8 * byte)) * static_cast<std::int8_t>(b >> (8 * byte));
    return sum;
  }
  static std::int32_t count_up(std::int32_t* counter) { return (*counter)++; }
  static float float_of(Float16 half) { return to_float(half); }
  static Float16 half_of(float value) { return to_float16(value); }
  static int count_bits(std::uint32_t word) { return std::popcount(word); }
  static int lowest_bit(std::uint32_t word) { return std::countr_zero(word); }

 private:
  template <int, bool>
  friend class HostGroup;

  static constexpr int whole_group = -1;

  HostGroup(AccessMonitor& monitor, LaneOrder order, std::int64_t index, const unsigned char* shared_begin,
            const unsigned char* shared_end, int warp)
      : monitor_(monitor), order_(order), index_(index), shared_begin_(shared_begin), shared_end_(shared_end), warp_(warp) {}

  int first_lane() const { return warp_ == whole_group ? 0 : 32 * warp_; }
  /// Where code outside phases runs: on all lanes of this group.
  int all_lanes() const { return warp_ == whole_group ? AccessMonitor::every_lane : AccessMonitor::lanes_of_warp(warp_); }
  AccessMonitor* monitor() { return watched ? &monitor_ : nullptr; }
  void leave_phase() {
    if constexpr (watched) monitor_.enter(all_lanes());
  }
  void collective(const char* what) {
    if constexpr (watched) {
      if (monitor_.lane() != all_lanes()) monitor_.report_divergence(what);
    }
  }

  /// Of four numbers that are moved at once.
  template <class Floats>
  void check_alignment(const Floats& array, std::int64_t index) {
    if constexpr (watched) {
      if (address_of(array, index) % (4 * sizeof(float)) != 0) monitor_.report_misaligned_access();
    }
  }
  template <class T>
  static std::uintptr_t address_of(T* array, std::int64_t index) {
    return reinterpret_cast<std::uintptr_t>(array + index);
  }
  template <class T>
  static std::uintptr_t address_of(const WatchedArray<T>& array, std::int64_t index) {
    return reinterpret_cast<std::uintptr_t>(array.elements(index, 4));  // null, which passes, out of bounds: told of anyway
  }

  /// Of a product of warpgroups, whose `count` rows of 64 bytes begin at chunk `index`.
  std::uint64_t operand(const Array<cuda::Chunk>& chunks, int index, int count) {
    const cuda::Chunk* first = nullptr;
    if constexpr (watched) {
      first = chunks.elements(index, count * static_cast<std::int64_t>(cuda::swizzled_row_bytes / sizeof(cuda::Chunk)));
      if (first == nullptr) first = chunks.elements(0, 1);
    } else {
      first = chunks + index;
    }
    const auto address = static_cast<std::uint32_t>(reinterpret_cast<const unsigned char*>(first) - dynamic_);
    if constexpr (watched) {
      if (address % cuda::matrix_alignment != 0) monitor_.report_misaligned_operand();
    }
    return cuda::matrix_descriptor(address);
  }

  /// In the order of the GPU's: butterflies within 32 lanes, then one warp after the other.
  template <class T, class Term, class Combine>
  T reduce(Term term, Combine combine) {
    std::array<T, lane_count> values{};
    each([&](int lane) { values[static_cast<std::size_t>(lane)] = term(lane); });
    for (std::size_t offset = 16; offset > 0; offset /= 2) {
      const std::array<T, lane_count> before = values;
      for (std::size_t lane = 0; lane < lane_count; ++lane) values[lane] = combine(before[lane], before[lane ^ offset]);
    }
    T total = values[0];
    for (std::size_t warp = 32; warp < lane_count; warp += 32) total = combine(total, values[warp]);
    return total;
  }

  AccessMonitor& monitor_;
  LaneOrder order_;
  std::int64_t index_;
  const unsigned char* shared_begin_;
  const unsigned char* shared_end_;
  int warp_;  ///< of its block, where this is one
  unsigned char* dynamic_ = nullptr;
  AsyncCopies copies_;
  AsyncProducts products_;
};

}  // namespace splice_cuda::emulation
