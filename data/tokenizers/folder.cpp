#include "data/tokenizers/folder.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "configs/run.h"
#include "data/tokenizers/json_members.h"

namespace smooth {
namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

namespace {

constexpr int kDeepest = 64;
constexpr int64_t kLargestId = 1 << 20;  // an id costs memory whether or not those before it have a text

[[noreturn]] void refuse(const std::string& where, const std::string& why) { throw std::runtime_error(where + ": " + why); }

// file:line:column of a byte.
std::string place(const fs::path& file, const std::string& text, size_t byte) {
  const auto end = text.begin() + static_cast<std::ptrdiff_t>(std::min(byte > 0 ? byte - 1 : 0, text.size()));
  const size_t newline = end == text.begin() ? std::string::npos : text.rfind('\n', static_cast<size_t>(end - text.begin()) - 1);
  const size_t line_begin = newline == std::string::npos ? 0 : newline + 1;
  return file.string() + ":" + std::to_string(1 + std::count(text.begin(), end, '\n')) + ":" +
         std::to_string(1 + static_cast<size_t>(end - text.begin()) - line_begin);
}

const Json* member(const Json& object, const std::string& key) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

int64_t id_of(const std::string& text, const std::string& where) {
  int64_t id = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc() || end != text.data() + text.size() || id < 0 || id > kLargestId)
    refuse(where, "'" + text + "' is no token id; expected a whole number from 0 to " + std::to_string(kLargestId));
  return id;
}

}  // namespace

Json read_json(const fs::path& file, const std::string& text) {
  const auto shallow = [&](int depth, Json::parse_event_t, Json&) {
    if (depth > kDeepest)
      refuse(file.string(), "is nested more than " + std::to_string(kDeepest) + " deep; no tokenizer's file is");
    return true;
  };
  try {
    return Json::parse(text, shallow);
  } catch (const Json::parse_error& error) {
    refuse(place(file, text, error.byte), "not JSON; the file is damaged or cut off, fetch it again");
  } catch (const Json::exception& error) {  // a number beyond double
    refuse(file.string(), error.what());
  }
}

int64_t json_int(const Json& object, const std::string& key, int64_t otherwise, const std::string& where) {
  const Json* value = member(object, key);
  if (value == nullptr) return otherwise;
  if (!value->is_number_integer()) refuse(where, key + ": expected a whole number, found " + value->type_name());
  return value->get<int64_t>();
}

bool json_bool(const Json& object, const std::string& key, bool otherwise, const std::string& where) {
  const Json* value = member(object, key);
  if (value == nullptr) return otherwise;
  if (!value->is_boolean()) refuse(where, key + ": expected true or false, found " + value->type_name());
  return value->get<bool>();
}

std::string json_text(const Json& object, const std::string& key, const std::string& where) {
  const Json* value = member(object, key);
  if (value == nullptr) return "";
  if (value->is_object()) return json_text(*value, "content", where + ": " + key);
  if (!value->is_string()) refuse(where, key + ": expected a string, found " + value->type_name());
  return value->get<std::string>();
}

namespace {

// An entry of added_tokens or added_tokens_decoder.
FolderToken described(const Json& entry, const std::string& where) {
  if (!entry.is_object()) refuse(where, "expected an object with content, found " + std::string(entry.type_name()));
  FolderToken token;
  token.where = where;
  token.text = json_text(entry, "content", where);
  token.strip_left = json_bool(entry, "lstrip", false, where);
  token.strip_right = json_bool(entry, "rstrip", false, where);
  token.normalized = json_bool(entry, "normalized", false, where);
  token.special = json_bool(entry, "special", false, where);
  if (json_bool(entry, "single_word", false, where))
    refuse(where,
           "single_word: tokens that are only found as whole words are not implemented; set it to false if texts hold none");
  return token;
}

}  // namespace

