#include "model/files/pickle.h"

#include <cstring>
#include <stdexcept>
#include <unordered_map>

#include "model/files/pickle_calls.h"

namespace smooth {
namespace {

using Kind = PickleValue::Kind;

constexpr size_t kMaxValues = size_t{1} << 24;  // a state dict needs about 20 a tensor

// The opcodes that are read, as Lib/pickle.py names them.
enum Opcode : unsigned char {
  kMark = '(', kStop = '.', kPop = '0', kPopMark = '1', kDup = '2', kBinFloat = 'G', kBinInt = 'J', kBinInt1 = 'K', kBinInt2 = 'M',
  kNone = 'N', kBinPersId = 'Q', kReduce = 'R', kBinString = 'T', kShortBinString = 'U', kBinUnicode = 'X', kAppend = 'a', kBuild = 'b',
  kGlobal = 'c', kDict = 'd', kEmptyDict = '}', kAppends = 'e', kBinGet = 'h', kLongBinGet = 'j', kList = 'l', kEmptyList = ']',
  kBinPut = 'q', kLongBinPut = 'r', kSetItem = 's', kTuple = 't', kEmptyTuple = ')', kSetItems = 'u', kProto = 0x80, kTuple1 = 0x85,
  kTuple2 = 0x86, kTuple3 = 0x87, kNewTrue = 0x88, kNewFalse = 0x89, kLong1 = 0x8a, kLong4 = 0x8b, kBinBytes = 'B', kShortBinBytes = 'C',
  kShortBinUnicode = 0x8c, kBinUnicode8 = 0x8d, kBinBytes8 = 0x8e, kStackGlobal = 0x93, kMemoize = 0x94, kFrame = 0x95,
  kNewObj = 0x81, kNewObjEx = 0x92, kInst = 'i', kObj = 'o', kExt1 = 0x82, kExt2 = 0x83, kExt4 = 0x84
};

class Machine {
 public:
  Machine(std::string_view bytes, int64_t origin, const std::string& file) : bytes_(bytes), origin_(origin), file_(file) {}

  Pickle run() {
    for (;;) {
      opcode_at_ = at_;
      const auto opcode = static_cast<unsigned char>(take(1)[0]);
      if (opcode == kStop) break;
      if (!literal(opcode) && !container(opcode) && !memory(opcode)) call(opcode);
    }
    pickle_.top = pop();
    pickle_.size = at_;
    return std::move(pickle_);
  }

 private:
  [[noreturn]] void refuse(const std::string& why) const {
    throw std::runtime_error(file_ + ": byte " + std::to_string(origin_ + static_cast<int64_t>(opcode_at_)) + " of its pickle: " + why);
  }

  // --- bytes ---

  std::string_view take(uint64_t count) {
    if (count > bytes_.size() - at_) refuse("it is cut off, or says a length of " + std::to_string(count) + " bytes that it has not");
    const std::string_view taken = bytes_.substr(at_, count);
    at_ += count;
    return taken;
  }
  template <class T>
  T number() {
    T value = 0;
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
  }
  std::string_view line() {
    const size_t end = bytes_.find('\n', at_);
    if (end == std::string_view::npos) refuse("it is cut off within a name");
    const std::string_view text = take(end - at_);
    take(1);
    return text;
  }

  // --- stack ---

  void push(PickleValue value) {
    if (pickle_.values.size() >= kMaxValues) refuse("it has more than " + std::to_string(kMaxValues) + " values, no state dict does");
    stack_.push_back(static_cast<uint32_t>(pickle_.values.size()));
    pickle_.values.push_back(std::move(value));
  }
  size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }
  uint32_t top() const {
    if (stack_.size() <= floor()) refuse("it takes from an empty stack");
    return stack_.back();
  }
  uint32_t pop() {
    const uint32_t value = top();
    stack_.pop_back();
    return value;
  }
  std::vector<uint32_t> pop_count(size_t count) {
    if (stack_.size() - floor() < count) refuse("it takes from an empty stack");
    const std::vector<uint32_t> items(stack_.end() - static_cast<ptrdiff_t>(count), stack_.end());
    stack_.resize(stack_.size() - count);
    return items;
  }
  std::vector<uint32_t> pop_to_mark() {
    if (marks_.empty()) refuse("it ends a list that it never began");
    std::vector<uint32_t> items = pop_count(stack_.size() - marks_.back());
    marks_.pop_back();
    return items;
  }
  // The value that APPEND, SETITEM and BUILD change.
  PickleValue& target(Kind kind) {
    PickleValue& value = pickle_.values[top()];
    if (value.kind != kind) refuse("it adds to a " + std::string(name_of(value.kind)) + " as if it were a " + std::string(name_of(kind)));
    return value;
  }

