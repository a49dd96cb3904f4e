// Loads, stores, atomic operations and asynchronous copies: PTX ISA, "Data Movement and Conversion Instructions" and "Parallel
// Synchronization and Communication Instructions".

#include <cstdint>
#include <cstring>
#include <initializer_list>

#include "cuda/compiled/machine.hpp"
#include "cuda/compiled/operations.hpp"

namespace splice_cuda::compiled {
namespace {

enum class Space { host, shared };

/// `bytes` at the address of source `i`, which is a multiple of them.
template <Space space>
unsigned char* place(Step& step, std::size_t i, std::size_t lane, std::size_t bytes) {
  const std::uint64_t address = step.from(i)[lane] + static_cast<std::uint64_t>(step.instruction.offset);
  if (address % bytes != 0) step.fail("address " + std::to_string(address) + ": no multiple of " + std::to_string(bytes));
  if constexpr (space == Space::shared) return step.block.shared(step, address, bytes);
  constexpr std::uint64_t never_mapped = 4096;
  if (address < never_mapped) step.fail("address " + std::to_string(address) + ": nothing is there");
  return reinterpret_cast<unsigned char*>(address);  // NOLINT: the kernel's pointers are the host's
}

/// Numbers of fewer bits than the register fill it, with their sign where they have one.
template <class T, class Register, Space space>
void load(Step& step) {
  const std::size_t count = step.instruction.to.size();
  step.each([&](std::size_t lane) {
    const unsigned char* from = place<space>(step, 0, lane, sizeof(T) * count);
    for (std::size_t i = 0; i < count; ++i) {
      T value;
      std::memcpy(&value, from + i * sizeof(T), sizeof(T));
      step.to(i)[lane] = bits_of(static_cast<Register>(value));
    }
  });
}

template <class T, Space space>
void store(Step& step) {
  const std::size_t count = step.instruction.from.size() - 1;
  step.each([&](std::size_t lane) {
    unsigned char* to = place<space>(step, 0, lane, sizeof(T) * count);
    for (std::size_t i = 0; i < count; ++i) std::memcpy(to + i * sizeof(T), &step.from(i + 1)[lane], sizeof(T));
  });
}

template <class T, bool adds>
void exchange(Step& step) {
  step.each([&](std::size_t lane) {
    unsigned char* at = place<Space::host>(step, 0, lane, sizeof(T));
    T before;
    std::memcpy(&before, at, sizeof(T));
    const T given = as<T>(step.from(1)[lane]);
    const T after = adds ? static_cast<T>(before + given) : given;
    std::memcpy(at, &after, sizeof(T));
    step.to()[lane] = bits_of(before);
  });
}

/// cvta: shared addresses count from the beginning of shared memory.
void to_generic(Step& step) {
  step.each([&](std::size_t lane) { step.to()[lane] = step.from(0)[lane] + step.block.shared_begin(); });
}
void to_shared(Step& step) {
  step.each([&](std::size_t lane) { step.to()[lane] = step.from(0)[lane] - step.block.shared_begin(); });
}
void same_address(Step& step) {
  step.each([&](std::size_t lane) { step.to()[lane] = step.from(0)[lane]; });
}

/// cp.async [to], [from], 16, bytes: so many are copied, the others become 0.
void copy_async(Step& step) {
  constexpr std::size_t bytes = 16;
  step.each([&](std::size_t lane) {
    const auto present = step.instruction.from.size() > 3 ? as<std::uint32_t>(step.from(3)[lane]) : bytes;
    if (step.from(2)[lane] != bytes || present > bytes) step.fail("cp.async: expected 16 bytes");
    const unsigned char* from = present > 0 ? place<Space::host>(step, 1, lane, bytes) : nullptr;
    step.warp.copies()[lane].open.push_back({place<Space::shared>(step, 0, lane, bytes), from, present});
  });
}
void commit_copies(Step& step) {
  step.each([&](std::size_t lane) { step.warp.copies()[lane].commit(); });
}
void wait_copies(Step& step) {
  step.each([&](std::size_t lane) {
    Batches<PendingCopy>& copies = step.warp.copies()[lane];
    for (; copies.closed.size() > step.from(0)[lane]; copies.closed.pop_front()) {
      for (const PendingCopy& copy : copies.closed.front()) {
        std::memset(copy.to, 0, 16);
        if (copy.bytes > 0) std::memcpy(copy.to, copy.from, copy.bytes);
      }
    }
  });
}

/// ldmatrix .m8n8.x4: lanes 8m to 8m + 7 point at the rows of matrix m, of which lane l gets 4 bytes of row l / 4.
void load_matrices(Step& step) {
  Lanes registers[4];
  for (std::size_t matrix = 0; matrix < 4; ++matrix) {
    for (std::size_t lane = 0; lane < warp_lanes; ++lane) {
      const unsigned char* row = place<Space::shared>(step, 0, 8 * matrix + lane / 4, 16);
      std::uint32_t word = 0;
      std::memcpy(&word, row + 4 * (lane % 4), sizeof(word));
      registers[matrix][lane] = word;
    }
  }
  for (std::size_t matrix = 0; matrix < 4; ++matrix) step.to(matrix) = registers[matrix];
}

template <class T, class Register>
void add_type(Operations& operations, const std::string& type) {
  for (const char* vector : {"", ".v2", ".v4"}) {
    const std::string end = std::string(vector) + "." + type;
    for (const char* space : {"", ".global", ".global.nc", ".local", ".param", ".volatile", ".volatile.global"}) {
      operations[std::string("ld") + space + end] = load<T, Register, Space::host>;
      operations[std::string("st") + space + end] = store<T, Space::host>;
    }
    for (const char* space : {".shared", ".volatile.shared"}) {
      operations[std::string("ld") + space + end] = load<T, Register, Space::shared>;
      operations[std::string("st") + space + end] = store<T, Space::shared>;
    }
  }
}

}  // namespace

void add_memory(Operations& operations) {
  add_type<std::int8_t, std::int64_t>(operations, "s8");
  add_type<std::int16_t, std::int64_t>(operations, "s16");
  add_type<std::int32_t, std::int64_t>(operations, "s32");
  for (const char* kind : {"u", "b"}) {
    add_type<std::uint8_t, std::uint64_t>(operations, std::string(kind) + "8");
    add_type<std::uint16_t, std::uint64_t>(operations, std::string(kind) + "16");
    add_type<std::uint32_t, std::uint64_t>(operations, std::string(kind) + "32");
    add_type<std::uint64_t, std::uint64_t>(operations, std::string(kind) + "64");
  }
  add_type<std::uint32_t, std::uint64_t>(operations, "f32");
  add_type<std::uint64_t, std::uint64_t>(operations, "f64");
  add_type<std::uint64_t, std::uint64_t>(operations, "s64");
  operations["atom.global.add.u32"] = exchange<std::uint32_t, true>;
  operations["atom.global.add.u64"] = exchange<std::uint64_t, true>;
  operations["atom.global.exch.b32"] = exchange<std::uint32_t, false>;
  operations["atom.global.exch.b64"] = exchange<std::uint64_t, false>;
  operations["cvta.shared.u64"] = to_generic;
  operations["cvta.to.shared.u64"] = to_shared;
  for (const char* space : {"global", "local", "param"}) {
    operations[std::string("cvta.") + space + ".u64"] = same_address;
    operations[std::string("cvta.to.") + space + ".u64"] = same_address;
  }
  operations["cp.async.cg.shared.global"] = copy_async;
  operations["cp.async.commit_group"] = commit_copies;
  operations["cp.async.wait_group"] = wait_copies;
  operations["ldmatrix.sync.aligned.m8n8.x4.shared.b16"] = load_matrices;
}

}  // namespace splice_cuda::compiled
