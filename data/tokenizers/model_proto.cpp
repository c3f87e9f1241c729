// The file is a protocol buffer, sentencepiece_model.proto's ModelProto. The normalisers' tables, precompiled_charsmap, are a trie's
// size, the trie as darts-clone's double array, and the strings that its values point into, each with a zero behind it.
#include "data/tokenizers/model_proto.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <vector>

namespace smooth {
namespace {

// ModelProto, ModelProto.SentencePiece and NormalizerSpec
constexpr uint64_t kPieces = 1, kNormalizer = 3, kDenormalizer = 5;
constexpr uint64_t kPieceText = 1, kPieceScore = 2, kPieceType = 3, kCharsmap = 2;
constexpr uint32_t kUserDefined = 4;

constexpr size_t kMaxNested = 64;     // kResultSize of PrefixMatcher::PrefixMatch
constexpr int kMaxRules = 32;         // Normalizer::kMaxTrieResultsSize

[[noreturn]] void refuse(const std::string& where, const std::string& why) { throw std::runtime_error(where + ": " + why); }

// --- protocol buffers ----------------------------------------------------------------------------------------------------

class Message {
 public:
  enum Kind { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };
  struct Field {
    uint64_t number, kind, value;  // value: of a varint or fixed field
    std::string_view bytes;
  };

  Message(std::string_view bytes, const std::string& where) : rest_(bytes), where_(where) {}
  bool empty() const { return rest_.empty(); }

  Field next() {
    const uint64_t tag = varint();
    if (tag > UINT32_MAX) refuse(where_, "a field's number is too large; the file is damaged");
    Field field{tag >> 3, tag & 7, 0, {}};
    if (field.kind == kVarint) {
      field.value = varint();
    } else if (field.kind == kBytes) {
      field.bytes = take(varint());
    } else if (field.kind == kFixed32 || field.kind == kFixed64) {
      const std::string_view fixed = take(field.kind == kFixed32 ? 4 : 8);
      std::memcpy(&field.value, fixed.data(), fixed.size());
    } else {
      refuse(where_, "not a SentencePiece model: a field of kind " + std::to_string(field.kind));
    }
    return field;
  }

 private:
  std::string_view take(uint64_t count) {
    if (count > rest_.size()) refuse(where_, "ends before its fields do; the file is cut off or damaged");
    const std::string_view taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return taken;
  }

  uint64_t varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 70; shift += 7) {
      const auto byte = static_cast<uint8_t>(take(1)[0]);
      value |= shift < 64 ? uint64_t{byte & 0x7fu} << shift : 0;
      if (byte < 0x80) return value;
    }
    refuse(where_, "a number is too long; the file is damaged");
  }

  std::string_view rest_;
  const std::string& where_;
};

// --- the normaliser's tables -----------------------------------------------------------------------------------------------

// Walks the double array as the library would for every possible text. A unit is a place in it; what a text leads to from there lies
// at base ^ byte, where base is the unit's place ^ its offset.
class Charsmap {
 public:
  Charsmap(std::string_view bytes, const std::string& where) : where_(where) {
    uint32_t size = 0;
    if (bytes.size() < sizeof size) refuse(where_, "it has " + std::to_string(bytes.size()) + " bytes");
    std::memcpy(&size, bytes.data(), sizeof size);
    bytes.remove_prefix(sizeof size);
    if (size > bytes.size()) refuse(where_, "its trie should have " + std::to_string(size) + " bytes of " + std::to_string(bytes.size()));
    if (size < sizeof(uint32_t)) refuse(where_, "its trie is empty");
    units_.resize(size / sizeof(uint32_t));
    std::memcpy(units_.data(), bytes.data(), units_.size() * sizeof(uint32_t));
    strings_ = bytes.substr(size);
  }

  void check() {
    if (!strings_.ends_with('\0')) refuse(where_, "its last string has no end");
    rules_.assign(units_.size(), kUnseen);
    std::vector<uint32_t> open = {0};
    while (!open.empty()) {
      const uint32_t unit = open.back();
      if (rules_[unit] == kUnseen) {
        rules_[unit] = kOpen;
        for_children(unit, [&](uint32_t child) {
          if (rules_[child] == kOpen) refuse(where_, "its trie leads back to where it came from");
          if (rules_[child] == kUnseen) open.push_back(child);
        });
      } else {
        open.pop_back();
        if (rules_[unit] == kOpen) close(unit);
      }
    }
  }