  // --- opcodes, by what they do; each function says whether the opcode is one of its own ---

  bool literal(unsigned char opcode) {
    switch (opcode) {
      case kNone: push({}); return true;
      case kNewTrue: push({.kind = Kind::boolean, .number = 1}); return true;
      case kNewFalse: push({.kind = Kind::boolean}); return true;
      case kBinInt: push({.kind = Kind::integer, .number = number<int32_t>()}); return true;
      case kBinInt1: push({.kind = Kind::integer, .number = number<uint8_t>()}); return true;
      case kBinInt2: push({.kind = Kind::integer, .number = number<uint16_t>()}); return true;
      case kLong1: push(integer(take(number<uint8_t>()))); return true;
      case kLong4: push(integer(take(number<uint32_t>()))); return true;
      case kShortBinUnicode:
      case kShortBinString: push({.kind = Kind::text, .text = take(number<uint8_t>())}); return true;
      case kBinUnicode:
      case kBinString: push({.kind = Kind::text, .text = take(number<uint32_t>())}); return true;
      case kBinUnicode8: push({.kind = Kind::text, .text = take(number<uint64_t>())}); return true;
      case kBinFloat: take(8); push({.kind = Kind::other}); return true;
      case kShortBinBytes: take(number<uint8_t>()); push({.kind = Kind::other}); return true;
      case kBinBytes: take(number<uint32_t>()); push({.kind = Kind::other}); return true;
      case kBinBytes8: take(number<uint64_t>()); push({.kind = Kind::other}); return true;
      default: return false;
    }
  }

  // Little-endian two's complement of any length.
  static PickleValue integer(std::string_view bytes) {
    if (bytes.size() > 8) return {.kind = Kind::other, .text = bytes};
    const bool negative = !bytes.empty() && (bytes.back() & 0x80) != 0;
    int64_t value = negative ? -1 : 0;
    std::memcpy(&value, bytes.data(), bytes.size());
    return {.kind = Kind::integer, .number = value};
  }

  bool container(unsigned char opcode) {
    switch (opcode) {
      case kEmptyTuple: push({.kind = Kind::tuple}); return true;
      case kEmptyList: push({.kind = Kind::list}); return true;
      case kEmptyDict: push({.kind = Kind::dict}); return true;
      case kTuple1:
      case kTuple2:
      case kTuple3: push({.kind = Kind::tuple, .items = pop_count(opcode - kTuple1 + 1)}); return true;
      case kTuple: push({.kind = Kind::tuple, .items = pop_to_mark()}); return true;
      case kList: push({.kind = Kind::list, .items = pop_to_mark()}); return true;
      case kDict: push({.kind = Kind::dict}); add_pairs_below(); return true;
      case kAppend: add(Kind::list, pop_count(1)); return true;
      case kAppends: add(Kind::list, pop_to_mark()); return true;
      case kSetItem: add(Kind::dict, pop_count(2)); return true;
      case kSetItems: add(Kind::dict, pop_to_mark()); return true;
      default: return false;
    }
  }
  void add(Kind kind, const std::vector<uint32_t>& items) {
    if (kind == Kind::dict && items.size() % 2 != 0) refuse("it gives a dict a key without a value");
    std::vector<uint32_t>& to = target(kind).items;
    to.insert(to.end(), items.begin(), items.end());
  }
  // DICT: pairs lie between the mark and the dict that was just pushed.
  void add_pairs_below() {
    const uint32_t dict = pop();
    const std::vector<uint32_t> items = pop_to_mark();
    stack_.push_back(dict);
    add(Kind::dict, items);
  }

