// From a document to a struct: types, ranges, choices, paths, required keys, unknown keys and
// `problem()`. A struct is read through its own `visit`; the first mistake is thrown with its
// place. load_config is the front door.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "configs/config.h"
#include "configs/document.h"
#include "configs/load.h"

namespace smooth {

// A visitor that wants nothing: what makes a struct with a `visit` recognisable.
struct NoVisitor {
  template <class T>
  void operator()(const char*, T&, const char*, const Allowed& = {}) {}
};

template <class T>
concept Visitable = requires(T& value, NoVisitor& visitor) {
  value.visit(visitor);
};

// What is read: its dotted key, and what `visit` says of it. `known` are all keys of the whole
// config.
struct Field {
  std::string path;
  std::string help;
  Allowed allowed;
  const std::vector<std::string>* known = nullptr;
  Paths paths = Paths::must_exist;
};

[[noreturn]] void fail_type(const Item& item, const Field& field, const std::string& expected);
[[noreturn]] void fail_missing(const Item& map, const Field& field);
[[noreturn]] void fail_problem(const Item& map, const Field& field, const Problem& problem);
// Throws for the first key of `map` that is not one of `keys`; `below` are all keys further down.
void check_keys(const Item& map, const Field& field, const std::vector<std::string>& keys,
                const std::vector<std::string>& below);

void read_value(const Item& item, const Field& field, int64_t& value);
void read_value(const Item& item, const Field& field, double& value);
void read_value(const Item& item, const Field& field, bool& value);
void read_value(const Item& item, const Field& field, std::string& value);

template <class T>
void read_value(const Item& item, const Field& field, std::optional<T>& value);
template <class T>
void read_value(const Item& item, const Field& field, std::vector<T>& value);
template <Visitable T>
void read_value(const Item& item, const Field& field, T& value);

// Lists the keys of a struct, and the dotted keys of all structs in it (items of lists as number
// 0).
class KeyLister {
 public:
  explicit KeyLister(std::string path) : path_(std::move(path)) {}

  template <class T>
  void operator()(const char* key, T& value, const char*, const Allowed& = {}) {
    keys.push_back(key);
    below.push_back(join_key(path_, key));
    descend(below.back(), value);
  }

  std::vector<std::string> keys, below;

 private:
  template <class T>
  void descend(const std::string&, T&) {}
  template <Visitable T>
  void descend(const std::string& path, T& value) {
    KeyLister lister(path);
    value.visit(lister);
    below.insert(below.end(), lister.below.begin(), lister.below.end());
  }
  template <Visitable T>
  void descend(const std::string& path, std::optional<T>&) {
    T sample;
    descend(path, sample);
  }
  template <Visitable T>
  void descend(const std::string& path, std::vector<T>&) {
    T sample;
    descend(join_key(path, "0"), sample);
  }

  std::string path_;
};

class StructReader {
 public:
  static constexpr bool kReads = true;  // a `visit` may set fields by the value of one before them: those that are given stand over it
  StructReader(const Item& map, const Field& field) : map_(map), field_(field) {}

  template <class T>
  void operator()(const char* key, T& value, const char* help, const Allowed& allowed = {}) {
    const Field field{join_key(field_.path, key), help, allowed, field_.known, field_.paths};
    if (const Item* given = map_.find(key)) return read_value(*given, field, value);
    if (allowed.required) fail_missing(map_, field);
    if constexpr (Visitable<T>) {  // all defaults; but it may require keys, or its defaults may not
                                   // stand
      Item empty;
      empty.kind = Item::Kind::map;
      empty.place = map_.place;
      read_value(empty, field, value);
    }
  }

 private:
  const Item& map_;
  const Field& field_;
};

template <class T>
void read_value(const Item& item, const Field& field, std::optional<T>& value) {
  value.reset();
  if (item.kind == Item::Kind::null) return;
  read_value(item, field, value.emplace());
}

template <class T>
void read_value(const Item& item, const Field& field, std::vector<T>& value) {
  if (item.kind != Item::Kind::list) fail_type(item, field, "a list");
  if (field.allowed.required && item.items.empty()) fail_type(item, field, "at least one item");
  value.clear();
  for (const Item& one : item.items) {
    Field each = field;
    each.path = join_key(field.path, std::to_string(value.size()));
    read_value(one, each, value.emplace_back());
  }
}

template <Visitable T>
void read_value(const Item& item, const Field& field, T& value) {
  if (item.kind != Item::Kind::map) fail_type(item, field, "a map of keys");
  KeyLister lister(field.path);
  value.visit(lister);
  check_keys(item, field, lister.keys, lister.below);
  StructReader reader(item, field);
  value.visit(reader);
  if constexpr (requires { value.problem(); }) {
    if (const std::optional<Problem> problem = value.problem()) fail_problem(item, field, *problem);
  }
}

// The whole config from the whole document.
template <Visitable Config>
Config read_config(const Item& root, Paths paths = Paths::must_exist) {
  Config config;
  KeyLister lister("");
  config.visit(lister);
  read_value(root, Field{"", "", {}, &lister.below, paths}, config);
  return config;
}

}  // namespace smooth
