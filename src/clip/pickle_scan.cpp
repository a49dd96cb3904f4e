#include "clip/pickle_scan.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "splice_cuda/error.hpp"

namespace splice_cuda::clip {
namespace {

class Reader {
 public:
  Reader(std::span<const std::byte> bytes, const std::string& name)
      : text_(reinterpret_cast<const char*>(bytes.data()), bytes.size()), name_(name) {}

  std::uint8_t byte() { return static_cast<std::uint8_t>(take(1)[0]); }
  std::string_view take(std::size_t count) {
    if (count > text_.size())
      throw FileError(name_ + ": found a truncated pickle, expected one that ends with STOP");
    const std::string_view part = text_.substr(0, count);
    text_.remove_prefix(count);
    return part;
  }
  std::string_view line() {
    const std::size_t end = text_.find('\n');
    const std::string_view part = take(end == std::string_view::npos ? text_.size() + 1 : end);
    take(1);
    return part;
  }
  std::size_t length32() {
    const std::string_view bytes = take(4);
    std::uint32_t value = 0;
    std::memcpy(&value, bytes.data(), sizeof value);
    return value;
  }

 private:
  std::string_view text_;
  const std::string& name_;
};

// Globals that LibTorch's writer uses: classes of the archive's own code, builders of tensors and typed
// containers.
bool is_torchscript_global(std::string_view module, std::string_view attribute) {
  if (module == "__torch__" || module.starts_with("__torch__.")) return true;
  if (module == "torch.jit._pickle") return true;
  if (module == "torch._utils") return attribute.starts_with("_rebuild_");
  if (module == "collections") return attribute == "OrderedDict";
  if (module != "torch") return false;
  constexpr std::array<std::string_view, 13> storages = {
      "FloatStorage",        "DoubleStorage",        "HalfStorage", "BFloat16Storage", "LongStorage",
      "IntStorage",          "ShortStorage",         "CharStorage", "ByteStorage",     "BoolStorage",
      "ComplexFloatStorage", "ComplexDoubleStorage", "device"};
  return std::find(storages.begin(), storages.end(), attribute) != storages.end();
}

/// A name for a message: from a hostile file, it must not move a terminal's cursor.
std::string printable(std::string text) {
  constexpr std::size_t longest = 200;
  if (text.size() > longest) text.resize(longest);
  for (char& letter : text) {
    if (letter < ' ' || letter > '~') letter = '?';
  }
  return text;
}

// Operations without an argument: marks, tuples, lists, dictionaries, NEWTRUE, NEWFALSE, NONE, BUILD, REDUCE,
// NEWOBJ, BINPERSID, APPEND, APPENDS, SETITEM, SETITEMS, POP.
constexpr std::string_view plain_operations = "(t)]}lds0aeubRQN\x81\x85\x86\x87\x88\x89";

}  // namespace

void check_pickle(std::span<const std::byte> bytes, const std::string& name) {
  Reader reader(bytes, name);
  for (;;) {
    const std::uint8_t operation = reader.byte();
    switch (operation) {
      case '.': return;                  // STOP
      case 0x80: reader.take(1); break;  // PROTO
      case 'K':
      case 'q':
      case 'h': reader.take(1); break;  // BININT1, BINPUT, BINGET
      case 'M': reader.take(2); break;  // BININT2
      case 'J':
      case 'r':
      case 'j': reader.take(4); break;                  // BININT, LONG_BINPUT, LONG_BINGET
      case 'G': reader.take(8); break;                  // BINFLOAT
      case 0x8a: reader.take(reader.byte()); break;     // LONG1
      case 'X': reader.take(reader.length32()); break;  // BINUNICODE
      case 'c': {                                       // GLOBAL
        const std::string module(reader.line());
        const std::string attribute(reader.line());
        if (!is_torchscript_global(module, attribute)) {
          throw FileError(name + ": found a pickle that names " + printable(module) + "." +
                          printable(attribute) +
                          ", expected none but TorchScript's own types: refused as hostile");
        }
        break;
      }
      default:
        if (plain_operations.find(static_cast<char>(operation)) == std::string_view::npos) {
          throw FileError(name + ": found pickle operation " + std::to_string(operation) +
                          ", which TorchScript never writes: refused as hostile");
        }
    }
  }
}

}  // namespace splice_cuda::clip
