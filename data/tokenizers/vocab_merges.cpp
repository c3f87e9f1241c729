#include "data/tokenizers/vocab_merges.h"

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "data/tokenizers/utf8.h"

namespace smooth {
namespace {

using nlohmann::json;
using Event = json::parse_event_t;

[[noreturn]] void fail(const std::string& what, const std::string& reason) { throw std::runtime_error(what + ": " + reason); }

// Every value goes to `use` as it is read and none is kept: there are hundreds of thousands.
template <class Use>
void read_values(std::string_view text, const std::string& what, const Use& use) {
  const auto callback = [&](int depth, Event event, json& value) {
    use(depth, event, value);
    return depth == 0 || event == Event::array_start;  // what is not kept is not entered either
  };
  try {
    const json kept = json::parse(text.begin(), text.end(), callback);
  } catch (const json::exception& error) {
    fail(what, std::string("not JSON: ") + error.what());
  }
}

std::pair<std::string, std::string> split_merge(const std::string& text, const std::string& what, size_t number) {
  const size_t blank = text.find(' ');
  if (blank == std::string::npos || blank == 0 || blank + 1 == text.size() || text.find(' ', blank + 1) != std::string::npos) {
    fail(what, fmt::format("merge {}: expected two pieces with one blank between, found `{:.80}`", number, text));
  }
  return {text.substr(0, blank), text.substr(blank + 1)};
}

// GPT-2's encoder.py, bytes_to_unicode: printable Latin-1 characters are themselves, the other bytes follow from U+0100 on.
constexpr size_t kAlphabetEnd = 0x144;
std::array<int16_t, kAlphabetEnd> alphabet() {
  std::array<int16_t, kAlphabetEnd> byte_of;
  byte_of.fill(-1);
  size_t next = 0x100;
  for (int16_t byte = 0; byte < 256; ++byte) {
    const bool printable = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
    byte_of[printable ? static_cast<size_t>(byte) : next++] = byte;
  }
  return byte_of;
}

}  // namespace

Vocabulary parse_vocabulary(std::string_view text, const std::string& what) {
  Vocabulary vocabulary;
  std::string key;
  read_values(text, what, [&](int depth, Event event, const json& value) {
    if (depth == 0 && event == Event::object_start) return;
    if (depth == 0 && event == Event::object_end) return;
    if (event == Event::key) {
      key = value.get_ref<const std::string&>();
    } else if (depth == 1 && event == Event::value && value.is_number_unsigned() && value.get<uint64_t>() <= INT32_MAX) {
      vocabulary.emplace_back(std::move(key), value.get<int64_t>());
    } else {
      const std::string found = event == Event::value ? value.dump() : "a list or an object";
      fail(what, fmt::format("expected an object of ids from 0 on, found {} at \"{:.80}\"", found, key));
    }
  });
  return vocabulary;
}

StringPairs parse_merges(std::string_view text, const std::string& what) {
  StringPairs merges;
  std::vector<std::string> pair;
  read_values(text, what, [&](int depth, Event event, json& value) {
    const bool is_string = event == Event::value && value.is_string();
    if (depth == 0 && (event == Event::array_start || event == Event::array_end)) return;
    if (depth == 1 && is_string) {
      merges.push_back(split_merge(value.get_ref<const std::string&>(), what, merges.size()));
    } else if (depth == 2 && is_string) {
      pair.push_back(std::move(value.get_ref<std::string&>()));
    } else if (depth == 1 && event == Event::array_start) {
      pair.clear();
    } else if (depth == 1 && event == Event::array_end && pair.size() == 2) {
      merges.emplace_back(std::move(pair[0]), std::move(pair[1]));
    } else {
      fail(what, fmt::format("merge {}: expected a string \"a b\" or a list [\"a\", \"b\"]", merges.size()));
    }
  });
  return merges;
}

StringPairs parse_merges_txt(std::string_view text, const std::string& what) {
  StringPairs merges;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = text.find('\n', begin);
    if (end == std::string_view::npos) fail(what, "the last line has no end; is the file truncated?");
    std::string line(text.substr(begin, end - begin));
    if (line.ends_with('\r')) line.pop_back();
    if (!line.starts_with("#version") && !line.empty()) merges.push_back(split_merge(line, what, merges.size()));
    begin = end + 1;
  }
  return merges;
}

std::string bytes_of(const std::string& piece, const std::string& what) {
  static const auto byte_of = alphabet();
  std::string bytes;
  for (size_t at = 0; at < piece.size();) {
    const char32_t c = next_character(piece, at);
    const int byte = c < kAlphabetEnd ? byte_of[c] : -1;
    if (byte < 0) fail(what, fmt::format("`{:.80}` is not spelled in the byte-level alphabet (GPT-2's, where a blank is \u0120)", piece));
    bytes.push_back(static_cast<char>(byte));
  }
  return bytes;
}

}  // namespace smooth