  bool memory(unsigned char opcode) {
    switch (opcode) {
      case kMark: marks_.push_back(stack_.size()); return true;
      case kPop: if (stack_.size() > floor()) { pop(); } else { pop_to_mark(); } return true;
      case kPopMark: pop_to_mark(); return true;
      case kDup: stack_.push_back(top()); return true;
      case kBinPut: memo_[number<uint8_t>()] = top(); return true;
      case kLongBinPut: memo_[number<uint32_t>()] = top(); return true;
      case kMemoize: memo_[static_cast<uint32_t>(memo_.size())] = top(); return true;
      case kBinGet: recall(number<uint8_t>()); return true;
      case kLongBinGet: recall(number<uint32_t>()); return true;
      case kFrame: check_frame(number<uint64_t>()); return true;
      case kProto: check_protocol(number<uint8_t>()); return true;
      default: return false;
    }
  }
  void recall(uint32_t key) {
    const auto found = memo_.find(key);
    if (found == memo_.end()) refuse("it recalls value " + std::to_string(key) + ", which it never kept");
    stack_.push_back(found->second);
  }
  void check_frame(uint64_t length) const {
    if (length > bytes_.size() - at_) refuse("a frame of " + std::to_string(length) + " bytes goes beyond its end");
  }
  void check_protocol(unsigned protocol) const {
    if (protocol < 2 || protocol > 5) refuse("protocol " + std::to_string(protocol) + ", expected 2 to 5");
  }

  void call(unsigned char opcode) {
    switch (opcode) {
      case kGlobal: {
        const std::string_view module = line();
        return name_global(module, line());
      }
      case kStackGlobal: {
        const std::vector<uint32_t> names = pop_count(2);
        if (pickle_[names[0]].kind != Kind::text || pickle_[names[1]].kind != Kind::text) refuse("it names a global by what is no text");
        return name_global(pickle_[names[0]].text, pickle_[names[1]].text);
      }
      case kBinPersId: {
        const uint32_t id = pop();
        return push(explain([&] { return storage_of_id(pickle_, pickle_[id]); }));
      }
      case kReduce: {
        const std::vector<uint32_t> items = pop_count(2);
        if (pickle_[items[0]].kind != Kind::global) refuse("it calls a " + std::string(name_of(pickle_[items[0]].kind)));
        return push(explain([&] { return call_pickled(pickle_, *pickle_[items[0]].global, pickle_[items[1]]); }));
      }
      case kBuild:  // state_dict() keeps _metadata as an attribute of its OrderedDict, which says nothing of weights
        pop();
        target(Kind::dict);
        return;
      default:
        refuse_opcode(opcode);
    }
  }
  void name_global(std::string_view module, std::string_view name) {
    const PickleGlobal* global = find_pickle_global(module, name);
    if (global == nullptr) {
      refuse("it names " + shown(module) + "." + shown(name) + ", which is no part of a state dict and might run code. If you trust the file, load "
             "it in Python and save its state_dict() alone");
    }
    push({.kind = Kind::global, .global = global});
  }
  template <class Call>
  PickleValue explain(const Call& made) const {
    try {
      return made();
    } catch (const std::runtime_error& error) {
      refuse(error.what());
    }
  }
  // What would build objects of classes names the class, where it can be seen.
  [[noreturn]] void refuse_opcode(unsigned char opcode) {
    constexpr char kHex[] = "0123456789abcdef";
    const std::string code = {'0', 'x', kHex[opcode >> 4], kHex[opcode & 15]};
    if (opcode == kInst) {
      const std::string_view module = line();
      refuse("opcode " + code + " would make an object of " + shown(module) + "." + shown(line()));
    }
    if (opcode == kNewObj || opcode == kNewObjEx || opcode == kObj) refuse("opcode " + code + " would make an object" + named_below());
    if (opcode >= kExt1 && opcode <= kExt4) refuse("opcode " + code + " would call what Python's copyreg extensions name");
    refuse("opcode " + code + " is not among those of a state dict");
  }
  std::string named_below() const {
    for (size_t i = stack_.size(); i-- > 0;) {
      const PickleValue& value = pickle_[stack_[i]];
      if (value.kind == Kind::global) return " of " + std::string(value.global->module) + "." + std::string(value.global->name);
    }
    return "";
  }

  std::string_view bytes_;
  int64_t origin_;
  const std::string& file_;
  size_t at_ = 0, opcode_at_ = 0;
  Pickle pickle_;
  std::vector<uint32_t> stack_;
  std::vector<size_t> marks_;  // heights of the stack where lists began
  std::unordered_map<uint32_t, uint32_t> memo_;
};

}  // namespace

Pickle read_pickle(std::string_view bytes, int64_t origin, const std::string& file) { return Machine(bytes, origin, file).run(); }

std::string_view name_of(Kind kind) {
  constexpr std::string_view kNames[] = {"None", "bool", "int", "str", "tuple", "list", "dict", "global", "storage", "tensor", "something else"};
  return kNames[static_cast<size_t>(kind)];
}

}  // namespace smooth
