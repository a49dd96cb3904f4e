// PTX as text ("PTX ISA", chapters 4 and 5), as far as the compiler uses it for the kernels here; anything else is an error.

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <functional>
#include <map>
#include <optional>
#include <utility>

#include "cuda/compiled/operations.hpp"
#include "cuda/compiled/program.hpp"

namespace splice_cuda::compiled {
namespace {

const Operations& operations() {
  static const Operations all = [] {
    Operations known;
    add_arithmetic(known);
    add_conversions(known);
    add_memory(known);
    add_collectives(known);
    add_products(known);
    return known;
  }();
  return all;
}

bool is_space(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }
bool is_name(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '$' || c == '%' || c == '.'; }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

bool starts_with_word(std::string_view text, std::string_view word) {
  return text.starts_with(word) && (text.size() == word.size() || !is_name(text[word.size()]));
}

/// Parts between commas that no bracket encloses.
std::vector<std::string_view> parts_of(std::string_view text) {
  std::vector<std::string_view> parts;
  int depth = 0;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '{' || c == '[' || c == '(') ++depth;
    if (c == '}' || c == ']' || c == ')') --depth;
    if (c != ',' || depth > 0) continue;
    parts.push_back(trimmed(text.substr(begin, i - begin)));
    begin = i + 1;
  }
  if (!trimmed(text.substr(begin)).empty()) parts.push_back(trimmed(text.substr(begin)));
  return parts;
}

