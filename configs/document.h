// A YAML config before types: one tree in which every value knows the place that gave it, with
// `include:`s merged and
// `--set`s applied. Refuses what YAML itself leaves open: keys given twice, keys that are not
// plain, several documents.
#pragma once

#include <string>
#include <vector>

namespace smooth {

struct Item {
  enum class Kind { null, scalar, list, map };
  Kind kind = Kind::null;
  std::string place;        // "configs/train.yaml:12:7", or "--set optim.lr=1"
  std::string text;         // of a scalar
  bool quoted = false;      // a scalar in quotes is a text, whatever it looks like
  std::vector<Item> items;  // of a list, or of a map
  std::string key;          // in the map above, empty in lists
  std::string key_place;

  const Item* find(const std::string& name) const;  // a key of a map, or the number of a list's item
  Item* find(const std::string& name);
};

// FILE with the files that it includes below it. Throws ConfigError.
Item read_document(const std::string& file);

// "a.b=c", "a.0.b=c": the value is YAML, keys on the way are made where they are missing.
void apply_override(Item& root, const std::string& text);

// Throws ConfigError "PLACE: KEY: REASON", or "PLACE: REASON" where no key is concerned.
[[noreturn]] void config_fail(const std::string& place, const std::string& key,
                              const std::string& reason);

std::string join_key(const std::string& above,
                     const std::string& key);  // "optim" "lr" -> "optim.lr"

// What an item looks like to its author: "`abc`", "the text \"abc\"", "a list", "nothing".
std::string describe(const Item& item);

}  // namespace smooth
