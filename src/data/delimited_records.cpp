#include "data/delimited_records.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <string_view>

namespace splice_cuda::data {
namespace {

constexpr std::size_t longest_record = std::size_t{1} << 20;
constexpr std::size_t most_fields = 10000;

/// Splits bytes, which may come in pieces of any size.
class RecordSplitter {
 public:
  RecordSplitter(const RecordSyntax& syntax, const std::function<void(Record&)>& visit) : syntax_(syntax), visit_(visit) { begin(); }

  void feed(const char* bytes, std::size_t count) {
    for (std::size_t i = 0; i < count;) {
      // Most bytes are plain: they go over in one piece.
      std::size_t end = i;
      while (end < count && !is_special(bytes[end])) ++end;
      append(bytes + i, end - i);
      if (end < count) take_special(bytes[end]);
      if (record_.too_long && syntax_.at_once) visit_(record_);
      i = end + 1;
    }
  }

  void finish() {
    if (started_) end_record(quote_seen_);
  }

 private:
  bool is_special(char c) const {
    return c == '\n' || (syntax_.separator != '\0' && c == syntax_.separator) || (syntax_.quotes && c == '"');
  }

  void begin() {
    record_.fields.assign(1, {});
    record_.quoted = record_.too_long = false;
    started_ = quoted_ = quote_seen_ = false;
    size_ = 0;
  }

  void append(const char* bytes, std::size_t count) {
    if (count == 0) return;
    started_ = true;
    if (quote_seen_) quoted_ = quote_seen_ = false;
    const std::size_t room = longest_record - size_;
    if (count > room) record_.too_long = true;
    count = std::min(count, room);
    size_ += count;
    record_.fields.back().append(bytes, count);
  }

  void take_special(char c) {
    started_ = true;
    if (c == '"') {
      if (quote_seen_) {  // twice: the quote itself
        quote_seen_ = false;
        append(&c, 1);
      } else if (quoted_) {
        quote_seen_ = true;
      } else if (record_.fields.back().empty()) {
        quoted_ = record_.quoted = true;
      } else {
        append(&c, 1);  // in the middle of a plain field
      }
      return;
    }
    if (quoted_ && !quote_seen_) return append(&c, 1);
    const bool closed = quote_seen_;
    quoted_ = quote_seen_ = false;
    if (c == '\n') return end_record(closed);
    if (record_.fields.size() < most_fields) record_.fields.emplace_back();
    else record_.too_long = true;
  }

  /// @param closed  the record's last byte is a closing quote: a carriage return before it belongs to the field
  void end_record(bool closed) {
    std::string& last = record_.fields.back();
    if (!closed && last.ends_with('\r')) last.pop_back();
    visit_(record_);
    begin();
  }

  RecordSyntax syntax_;
  const std::function<void(Record&)>& visit_;
  Record record_;
  std::size_t size_ = 0;
  bool started_ = false;
  bool quoted_ = false;
  bool quote_seen_ = false;  ///< inside quotes: the end of the field, or the first of two
};

}  // namespace

void for_each_record(ByteSource& source, const RecordSyntax& syntax, const std::function<void(Record&)>& visit) {
  constexpr std::string_view mark = "\xef\xbb\xbf";
  std::vector<char> block(std::size_t{1} << 18);
  RecordSplitter splitter(syntax, visit);
  std::size_t begun = 0;
  while (begun < mark.size()) {
    const std::size_t more = source.read(std::span(block).subspan(begun));
    if (more == 0) break;
    begun += more;
  }
  const std::size_t skipped = std::string_view(block.data(), begun).starts_with(mark) ? mark.size() : 0;
  splitter.feed(block.data() + skipped, begun - skipped);
  while (const std::size_t count = source.read(block)) splitter.feed(block.data(), count);
  splitter.finish();
}

}  // namespace splice_cuda::data
