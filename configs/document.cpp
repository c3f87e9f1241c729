#include "configs/document.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <functional>

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include "configs/load.h"
#include "configs/run.h"

namespace smooth {
namespace {

namespace fs = std::filesystem;

// Aliases can make a YAML tree endless; no config is anywhere near this deep.
constexpr int kDeepest = 32;

// Turns yaml-cpp's position into the place that a message names.
using PlaceOf = std::function<std::string(const YAML::Mark&)>;

Item convert(const YAML::Node& node, const PlaceOf& place_of, const std::string& path, int depth);

void convert_map(const YAML::Node& node, const PlaceOf& place_of, const std::string& path,
                 int depth, Item& map) {
  for (const auto& entry : node) {  // yaml-cpp keeps a key that is given twice as two entries
    const std::string key_place = place_of(entry.first.Mark());
    if (!entry.first.IsScalar()) config_fail(key_place, path, "expected a plain word as key");
    const std::string key = entry.first.Scalar();
    const std::string name = join_key(path, key);
    if (const Item* first = map.find(key)) {
      config_fail(key_place, name,
                  fmt::format("given twice, first at {}; keep one", first->key_place));
    }
    Item value = convert(entry.second, place_of, name, depth + 1);
    // yaml-cpp places a value that is left out at the next token, which may be lines further down.
    if (value.kind == Item::Kind::null) value.place = key_place;
    value.key = key;
    value.key_place = key_place;
    map.items.push_back(std::move(value));
  }
}

Item convert(const YAML::Node& node, const PlaceOf& place_of, const std::string& path, int depth) {
  Item item;
  item.place = place_of(node.Mark());
  if (depth > kDeepest) {
    config_fail(item.place, path,
                fmt::format("nested more than {} deep, or an alias of itself", kDeepest));
  }
  if (node.IsScalar()) {
    item.kind = Item::Kind::scalar;
    item.text = node.Scalar();
    item.quoted = node.Tag() == "!";
  } else if (node.IsSequence()) {
    item.kind = Item::Kind::list;
    for (size_t i = 0; i < node.size(); ++i) {
      item.items.push_back(
          convert(node[i], place_of, join_key(path, std::to_string(i)), depth + 1));
    }
  } else if (node.IsMap()) {
    item.kind = Item::Kind::map;
    convert_map(node, place_of, path, depth, item);
  }
  return item;
}

Item parse(const std::string& text, const PlaceOf& place_of, const std::string& path) {
  std::vector<YAML::Node> documents;
  try {
    documents = YAML::LoadAll(text);
  } catch (
      const YAML::ParserException& error) {  // from the library's words to ours: file, line, column
    config_fail(place_of(error.mark), path, "not valid YAML: " + error.msg);
  }
  if (documents.size() > 1) {
    config_fail(place_of(documents[1].Mark()), path,
                "a second YAML document begins; a config is one document");
  }
  if (documents.empty()) {
    Item empty;
    empty.place = place_of(YAML::Mark());
    return empty;
  }
  return convert(documents[0], place_of, path, 0);
}

// Later over earlier: maps are merged key by key, lists and scalars are replaced.
void merge(Item& below, Item above) {
  if (below.kind != Item::Kind::map || above.kind != Item::Kind::map) {
    below = std::move(above);
    return;
  }
  below.place = above.place;
  below.key_place = above.key_place;
  for (Item& item : above.items) {
    if (Item* same = below.find(item.key)) {
      merge(*same, std::move(item));
    } else {
      below.items.push_back(std::move(item));
    }
  }
}

Item read_with_includes(const fs::path& file, std::vector<fs::path>& chain);

Item read_include(const Item& include, const fs::path& including, std::vector<fs::path>& chain) {
  if (include.kind != Item::Kind::scalar || include.text.empty()) {
    config_fail(include.place, "include",
                "expected a file or a list of files, got " + describe(include));
  }
  const fs::path file = (including.parent_path() / include.text).lexically_normal();
  if (!fs::is_regular_file(file)) {
    config_fail(
        include.place, "include",
        fmt::format("no such file: {}; the path is relative to the including file", file.string()));
  }
  for (const fs::path& open : chain) {
    if (!fs::equivalent(open, file)) continue;
    std::string circle;
    for (const fs::path& step : chain) circle += step.string() + " -> ";
    config_fail(include.place, "include",
                "files include each other in a circle: " + circle + file.string());
  }
  return read_with_includes(file, chain);
}

Item read_with_includes(const fs::path& file, std::vector<fs::path>& chain) {
  const std::string name = file.string();
  Item root = parse(
      read_file(file),
      [&](const YAML::Mark& mark) {
        return fmt::format("{}:{}:{}", name, mark.line + 1, mark.column + 1);
      },
      "");
  if (root.kind == Item::Kind::null)
    root.kind = Item::Kind::map;  // an empty file, or comments alone
  if (root.kind != Item::Kind::map)
    config_fail(root.place, "", "expected `key: value` lines, got " + describe(root));

  const Item* include = root.find("include");
  if (!include) return root;
  chain.push_back(file);
  Item merged;
  merged.kind = Item::Kind::map;
  if (include->kind == Item::Kind::list) {
    for (const Item& one : include->items) merge(merged, read_include(one, file, chain));
  } else {
    merge(merged, read_include(*include, file, chain));
  }
  chain.pop_back();
  std::erase_if(root.items, [](const Item& item) { return item.key == "include"; });
  merge(merged, std::move(root));
  return merged;
}

// The item that `part` of a dotted key names inside `at`; a missing key is made, a list has to have
// the item.
Item& step_into(Item& at, const std::string& above, const std::string& part,
                const std::string& place) {
  if (at.kind == Item::Kind::list) {
    size_t index = 0;
    const char* end = part.data() + part.size();
    const auto [stop, error] = std::from_chars(part.data(), end, index);
    if (error == std::errc{} && stop == end && index < at.items.size()) return at.items[index];
    if (at.items.empty())
      config_fail(place, above, fmt::format("the list is empty, it has no item `{}`", part));
    config_fail(place, above,
                fmt::format("is a list: expected an item from 0 to {}, got `{}`",
                            at.items.size() - 1, part));
  }
  if (at.kind != Item::Kind::map) {
    at.kind = Item::Kind::map;
    at.place = place;
  }
  if (Item* known = at.find(part)) return *known;
  Item made;
  made.key = part;
  made.place = made.key_place = place;
  at.items.push_back(std::move(made));
  return at.items.back();
}

}  // namespace

const Item* Item::find(const std::string& name) const {
  if (kind == Kind::list) {
    size_t index = items.size();
    const auto [stop, error] = std::from_chars(name.data(), name.data() + name.size(), index);
    const bool whole = error == std::errc{} && stop == name.data() + name.size();
    return whole && index < items.size() ? &items[index] : nullptr;
  }
  if (kind != Kind::map) return nullptr;
  const auto found =
      std::find_if(items.begin(), items.end(), [&](const Item& item) { return item.key == name; });
  return found == items.end() ? nullptr : &*found;
}

Item* Item::find(const std::string& name) {
  return const_cast<Item*>(std::as_const(*this).find(name));
}

Item read_document(const std::string& file) {
  if (fs::is_directory(file)) throw ConfigError(file + ": is a folder; give a YAML file in it");
  if (!fs::exists(file)) {
    throw ConfigError(fmt::format("{}: no such file in {}; give the path of a YAML config", file,
                                  fs::current_path().string()));
  }
  std::vector<fs::path> chain;
  return read_with_includes(file, chain);
}

void apply_override(Item& root, const std::string& text) {
  const std::string place = "--set " + text;
  const size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0) {
    config_fail(place, "", "expected KEY=VALUE, such as optim.lr=1e-5");
  }
  const std::string path = text.substr(0, equals);
  Item value = parse(
      text.substr(equals + 1), [&](const YAML::Mark&) { return place; }, path);
  value.place = place;

