#include "data/delimited_records.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace splice_cuda::data {
namespace {

constexpr std::size_t longest_record = std::size_t{1} << 20;
constexpr std::size_t most_fields = 10000;
constexpr std::string_view quote_not_closed = "quote not closed";
constexpr std::string_view text_after_quote = "text after a closing quote";

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
      if (record_.too_long && syntax_.at_once) visit_too_long();
      i = end + 1;
    }
  }

  void finish() {
    if (!started_) return;
    if (quote_seen_) close_quote();
    if (quoted_) record_.fault = quote_not_closed;
    end_record();
  }

 private:
  bool is_special(char c) const {
    return c == '\n' || (syntax_.separator != '\0' && c == syntax_.separator) || (syntax_.quotes && c == '"');
  }

  void begin() {
    record_.fields.assign(1, {});
    record_.quoted = record_.too_long = false;
    record_.fault = {};
    started_ = false;
    size_ = 0;
    begin_field();
  }

  void begin_field() {
    field_begun_ = quoted_ = quote_seen_ = false;
    closed_at_.reset();
  }

  void visit_too_long() {
    if (quoted_ && !quote_seen_) record_.fault = quote_not_closed;  // most likely what made it so long
    visit_(record_);
  }

  void append(const char* bytes, std::size_t count) {
    if (count == 0) return;
    started_ = field_begun_ = true;
    if (quote_seen_) close_quote();
    const std::size_t room = longest_record - size_;
    if (count > room) record_.too_long = true;
    count = std::min(count, room);
    size_ += count;
    record_.fields.back().append(bytes, count);
  }

  void take_special(char c) {
    started_ = true;
    if (c == '"') return take_quote();
    if (quoted_ && !quote_seen_) return append(&c, 1);
    if (quote_seen_) close_quote();
    if (c == '\n') return end_record();
    check_end_of_field();
    if (record_.fields.size() < most_fields) record_.fields.emplace_back();
    else record_.too_long = true;
    begin_field();
  }

  void take_quote() {
    if (quoted_ && !quote_seen_) {
      quote_seen_ = true;
    } else if (!field_begun_) {
      field_begun_ = quoted_ = record_.quoted = true;
    } else {  // twice: the quote itself; or in the middle of a plain field
      quote_seen_ = false;
      append("\"", 1);
    }
  }

  void close_quote() {
    quoted_ = quote_seen_ = false;
    closed_at_ = record_.fields.back().size();
  }

  void check_end_of_field() {
    if (closed_at_ && record_.fields.back().size() > *closed_at_) record_.fault = text_after_quote;
  }

  void end_record() {
    std::string& last = record_.fields.back();
    // A carriage return before the closing quote belongs to the field.
    if (last.size() > closed_at_.value_or(0) && last.ends_with('\r')) last.pop_back();
    check_end_of_field();
    visit_(record_);
    begin();
  }

  RecordSyntax syntax_;
  const std::function<void(Record&)>& visit_;
  Record record_;
  std::size_t size_ = 0;
  bool started_ = false;
  bool field_begun_ = false;  ///< not the same as a field that is not empty: one of a record that is too long stays so
  bool quoted_ = false;
  bool quote_seen_ = false;  ///< inside quotes: the end of the field, or the first of two
  std::optional<std::size_t> closed_at_;  ///< size of the field at its closing quote
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
