#include "configs/read.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "configs/allowed.h"
#include "configs/nearest.h"

namespace smooth {
namespace {

// A number as YAML's authors write it; from_chars knows no leading plus.
template <class Number>
std::from_chars_result parse_number(const std::string& text, Number& value) {
  const char* begin = text.data() + (text.size() > 1 && text[0] == '+' && text[1] != '-');
  return std::from_chars(begin, text.data() + text.size(), value);
}

template <class Number>
void read_number(const Item& item, const Field& field, const std::string& expected, Number& value) {
  if (item.kind != Item::Kind::scalar || item.quoted) fail_type(item, field, expected);
  const auto [stop, error] = parse_number(item.text, value);
  if (stop != item.text.data() + item.text.size() || error == std::errc::invalid_argument) {
    fail_type(item, field, expected);
  }
  if (error == std::errc::result_out_of_range)
    fail_type(item, field, expected + " that fits into 64 bits");
}

void check_range(const Item& item, const Field& field, double value) {
  const Allowed& allowed = field.allowed;
  const bool too_low =
      allowed.low && (allowed.above ? value <= *allowed.low : value < *allowed.low);
  const bool too_high = allowed.high && value > *allowed.high;
  if (too_low || too_high) fail_type(item, field, "a number that is " + range_words(allowed));
}

}  // namespace

void fail_type(const Item& item, const Field& field, const std::string& expected) {
  config_fail(item.place, field.path,
              fmt::format("expected {}, got {} ({})", expected, describe(item),
                          field.help.empty() ? "the config" : field.help));
}

void fail_missing(const Item& map, const Field& field) {
  config_fail(map.place, field.path,
              fmt::format("missing; it has no default, so give it ({})", field.help));
}

void fail_problem(const Item& map, const Field& field, const Problem& problem) {
  const Item* at = &map;
  std::string place = map.place;
  for (size_t begin = 0; at && begin <= problem.key.size();) {
    const size_t dot = std::min(problem.key.find('.', begin), problem.key.size());
    at = at->find(problem.key.substr(begin, dot - begin));
    if (at) place = at->key_place.empty() ? at->place : at->key_place;
    begin = dot + 1;
  }
  if (problem.secret && place.starts_with("--set ")) place.resize(place.find('='));
  const std::string got = at && at->kind == Item::Kind::scalar && !problem.secret
                              ? fmt::format(" (got {})", describe(*at))
                              : "";
  config_fail(place, join_key(field.path, problem.key), problem.reason + got);
}

void check_keys(const Item& map, const Field& field, const std::vector<std::string>& keys,
                const std::vector<std::string>& below) {
  for (const Item& item : map.items) {
    if (std::find(keys.begin(), keys.end(), item.key) != keys.end()) continue;
    std::string meant = nearest(item.key, keys);
    if (!meant.empty()) meant = join_key(field.path, meant);
    for (const auto* list : {&below, field.known}) {  // the right key in the wrong place
      for (const std::string& known : *list) {
        if (meant.empty() && known.ends_with("." + item.key)) meant = known;
      }
    }
    for (const std::string& known : *field.known) {
      if (meant.empty() && known == item.key) meant = known + " at the top";
    }
    config_fail(
        item.key_place, join_key(field.path, item.key),
        fmt::format("no such key{} (keys here: {})", did_you_mean(meant), fmt::join(keys, ", ")));
  }
}

void read_value(const Item& item, const Field& field, int64_t& value) {
  read_number(item, field, "a whole number", value);
  check_range(item, field, static_cast<double>(value));
}

void read_value(const Item& item, const Field& field, double& value) {
  read_number(item, field, "a number", value);
  if (!std::isfinite(value)) fail_type(item, field, "a finite number");
  check_range(item, field, value);
}

void read_value(const Item& item, const Field& field, bool& value) {
  const bool known = item.kind == Item::Kind::scalar && !item.quoted &&
                     (item.text == "true" || item.text == "false");
  if (!known) fail_type(item, field, "true or false");
  value = item.text == "true";
}

void read_value(const Item& item, const Field& field, std::string& value) {
  const Allowed& allowed = field.allowed;
  if (item.kind == Item::Kind::null) fail_type(item, field, "a text (\"\" for an empty one)");
  if (item.kind != Item::Kind::scalar) fail_type(item, field, "a text");
  value = item.text;
  if (value.empty() && allowed.required) fail_type(item, field, "a text that is not empty");
  const auto& choices = allowed.choices;
  if (!choices.empty() && std::find(choices.begin(), choices.end(), value) == choices.end()) {
    config_fail(item.place, field.path,
                fmt::format("expected one of {}; got {}{}", fmt::join(choices, ", "),
                            describe(item), did_you_mean(nearest(value, choices))));
  }
  if (field.paths == Paths::must_exist && allowed.must_exist && !value.empty() && !std::filesystem::exists(value)) {
    config_fail(item.place, field.path,
                fmt::format("no such file or folder: {}; needed here: {} (looked up from {})",
                            value, field.help, std::filesystem::current_path().string()));
  }
}

}  // namespace smooth
