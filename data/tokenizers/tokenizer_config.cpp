#include "data/tokenizers/tokenizer_config.h"

#include <fmt/format.h>

#include <charconv>
#include <stdexcept>

#include "data/tokenizers/json_members.h"

namespace smooth {
namespace {

using Json = nlohmann::ordered_json;

Json parse_object(std::string_view text, const std::string& file) {
  Json config = parse_json(text, file);
  if (!config.is_object()) throw std::runtime_error(file + ": expected a JSON object");
  return config;
}

int64_t parse_id(const std::string& text, const std::string& file) {
  uint32_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw std::runtime_error(fmt::format("{}: added_tokens_decoder: expected ids as keys, found \"{}\"", file, text));
  }
  return id;
}

// A token is named by its text, or by an object that holds it.
void add_roles(const Json& value, std::vector<std::string>& roles) {
  if (value.is_string()) {
    roles.push_back(value.get<std::string>());
  } else if (value.is_object() && value.contains("content")) {
    add_roles(value["content"], roles);
  } else if (value.is_structured()) {
    for (const Json& entry : value) add_roles(entry, roles);
  }
}

}  // namespace

TokenizerConfig parse_tokenizer_config(std::string_view text, const std::string& file) {
  const Json json = parse_object(text, file);
  for (const char* key : {"add_prefix_space", "add_bos_token", "add_eos_token", "split_special_tokens", "clean_up_tokenization_spaces"}) {
    expect(file, key, json.value(key, Json()), {false, nullptr});
  }
  expect(file, "errors", json.value("errors", Json()), {"replace", nullptr});
  TokenizerConfig config;
  const Json name = json.value("tokenizer_class", Json());
  if (name.is_string()) config.tokenizer_class = name.get<std::string>();
  const Json added = json.value("added_tokens_decoder", Json());
  if (!added.is_object() && !added.is_null()) throw std::runtime_error(file + ": added_tokens_decoder: expected an object of ids and tokens");
  for (const auto& [id, entry] : added.items()) {
    config.added.push_back(parse_added_token(entry, parse_id(id, file), file, "added_tokens_decoder." + id));
  }
  for (const char* key : {"bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token", "additional_special_tokens", "extra_special_tokens"}) {
    add_roles(json.value(key, Json()), config.roles);
  }
  return config;
}

std::string with_added_tokens_decoder(const std::string& text, const std::string& file, const std::vector<AddedToken>& tokens) {
  Json config = parse_object(text, file);
  for (const AddedToken& token : tokens) config["added_tokens_decoder"][std::to_string(token.id)] = added_token_json(token);
  return config.dump(2) + "\n";
}

}  // namespace smooth