  Item* at = &root;
  for (size_t begin = 0; begin <= path.size();) {
    const size_t dot = std::min(path.find('.', begin), path.size());
    const std::string part = path.substr(begin, dot - begin);
    if (part.empty())
      config_fail(place, "",
                  fmt::format("`{}` has an empty part; expected keys joined by single dots", path));
    at = &step_into(*at, path.substr(0, begin ? begin - 1 : 0), part, place);
    begin = dot + 1;
  }
  value.key = at->key;
  value.key_place = place;
  merge(*at, std::move(value));
}

void config_fail(const std::string& place, const std::string& key, const std::string& reason) {
  throw ConfigError(key.empty() ? fmt::format("{}: {}", place, reason)
                                : fmt::format("{}: {}: {}", place, key, reason));
}

std::string join_key(const std::string& above, const std::string& key) {
  return above.empty() ? key : above + "." + key;
}

std::string describe(const Item& item) {
  switch (item.kind) {
    case Item::Kind::null:
      return "nothing";
    case Item::Kind::list:
      return "a list";
    case Item::Kind::map:
      return "a map of keys";
    case Item::Kind::scalar:
      break;
  }
  return item.quoted ? fmt::format("the text \"{}\"", item.text) : fmt::format("`{}`", item.text);
}

}  // namespace smooth