 private:
  static constexpr int kUnseen = -2, kOpen = -1;

  static uint32_t offset(uint32_t unit) { return (unit >> 10) << ((unit & (1u << 9)) >> 6); }
  static uint32_t label(uint32_t unit) { return unit & ((1u << 31) | 0xff); }
  bool has_leaf(uint32_t place) const { return place != 0 && (units_[place] >> 8 & 1) != 0; }  // the root has none

  uint32_t base(uint32_t place) const {
    const uint32_t found = place ^ offset(units_[place]);
    if ((found | 0xff) >= units_.size()) refuse(where_, "its trie leads out of the file");
    return found;
  }

  template <class Use>
  void for_children(uint32_t place, const Use& use) const {
    const uint32_t from = base(place);
    for (uint32_t byte = 0; byte < 256; ++byte) {
      if (label(units_[from ^ byte]) == byte) use(from ^ byte);
    }
  }

  // All below it is known: how many rules may fit one text from here on.
  void close(uint32_t place) {
    int most = 0;
    for_children(place, [&](uint32_t child) { most = std::max(most, rules_[child]); });
    if (has_leaf(place)) {
      ++most;
      if ((units_[base(place)] & 0x7fffffffu) >= strings_.size()) refuse(where_, "a rule's string lies outside the file");
    }
    if (most > kMaxRules) refuse(where_, "more than " + std::to_string(kMaxRules) + " rules fit one text");
    rules_[place] = most;
  }

  const std::string& where_;
  std::vector<uint32_t> units_;
  std::string_view strings_;
  std::vector<int> rules_;  // by place
};

void check_normalizer(std::string_view bytes, const std::string& where) {
  for (Message spec(bytes, where); !spec.empty();) {
    const Message::Field field = spec.next();
    if (field.number == kCharsmap && field.kind == Message::kBytes && !field.bytes.empty()) Charsmap(field.bytes, where).check();
  }
}

// --- pieces ------------------------------------------------------------------------------------------------------------------

// Gives back the text of a user-defined piece, else an empty one.
std::string_view check_piece(std::string_view bytes, const std::string& where) {
  std::string_view text;
  uint32_t type = 0;
  for (Message piece(bytes, where); !piece.empty();) {
    const Message::Field field = piece.next();
    if (field.number == kPieceText && field.kind == Message::kBytes) text = field.bytes;
    if (field.number == kPieceType && field.kind == Message::kVarint) type = static_cast<uint32_t>(field.value);  // as the library cuts it
    if (field.number == kPieceScore && field.kind == Message::kFixed32) {
      float score = 0;
      std::memcpy(&score, &field.value, sizeof score);
      if (!std::isfinite(score)) refuse(where, "its score is no finite number");
    }
  }
  if (text.find('\0') != std::string_view::npos) refuse(where, "it holds a zero byte, at which the library would end it");
  return type == kUserDefined ? text : std::string_view();
}

// How many of the texts begin one another.
void check_nested(std::vector<std::string_view> texts, const std::string& file) {
  std::sort(texts.begin(), texts.end());
  std::vector<std::string_view> begin;
  for (const std::string_view text : texts) {
    while (!begin.empty() && !text.starts_with(begin.back())) begin.pop_back();
    begin.push_back(text);
    if (begin.size() > kMaxNested) refuse(file, "more than " + std::to_string(kMaxNested) + " user-defined pieces begin one another");
  }
}

}  // namespace

void check_model_proto(std::string_view bytes, const std::string& file) {
  std::vector<std::string_view> user_defined;
  int64_t count = 0;
  for (Message model(bytes, file); !model.empty();) {
    const Message::Field field = model.next();
    if (field.kind != Message::kBytes) continue;
    if (field.number == kPieces) {
      const std::string_view text = check_piece(field.bytes, file + ": piece " + std::to_string(count++));
      if (!text.empty()) user_defined.push_back(text);
    }
    if (field.number == kNormalizer) check_normalizer(field.bytes, file + ": normalizer_spec");
    if (field.number == kDenormalizer) check_normalizer(field.bytes, file + ": denormalizer_spec");
  }
  check_nested(std::move(user_defined), file);
}

}  // namespace smooth