/// The first word, which is taken away.
std::string_view take_word(std::string_view& text) {
  text = trimmed(text);
  std::size_t end = 0;
  while (end < text.size() && !is_space(text[end])) ++end;
  const std::string_view word = text.substr(0, end);
  text = trimmed(text.substr(end));
  return word;
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Program parse() {
    while (skip_space()) {
      if (text_.substr(at_).starts_with(".section")) {  // what debuggers read
        take_until("}");
      } else {
        parse_top();
      }
    }
    for (auto& [function, calls] : calls_) {
      for (const auto& [at, name] : calls) {
        Instruction& call = program_.functions[static_cast<std::size_t>(function)].code[static_cast<std::size_t>(at)];
        call.target = index_of(name);
        const Function& callee = program_.functions[static_cast<std::size_t>(call.target)];
        if (call.from.size() != callee.inputs.size() || call.to.size() != callee.outputs.size()) {
          fail("call of " + name + ": other arguments than it has");
        }
      }
    }
    return std::move(program_);
  }

 private:
  /// What a name stands for, in the innermost block that knows it.
  using Scope = std::map<std::string, int, std::less<>>;

  [[noreturn]] void fail(const std::string& what) const {
    throw ProgramError("line " + std::to_string(line_) + " of the PTX: " + what);
  }

  // ---- characters

  /// To the next statement. @returns whether there is one
  bool skip_space() {
    while (at_ < text_.size()) {
      if (is_space(text_[at_])) {
        step();
      } else if (text_.substr(at_).starts_with("//")) {
        while (at_ < text_.size() && text_[at_] != '\n') step();
      } else {
        return true;
      }
    }
    return false;
  }

  void step() {
    if (text_[at_] == '\n') ++line_;
    ++at_;
  }

  /// Up to one of `ends`, which is passed.
  std::string_view take_until(std::string_view ends) {
    const std::size_t begin = at_;
    while (at_ < text_.size() && ends.find(text_[at_]) == std::string_view::npos) step();
    if (at_ == text_.size()) fail("ends too early");
    const std::string_view taken = text_.substr(begin, at_ - begin);
    step();
    return trimmed(taken);
  }

  char last() const { return text_[at_ - 1]; }

  // ---- outside functions

  void parse_top() {
    const std::string_view rest = text_.substr(at_);
    for (const std::string_view directive : {".version", ".target", ".address_size", ".file"}) {
      if (!starts_with_word(rest, directive)) continue;
      std::string_view line = take_until("\n");
      take_word(line);
      if (directive == ".target") program_.target = std::string(line.substr(0, line.find(',')));
      if (directive == ".file") parse_file(line);
      return;
    }
    if (starts_with_word(rest, ".extern")) return parse_dynamic_memory(take_until(";"));
    const std::string_view header = take_until("{;");
    if (last() == ';') {  // declared, to be defined below
      if (header.find(".func") == std::string_view::npos) fail("a variable that is not known here: " + std::string(header));
      return;
    }
    parse_function(header);
  }

  /// n "name"[, ...]
  void parse_file(std::string_view line) {
    const int file = static_cast<int>(number(take_word(line)));
    const std::size_t begin = line.find('"') + 1;
    program_.files[file] = std::string(line.substr(begin, line.find('"', begin) - begin));
  }

  /// .extern .shared .align n .b8 name[]
  void parse_dynamic_memory(std::string_view declaration) {
    take_word(declaration);
    const Variable variable = parse_variable(declaration);
    if (variable.space != ".shared") fail("expected shared memory");
    dynamic_ = variable.name;
    dynamic_alignment_ = variable.alignment;
  }

  struct Variable {
    std::string_view space;
    std::string name;
    std::size_t alignment = 1;
    std::size_t bytes = 0;
  };

  static std::size_t bytes_of_type(std::string_view type) {
    if (type.ends_with("64")) return 8;
    if (type.ends_with("32")) return 4;
    if (type.ends_with("16")) return 2;
    return 1;
  }

  /// .space [.align n] .type name[count]
  Variable parse_variable(std::string_view text) const {
    Variable variable;
    variable.space = take_word(text);
    std::string_view type = take_word(text);
    if (type == ".align") {
      variable.alignment = static_cast<std::size_t>(number(take_word(text)));
      type = take_word(text);
    }
    while (text.starts_with(".")) {  // .ptr .global .align n: of what a pointer points at
      if (take_word(text) == ".align") take_word(text);
    }
    const std::size_t element = bytes_of_type(type);
    variable.alignment = std::max(variable.alignment, element);
    const std::size_t bracket = text.find('[');
    variable.name = std::string(trimmed(text.substr(0, bracket)));
    const bool sized = bracket != std::string_view::npos && !text.substr(bracket + 1).starts_with("]");
    const std::size_t count = sized ? static_cast<std::size_t>(number(text.substr(bracket + 1, text.find(']') - bracket - 1))) : 1;
    variable.bytes = element * count;
    return variable;
  }

  std::int64_t number(std::string_view text) const {
    text = trimmed(text);
    const bool negative = text.starts_with("-");
    if (negative) text.remove_prefix(1);
    int base = 10;
    if (text.starts_with("0x") || text.starts_with("0X")) {
      base = 16;
      text.remove_prefix(2);
    }
    while (!text.empty() && (text.back() == 'U' || text.back() == 'u')) text.remove_suffix(1);
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (error != std::errc() || end != text.data() + text.size()) fail("no number: " + std::string(text));
    return static_cast<std::int64_t>(negative ? ~value + 1 : value);
  }

  // ---- functions

  /// .entry name(parameters) directives, or .func (results) name(parameters)
  void parse_function(std::string_view header) {
    function_ = Function();
    scopes_ = {Scope()};
    labels_.clear();
    jumps_.clear();
    constants_.clear();
    place_ = -1;
    places_.clear();
    dynamic_slot_ = std::nullopt;

    std::string_view kind = take_word(header);
    while (kind == ".visible" || kind == ".weak") kind = take_word(header);
    const bool kernel = kind == ".entry";
    if (!kernel && kind != ".func") fail("expected a function, got " + std::string(kind));
    if (header.starts_with("(")) {
      const std::size_t end = header.find(')');
      for (const std::string_view part : parts_of(header.substr(1, end - 1))) {
        function_.outputs.push_back(add_to_stack(parse_variable(part)));
      }
      header = trimmed(header.substr(end + 1));
    }
    const std::size_t begin = header.find('(');
    const std::size_t end = header.find(')', begin);
    function_.name = std::string(trimmed(header.substr(0, begin)));
    if (begin != std::string_view::npos) {
      std::size_t offset = 0;
      for (const std::string_view part : parts_of(header.substr(begin + 1, end - begin - 1))) {
        const Variable parameter = parse_variable(part);
        if (kernel) {
          offset = rounded_up(offset, parameter.alignment);
          function_.arguments.emplace_back(declare(parameter.name), offset);
          offset += parameter.bytes;
          function_.argument_bytes = offset;
        } else {
          function_.inputs.push_back(add_to_stack(parameter));
        }
      }
    }
    if (kernel) {
      constexpr std::string_view limit = ".maxntid";
      const std::size_t place = header.find(limit);
      if (place == std::string_view::npos) fail("expected .maxntid");
      const std::string_view threads = header.substr(place + limit.size());
      function_.threads = static_cast<int>(number(threads.substr(0, threads.find(','))));
    }
    current_ = static_cast<int>(program_.functions.size());
    parse_body();
    resolve();
    program_.by_name[function_.name] = current_;
    program_.functions.push_back(std::move(function_));
  }

  StackVariable add_to_stack(const Variable& variable) {
    const StackVariable place{rounded_up(function_.stack_bytes, variable.alignment), variable.bytes};
    function_.stack_bytes = place.offset + place.bytes;
    function_.stack_addresses.emplace_back(declare(variable.name), place.offset);
    return place;
  }

  int declare(std::string_view name) { return scopes_.back()[std::string(name)] = function_.registers++; }

  void parse_body() {
    while (!scopes_.empty()) {
      if (!skip_space()) fail("ends within a function");
      const char c = text_[at_];
      if (c == '{') {
        scopes_.emplace_back();
        step();
      } else if (c == '}') {
        if (scopes_.size() == 1) {
          step();
          return;
        }
        scopes_.pop_back();
        step();
      } else {
        parse_statement();
      }
    }
  }

  void parse_statement() {
    const std::string_view rest = text_.substr(at_);
    if (starts_with_word(rest, ".loc")) return parse_location(take_until("\n"));
    std::size_t name_end = 0;
    while (name_end < rest.size() && is_name(rest[name_end])) ++name_end;
    if (name_end + 1 < rest.size() && rest[name_end] == ':' && rest[name_end + 1] != ':') {
      if (!labels_.try_emplace(std::string(rest.substr(0, name_end)), static_cast<int>(function_.code.size())).second) fail("a label twice");
      take_until(":");
      return;
    }
    const int line = line_;
    std::string_view statement = take_until(";");
    if (statement.starts_with(".")) return parse_directive(statement);
    parse_instruction(statement, line);
  }

  /// .loc file line column[, function_name label, inlined_at file line column]: of what follows. The place that it is inlined at
  /// has had its own line before.
  void parse_location(std::string_view location) {
    take_word(location);
    const std::vector<std::string_view> parts = parts_of(location);
    const Position own = parse_position(first_of(parts));
    int caller = -1;
    if (parts.size() > 1 && parts.back().starts_with("inlined_at")) {
      std::string_view at = parts.back();
      take_word(at);
      const auto found = places_.find(parse_position(at));
      if (found != places_.end()) caller = found->second;
    }
    const auto [known, added] = inlined_.try_emplace({own, caller}, static_cast<int>(program_.places.size()));
    if (added) program_.places.push_back({own[0], own[1], caller});
    place_ = places_[own] = known->second;
  }

  /// File, line, column.
  using Position = std::array<int, 3>;
  Position parse_position(std::string_view text) const {
    Position position{};
    for (int& value : position) value = static_cast<int>(number(take_word(text)));
    return position;
  }

  void parse_directive(std::string_view directive) {
    std::string_view rest = directive;
    const std::string_view kind = take_word(rest);
    if (kind == ".pragma") return;
    if (kind == ".reg") {
      take_word(rest);
      for (const std::string_view name : parts_of(rest)) declare_registers(name);
    } else if (kind == ".local" || kind == ".param") {
      add_to_stack(parse_variable(directive));
    } else if (kind == ".shared") {
      if (function_.threads == 0) fail("shared memory of a function that is no kernel");
      const Variable variable = parse_variable(directive);
      function_.shared_bytes = rounded_up(function_.shared_bytes, variable.alignment);
      scopes_.back()[variable.name] = constant(function_.shared_bytes);
      function_.shared_bytes += variable.bytes;
    } else {
      fail("unknown directive " + std::string(kind));
    }
  }

  /// A name, or name<count>: name0, name1, ...
  void declare_registers(std::string_view name) {
    const std::size_t open = name.find('<');
    if (open == std::string_view::npos) return static_cast<void>(declare(name));
    const std::int64_t count = number(name.substr(open + 1, name.find('>') - open - 1));
    for (std::int64_t i = 0; i < count; ++i) declare(std::string(name.substr(0, open)) + std::to_string(i));
  }

  // ---- instructions

  void parse_instruction(std::string_view statement, int line) {
    Instruction instruction;
    instruction.line = line;
    instruction.place = place_;
    if (statement.starts_with("@")) {
      std::string_view guard = take_word(statement).substr(1);
      instruction.guard_negated = guard.starts_with("!");
      if (instruction.guard_negated) guard.remove_prefix(1);
      instruction.guard = operand(guard);
    }
    const std::string_view name = take_word(statement);
    const auto operation = operations().find(std::string(name));
    if (operation == operations().end()) fail("unknown instruction " + std::string(name));
    instruction.name = &operation->first;
    instruction.operation = operation->second;
    instruction.meeting = meeting_of(name);
    instruction.flow = flow_of(name);
    if (name == "exit" && function_.threads == 0) fail("exit in a function that is no kernel");
    const std::vector<std::string_view> operands = parts_of(statement);
    if (instruction.flow == Flow::call) {
      parse_call(instruction, operands);
    } else if (instruction.flow == Flow::branch) {
      jumps_.emplace_back(static_cast<int>(function_.code.size()), std::string(first_of(operands)));
    } else if (name != "bar.sync" && name != "bar.warp.sync") {  // whose operands say: all of them
      const bool has_result = !(starts_with_word_dot(name, "st") || starts_with_word_dot(name, "cp"));
      for (std::size_t i = 0; i < operands.size(); ++i) {
        add_operand(instruction, operands[i], has_result && i == 0 && operands.size() > 1);
      }
    } else if (first_of(operands) != (name == "bar.sync" ? "0" : "-1") || operands.size() > 1) {
      fail("expected a barrier of all lanes");
    }
    if (starts_with_word_dot(name, "cp") && instruction.offset != 0) fail("an offset of one of two addresses");
    if (std::any_of(instruction.to.begin(), instruction.to.end(), [](int slot) { return slot < 0; })) fail("a constant as result");
    const bool moves = starts_with_word_dot(name, "mov") && instruction.to.size() == 1 && instruction.from.size() == 1;
    const auto is_special = [&](int slot) {
      return std::any_of(function_.special.begin(), function_.special.end(), [&](const auto& one) { return one.first == slot; });
    };
    instruction.is_copy = (moves && instruction.from[0] >= 0 && !is_special(instruction.from[0])) || name.starts_with("cvta.to.global");
    function_.code.push_back(std::move(instruction));
  }

  std::string_view first_of(const std::vector<std::string_view>& operands) const {
    if (operands.empty()) fail("expected an operand");
    return operands.front();
  }

  static bool starts_with_word_dot(std::string_view name, std::string_view word) {
    return name.starts_with(word) && name.size() > word.size() && name[word.size()] == '.';
  }

  static Meeting meeting_of(std::string_view name) {
    if (name == "bar.sync") return Meeting::block;
    if (name == "bar.warp.sync") return Meeting::barrier;
    return name.find(".sync") != std::string_view::npos ? Meeting::warp : Meeting::none;
  }

  static Flow flow_of(std::string_view name) {
    if (name.starts_with("bra")) return Flow::branch;
    if (name.starts_with("call")) return Flow::call;
    return name == "ret" || name == "exit" ? Flow::leave : Flow::next;
  }

  /// call (results), function, (arguments)
  void parse_call(Instruction& instruction, std::vector<std::string_view> operands) {
    const auto add = [&](std::string_view list, std::vector<int>& slots) {
      if (!list.starts_with("(") || !list.ends_with(")")) fail("expected a list of arguments");
      for (const std::string_view part : parts_of(list.substr(1, list.size() - 2))) slots.push_back(operand(part));
    };
    if (!operands.empty() && operands[0].starts_with("(")) {
      add(operands[0], instruction.to);
      operands.erase(operands.begin());
    }
    calls_[current_].emplace_back(static_cast<int>(function_.code.size()), std::string(first_of(operands)));
    if (operands.size() > 1) add(operands[1], instruction.from);
  }

  void add_operand(Instruction& instruction, std::string_view text, bool result) {
    std::vector<int>& slots = result ? instruction.to : instruction.from;
    if (text.starts_with("{")) {
      for (const std::string_view part : parts_of(text.substr(1, text.size() - 2))) slots.push_back(operand(part));
    } else if (text.starts_with("[")) {
      slots.push_back(address(instruction, trimmed(text.substr(1, text.size() - 2))));
    } else if (const std::size_t bar = text.find('|'); result && bar != std::string_view::npos) {
      slots.push_back(operand(trimmed(text.substr(0, bar))));
      slots.push_back(operand(trimmed(text.substr(bar + 1))));
    } else {
      slots.push_back(operand(text));
    }
  }

  /// base, base+offset, base+-offset
  int address(Instruction& instruction, std::string_view text) {
    const std::size_t plus = text.find('+');
    if (plus != std::string_view::npos) instruction.offset |= number(text.substr(plus + 1));  // of the only address
    return operand(trimmed(text.substr(0, plus)));
  }

  int operand(std::string_view text) {
    for (auto scope = scopes_.rbegin(); scope != scopes_.rend(); ++scope) {
      const auto found = scope->find(text);
      if (found != scope->end()) return found->second;
    }
    if (text == "_") return scopes_.front()["_"] = function_.registers++;
    if (text.starts_with("%")) {
      const int slot = scopes_.front()[std::string(text)] = function_.registers++;
      function_.special.emplace_back(slot, std::string(text));
      return slot;
    }
    if (text == dynamic_ && !dynamic_.empty()) {
      if (function_.threads == 0) fail("shared memory of a function that is no kernel");
      return dynamic_memory();
    }
    if (text.starts_with("0f") || text.starts_with("0F") || text.starts_with("0d") || text.starts_with("0D")) {
      return constant(static_cast<std::uint64_t>(number("0x" + std::string(text.substr(2)))));
    }
    return constant(static_cast<std::uint64_t>(number(text)));
  }

  int constant(std::uint64_t value) {
    const auto [known, added] = constants_.try_emplace(value, ~static_cast<int>(function_.constants.size()));
    if (added) {
      Lanes lanes{};
      lanes.fill(value);
      function_.constants.push_back(lanes);
    }
    return known->second;
  }

  /// Begins after the kernel's other shared memory, all of which has to be declared first.
  int dynamic_memory() {
    if (!dynamic_slot_) {
      dynamic_slot_ = ~static_cast<int>(function_.constants.size());
      function_.constants.emplace_back();
    }
    return *dynamic_slot_;
  }

  void resolve() {
    if (dynamic_slot_) {
      function_.shared_bytes = rounded_up(function_.shared_bytes, dynamic_alignment_);
      function_.constants[static_cast<std::size_t>(~*dynamic_slot_)].fill(function_.shared_bytes);
    }
    for (const auto& [instruction, label] : jumps_) {
      const auto found = labels_.find(label);
      if (found == labels_.end()) fail("unknown label " + label);
      function_.code[static_cast<std::size_t>(instruction)].target = found->second;
    }
    const auto ends = [](const Instruction& last) {
      return (last.flow == Flow::leave || last.flow == Flow::branch) && last.guard == Instruction::no_slot;
    };
    if (function_.code.empty() || !ends(function_.code.back())) fail(function_.name + ": expected ret at its end");
    for (const Instruction& instruction : function_.code) {
      const bool beyond = instruction.flow == Flow::branch && instruction.target >= static_cast<int>(function_.code.size());
      if (beyond) fail(function_.name + ": a label at its end");
    }
  }

  int index_of(const std::string& name) const {
    const auto found = program_.by_name.find(name);
    if (found == program_.by_name.end()) fail("unknown function " + name);
    return found->second;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int line_ = 1;
  Program program_;
  std::string dynamic_;
  std::size_t dynamic_alignment_ = 1;
  std::map<int, std::vector<std::pair<int, std::string>>> calls_;

  // Of the function at hand:
  int current_ = 0;
  int place_ = -1;
  std::map<Position, int> places_;                    // the latest
  std::map<std::pair<Position, int>, int> inlined_;  // with their callers
  Function function_;
  std::vector<Scope> scopes_;
  std::map<std::string, int> labels_;
  std::vector<std::pair<int, std::string>> jumps_;
  std::map<std::uint64_t, int> constants_;
  std::optional<int> dynamic_slot_;
};

}  // namespace

const Function& Program::function(const std::string& name) const {
  const auto found = by_name.find(name);
  if (found == by_name.end()) throw ProgramError(name + ": no such function");
  return functions[static_cast<std::size_t>(found->second)];
}

Program parse(std::string_view text) { return Parser(text).parse(); }

}  // namespace splice_cuda::compiled