TokenizerFolder::TokenizerFolder(const fs::path& folder, const std::vector<std::string>& vocabulary)
    : folder_(folder), config_(std::make_shared<Json>(Json::object())) {
  for (const std::string& name : vocabulary) files_.emplace_back(name, read_file(folder / name));
  // The Python files travel along: transformers needs them to open a World folder, or one that was trained here.
  for (const std::string name : {"tokenizer.json", "tokenizer_config.json", "added_tokens.json", "special_tokens_map.json",
                                 "vocab.txt", "hf_rwkv_tokenizer.py", "tokenization_smooth.py"}) {
    const bool have = std::count(vocabulary.begin(), vocabulary.end(), name) > 0;
    if (!have && fs::exists(folder / name)) files_.emplace_back(name, read_file(folder / name));
  }
  if (has("tokenizer_config.json")) *config_ = read_json(config_file(), text("tokenizer_config.json"));
  if (!config_->is_object()) refuse(config_file(), "expected a JSON object, found " + std::string(config_->type_name()));
  if (has("tokenizer.json")) read_tokenizer_json();
  read_decoder();
  if (has("added_tokens.json")) read_added_tokens();
  read_additional();
}

const std::string* TokenizerFolder::content(const std::string& name) const {
  const auto found = std::find_if(files_.begin(), files_.end(), [&](const auto& one) { return one.first == name; });
  return found == files_.end() ? nullptr : &found->second;
}

void TokenizerFolder::save(const fs::path& folder) const {
  for (const auto& [name, content] : files_) write_file(folder / name, content);
}

void TokenizerFolder::add(FolderToken token) {
  if (token.text.empty()) refuse(token.where, "content is empty");
  for (FolderToken& other : added_) {
    if (other.text == token.text && (other.id == token.id || token.id < 0)) {
      other.special |= token.special;
      return;
    }
    if (other.id == token.id && token.id >= 0)
      refuse(token.where,
             "id " + std::to_string(token.id) + " is '" + token.text + "' here and '" + other.text + "' in " + other.where);
    if (other.text == token.text)
      refuse(token.where, "'" + token.text + "' has id " + std::to_string(token.id) + " here and " + std::to_string(other.id) +
                              " in " + other.where);
  }
  added_.push_back(std::move(token));
}

void TokenizerFolder::read_tokenizer_json() {
  const std::string where = file("tokenizer.json").string() + ": added_tokens";
  const std::string_view list = find_member(json_members(text("tokenizer.json"), file("tokenizer.json").string()), "added_tokens");
  const Json tokens = list.empty() ? Json() : parse_json(list, where);
  if (tokens.is_null()) return;
  if (!tokens.is_array()) refuse(where, "expected a list, found " + std::string(tokens.type_name()));
  for (size_t i = 0; i < tokens.size(); ++i) {
    FolderToken token = described(tokens[i], where + "[" + std::to_string(i) + "]");
    token.id = json_int(tokens[i], "id", -1, token.where);
    if (token.id < 0 || token.id > kLargestId)
      refuse(token.where, "id: expected a whole number from 0 to " + std::to_string(kLargestId));
    add(token);
  }
}

void TokenizerFolder::read_decoder() {
  const Json* tokens = member(*config_, "added_tokens_decoder");
  if (tokens == nullptr) return;
  const std::string where = config_file() + ": added_tokens_decoder";
  if (!tokens->is_object()) refuse(where, "expected an object, found " + std::string(tokens->type_name()));
  for (const auto& [id, entry] : tokens->items()) {
    FolderToken token = described(entry, where + ": " + id);
    token.id = id_of(id, where);
    add(token);
  }
}

void TokenizerFolder::read_added_tokens() {
  const std::string where = file("added_tokens.json").string();
  const Json tokens = read_json(where, text("added_tokens.json"));
  if (!tokens.is_object()) refuse(where, "expected an object, found " + std::string(tokens.type_name()));
  for (const auto& [content, id] : tokens.items()) {
    if (!id.is_number_integer()) refuse(where, "'" + content + "': expected a token id, found " + id.type_name());
    FolderToken token;
    token.text = content;
    token.where = where;
    token.id = id_of(id.dump(), where);
    add(token);
  }
}

void TokenizerFolder::read_additional() {
  const Json* tokens = member(*config_, "additional_special_tokens");
  if (tokens == nullptr) return;
  const std::string where = config_file() + ": additional_special_tokens";
  if (!tokens->is_array()) refuse(where, "expected a list, found " + std::string(tokens->type_name()));
  for (const Json& entry : *tokens) {
    if (!entry.is_string() && !entry.is_object()) refuse(where, "expected strings, found " + std::string(entry.type_name()));
    FolderToken token = entry.is_object() ? described(entry, where) : FolderToken{};
    if (entry.is_string()) token.text = entry.get<std::string>();
    token.where = where;
    token.special = true;
    add(token);
  }
}

}  // namespace smooth
