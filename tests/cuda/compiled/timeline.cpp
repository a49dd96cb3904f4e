#include "cuda/compiled/timeline.hpp"

#include <algorithm>
#include <initializer_list>
#include <set>
#include <string_view>

namespace splice_cuda::compiled {
namespace {

enum class Unit : std::uint8_t { main, memory, special, half_rate, matrix, count };
/// Order that memory keeps within a piece.
enum class Access : std::uint8_t { none, load, constant_load, store };

constexpr int near_latency_shared = 29;
constexpr int near_latency = 40;  // of the first level's cache
constexpr int far_latency = 270;  // of the second level's
constexpr std::size_t line_bytes = 128;
constexpr std::size_t sector_bytes = 32;  // what is read at once from the second level
constexpr std::size_t near_sectors = 16 * 1024 / sector_bytes;  // of the first level's cache: a twelfth of what shared memory leaves

}  // namespace

const char* name_of(Wait wait) {
  constexpr std::array<const char*, static_cast<std::size_t>(Wait::count)> names = {
      "issue", "arithmetic", "shared", "L1", "L2", "exchange", "product", "jump", "barrier"};
  return names[static_cast<std::size_t>(wait)];
}

struct Timeline::Timing {
  Unit unit = Unit::main;
  int busy = 1;     ///< cycles that its unit takes no other one of the warp
  int latency = 4;  ///< until its result can be used
  Wait wait = Wait::arithmetic;
  Access access = Access::none;
  std::size_t bytes = 0;  ///< of a lane
};

struct Timeline::Executed {
  Value* values = nullptr;
  const Instruction* instruction = nullptr;
  const Timing* timing = nullptr;
  int function = 0;
  int at = 0;
  int busy = 1;
  int latency = 0;
  Wait wait = Wait::issue;
};

struct Timeline::Value {
  std::int64_t ready = 0;
  std::int64_t warp = -1;
  int function = 0;
  int at = 0;
  Wait wait = Wait::issue;
};

struct Timeline::Clock {
  std::int64_t number = 0;
  std::int64_t now = 0;
  std::int64_t waited = 0;  ///< for other warps, at the barrier that comes next
  std::array<std::int64_t, static_cast<std::size_t>(Unit::count)> free{};
  std::vector<Executed> piece;
  const Lanes* frame = nullptr;
  std::list<std::uint64_t> recent;
  std::unordered_map<std::uint64_t, std::list<std::uint64_t>::iterator> near;
};

namespace {

bool has(std::string_view name, std::string_view part) { return name.find(part) != std::string_view::npos; }

std::size_t bytes_of(std::string_view name) {
  std::size_t bytes = name.ends_with("64") ? 8 : name.ends_with("32") ? 4 : name.ends_with("16") ? 2 : 1;
  if (has(name, ".v2")) bytes *= 2;
  if (has(name, ".v4")) bytes *= 4;
  return bytes;
}

/// Different pieces of memory, of `size` bytes, that the lanes touch.
std::set<std::uint64_t> parts_of(const Step& step, std::size_t bytes, std::size_t size) {
  std::set<std::uint64_t> parts;
  step.each([&](std::size_t lane) {
    const std::uint64_t address = step.from(0)[lane] + static_cast<std::uint64_t>(step.instruction.offset);
    for (std::uint64_t at = address / size; at <= (address + bytes - 1) / size; ++at) parts.insert(at);
  });
  return parts;
}

/// Each bank of shared memory gives a word at a time.
int turns_of_banks(const Step& step, std::size_t bytes) {
  std::array<int, 32> turns{};
  for (const std::uint64_t word : parts_of(step, bytes, 4)) ++turns[word % turns.size()];
  return *std::max_element(turns.begin(), turns.end());
}

}  // namespace

const Timeline::Timing& Timeline::timing(const Instruction& instruction) const { return timings_.at(instruction.name); }

/// Latencies of about what microbenchmarks of compute capability 8.0 and 9.0 tell (those of memory without others that want it):
/// Abdelkhalik et al., "Demystifying the NVIDIA Ampere architecture through microbenchmarking", 2022; Luo et al., "Benchmarking and
/// dissecting the NVIDIA Hopper GPU architecture via microbenchmarking", 2024. Units that take more than one cycle of a warp:
/// CUDA C++ Programming Guide, "Arithmetic Instructions".
Timeline::Timing Timeline::timing_of(const Instruction& instruction) {
  const std::string_view name = *instruction.name;
  const auto begins = [&](std::initializer_list<std::string_view> words) {
    return std::any_of(words.begin(), words.end(), [&](std::string_view word) { return name.starts_with(word); });
  };
  // A call's own parameters stay in registers.
  if (has(name, ".param")) return {Unit::main, 1, 4, Wait::arithmetic, Access::none, 0};
  if (begins({"ldmatrix"})) return {Unit::memory, 1, near_latency_shared, Wait::shared, Access::load, 16};
  if (begins({"ld.", "st."})) {
    const Access access = begins({"st."}) ? Access::store : has(name, ".nc") ? Access::constant_load : Access::load;
    if (has(name, ".shared")) return {Unit::memory, 1, near_latency_shared, Wait::shared, access, bytes_of(name)};
    return {Unit::memory, 1, near_latency, Wait::first_level, access, bytes_of(name)};
  }
  if (begins({"atom"})) return {Unit::memory, 1, 400, Wait::second_level, Access::store, 0};
  if (begins({"cp.async"})) return {Unit::memory, 1, 4, Wait::first_level, Access::store, 0};
  if (begins({"shfl"})) return {Unit::memory, 1, 23, Wait::exchange, Access::none, 0};
  if (begins({"vote", "redux"})) return {Unit::special, 2, 14, Wait::exchange, Access::none, 0};
  if (begins({"mma", "wgmma"})) return {Unit::matrix, 8, 33, Wait::product, Access::none, 0};
  if (instruction.meeting == Meeting::block) return {Unit::main, 1, 20, Wait::barrier, Access::store, 0};
  if (instruction.meeting == Meeting::barrier || begins({"fence", "membar"})) return {Unit::main, 1, 6, Wait::barrier, Access::store, 0};
  if (instruction.flow == Flow::branch) return {Unit::main, 1, 8, Wait::jump, Access::store, 0};
  if (instruction.flow != Flow::next) return {Unit::main, 1, 20, Wait::jump, Access::store, 0};
  const bool divides = begins({"div", "rem", "sqrt", "rcp"});
  if (has(name, "f64")) return {Unit::half_rate, divides ? 30 : 2, divides ? 200 : 16, Wait::arithmetic, Access::none, 0};
  if (divides) return {Unit::main, 10, 50, Wait::arithmetic, Access::none, 0};
  if (begins({"popc", "clz", "brev", "bfind"})) return {Unit::special, 8, 14, Wait::arithmetic, Access::none, 0};
  if (begins({"cvt.r"}) && !has(name, "f16")) return {Unit::special, 4, 10, Wait::arithmetic, Access::none, 0};
  if (begins({"setp"})) return {Unit::main, 1, 10, Wait::arithmetic, Access::none, 0};  // a predicate, which is to be waited for
  if (has(name, "64") && !begins({"mov"})) return {Unit::main, 2, 8, Wait::arithmetic, Access::none, 0};
  if (begins({"mul.", "mad.", "dp4a"}) && !name.ends_with("f32")) return {Unit::half_rate, 2, 4, Wait::arithmetic, Access::none, 0};
  return {};
}

Timeline::Timeline(const Program& program) : program_(program) {
  for (const Function& function : program.functions) {
    waits_.emplace_back(function.code.size(), Cycles{});
    far_bytes_.emplace_back(function.code.size(), 0);
    targets_.emplace_back(function.code.size(), false);
    for (const Instruction& instruction : function.code) {
      if (instruction.flow == Flow::branch) targets_.back()[static_cast<std::size_t>(instruction.target)] = true;
      timings_.try_emplace(instruction.name, timing_of(instruction));
    }
  }
}

Timeline::~Timeline() = default;

Timeline::Clock& Timeline::clock(const Warp& warp) {
  std::unique_ptr<Clock>& clock = clocks_[&warp];
  if (clock == nullptr) {
    clock = std::make_unique<Clock>();
    clock->number = warps_++;
  }
  return *clock;
}

void Timeline::executes(const Step& step, int instruction) {
  Clock& c = clock(step.warp);
  const int function = static_cast<int>(&step.function - program_.functions.data());
  const bool follows = !c.piece.empty() && c.frame == step.registers && c.piece.back().at + 1 == instruction &&
                       c.piece.back().function == function && !targets_[static_cast<std::size_t>(function)][static_cast<std::size_t>(instruction)];
  if (!follows) end_piece(c);
  add(c, step, instruction);
  const bool ends = step.instruction.flow != Flow::next || step.instruction.meeting == Meeting::barrier || step.instruction.meeting == Meeting::block;
  if (ends) end_piece(c);
}


/// Of the pieces that are read at once, how many were not touched lately.
std::int64_t Timeline::far_sectors(Clock& c, const Step& step, std::size_t bytes) {
  std::int64_t far = 0;
  for (const std::uint64_t sector : parts_of(step, bytes, sector_bytes)) {
    const auto found = c.near.find(sector);
    if (found != c.near.end()) {
      c.recent.splice(c.recent.begin(), c.recent, found->second);
      continue;
    }
    ++far;
    c.recent.push_front(sector);
    c.near[sector] = c.recent.begin();
    if (c.near.size() > near_sectors) {
      c.near.erase(c.recent.back());
      c.recent.pop_back();
    }
  }
  return far;
}

void Timeline::add(Clock& c, const Step& step, int instruction) {
  const Timing& t = timing(step.instruction);
  std::vector<Value>& values = values_[step.registers];
  if (values.size() < static_cast<std::size_t>(step.function.registers)) values.resize(static_cast<std::size_t>(step.function.registers));
  Executed e;
  e.values = values.data();
  e.instruction = &step.instruction;
  e.timing = &t;
  e.function = static_cast<int>(&step.function - program_.functions.data());
  e.at = instruction;
  e.busy = t.busy;
  e.latency = t.latency;
  e.wait = t.wait;
  if (t.bytes > 0 && step.mask != 0 && t.wait == Wait::shared) {
    e.busy = turns_of_banks(step, t.bytes);
    e.latency += e.busy - 1;
  } else if (t.bytes > 0 && step.mask != 0 && t.wait == Wait::first_level) {
    e.busy = static_cast<int>(parts_of(step, t.bytes, line_bytes).size());
    const bool local = has(*step.instruction.name, ".local");
    const std::int64_t far = t.access == Access::store || local ? 0 : far_sectors(c, step, t.bytes);
    if (far > 0) {
      e.latency = far_latency;
      e.wait = Wait::second_level;
      far_bytes_[static_cast<std::size_t>(e.function)][static_cast<std::size_t>(e.at)] += far * static_cast<std::int64_t>(sector_bytes);
    }
    e.latency += e.busy - 1;
  }
  c.frame = step.registers;
  c.piece.push_back(e);
}

/// List scheduling by the longest way to the end.
std::vector<std::size_t> Timeline::order(const Clock& c) {
  constexpr int assumed_wait = 30;  // beyond what a load takes at least
  const std::size_t count = c.piece.size();
  std::vector<std::vector<std::size_t>> after(count);
  std::vector<int> before(count, 0);
  const auto depends = [&](std::size_t later, std::size_t earlier) {
    after[earlier].push_back(later);
    ++before[later];
  };
  std::unordered_map<int, std::size_t> writer;
  std::unordered_map<int, std::vector<std::size_t>> readers;
  std::vector<std::size_t> loads;
  std::size_t store = count;
  for (std::size_t i = 0; i < count; ++i) {
    const Instruction& instruction = *c.piece[i].instruction;
    const auto reads = [&](int slot) {
      if (slot < 0 || slot == Instruction::no_slot) return;
      if (const auto found = writer.find(slot); found != writer.end()) depends(i, found->second);
      readers[slot].push_back(i);
    };
    for (const int slot : instruction.from) reads(slot);
    reads(instruction.guard);
    for (const int slot : instruction.to) {
      if (const auto found = writer.find(slot); found != writer.end() && found->second != i) depends(i, found->second);
      for (const std::size_t reader : readers[slot]) {
        if (reader != i) depends(i, reader);
      }
      readers[slot].clear();
      writer[slot] = i;
    }
    const Access access = c.piece[i].timing->access;
    if (access == Access::load || access == Access::store) {
      if (store < count) depends(i, store);
    }
    if (access == Access::load) loads.push_back(i);
    if (access == Access::store) {
      for (const std::size_t load : loads) depends(i, load);
      loads.clear();
      store = i;
    }
    const bool last = i + 1 == count && instruction.flow != Flow::next;
    if (last || instruction.meeting == Meeting::barrier || instruction.meeting == Meeting::block) {
      for (std::size_t k = 0; k < i; ++k) depends(i, k);
    }
  }
  std::vector<int> height(count, 0);
  for (std::size_t i = count; i-- > 0;) {
    const Timing& t = *c.piece[i].timing;
    for (const std::size_t later : after[i]) {
      const bool data = std::any_of(c.piece[i].instruction->to.begin(), c.piece[i].instruction->to.end(), [&](int slot) {
        const Instruction& reader = *c.piece[later].instruction;
        return reader.guard == slot || std::find(reader.from.begin(), reader.from.end(), slot) != reader.from.end();
      });
      const int latency = data ? (t.access == Access::load || t.access == Access::constant_load ? t.latency + assumed_wait : t.latency) : 1;
      height[i] = std::max(height[i], height[later] + latency);
    }
  }
  std::vector<std::size_t> ready;
  for (std::size_t i = 0; i < count; ++i) {
    if (before[i] == 0) ready.push_back(i);
  }
  std::vector<std::size_t> result;
  while (!ready.empty()) {
    const auto best = std::max_element(ready.begin(), ready.end(), [&](std::size_t a, std::size_t b) {
      return height[a] != height[b] ? height[a] < height[b] : a > b;
    });
    const std::size_t i = *best;
    ready.erase(best);
    result.push_back(i);
    for (const std::size_t later : after[i]) {
      if (--before[later] == 0) ready.push_back(later);
    }
  }
  return result;
}

void Timeline::end_piece(Clock& c) {
  if (c.piece.empty()) return;
  const std::array<int, 3> key = {c.piece.front().function, c.piece.front().at, c.piece.back().at};
  auto found = orders_.find(key);
  if (found == orders_.end()) found = orders_.emplace(key, order(c)).first;
  for (const std::size_t i : found->second) execute(c, c.piece[i]);
  c.piece.clear();
}

void Timeline::execute(Clock& c, const Executed& e) {
  const Instruction& instruction = *e.instruction;
  std::int64_t ready = 0;
  const Value* last = nullptr;
  const auto reads = [&](int slot) {
    if (slot < 0 || slot == Instruction::no_slot) return;
    const Value& value = e.values[slot];
    if (value.warp == c.number && value.ready > ready) {
      ready = value.ready;
      last = &value;
    }
  };
  for (const int slot : instruction.from) reads(slot);
  reads(instruction.guard);
  if (instruction.is_copy) {
    for (const int slot : instruction.to) e.values[slot] = last != nullptr ? *last : Value{};
    return;
  }
  std::int64_t& free = c.free[static_cast<std::size_t>(e.timing->unit)];
  const std::int64_t next = c.now + 1;
  const std::int64_t begin = std::max({next, ready, free});
  Cycles& own = waits_[static_cast<std::size_t>(e.function)][static_cast<std::size_t>(e.at)];
  own[static_cast<std::size_t>(Wait::issue)] += 1;
  if (begin > next && ready >= free) {
    waits_[static_cast<std::size_t>(last->function)][static_cast<std::size_t>(last->at)][static_cast<std::size_t>(last->wait)] += begin - next;
  } else {
    own[static_cast<std::size_t>(Wait::issue)] += begin - next;
  }
  free = begin + e.busy;
  c.now = begin;
  const Value value{begin + e.latency, c.number, e.function, e.at, e.wait};
  for (const int slot : instruction.to) e.values[slot] = value;
  const bool stops = instruction.flow != Flow::next || e.wait == Wait::barrier;
  if (stops) {
    c.now += e.latency;
    own[static_cast<std::size_t>(e.wait)] += e.latency + c.waited;
    c.waited = 0;
  }
}

void Timeline::meet(const std::vector<std::unique_ptr<Warp>>& warps) {
  std::int64_t latest = 0;
  for (const std::unique_ptr<Warp>& warp : warps) {
    Clock& c = clock(*warp);
    end_piece(c);
    latest = std::max(latest, c.now);
  }
  for (const std::unique_ptr<Warp>& warp : warps) {
    Clock& c = clock(*warp);
    c.waited = latest - c.now;
    c.now = latest;
  }
}

void Timeline::leaves(const Warp& warp) {
  end_piece(clock(warp));
  clocks_.erase(&warp);
}

}  // namespace splice_cuda::compiled
