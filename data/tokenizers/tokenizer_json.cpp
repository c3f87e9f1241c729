#include "data/tokenizers/tokenizer_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "data/tokenizers/json_members.h"
#include "data/tokenizers/pieces.h"

namespace smooth {
namespace {

using Json = nlohmann::ordered_json;

// Null where there is no such key, or nothing that could have one.
Json field(const Json& object, const std::string& key) {
  return object.is_object() && object.contains(key) ? object[key] : Json();
}

std::string shown(const Json& value) {
  const std::string text = value.dump(-1, ' ', false, Json::error_handler_t::replace);
  return text.size() > 200 ? text.substr(0, 200) + " ..." : text;
}

class Reader {
 public:
  Reader(std::string_view text, const std::string& file) : file_(file), members_(json_members(text, file)) {}

  BpeStrings read() const {
    known_keys("", members_, {"version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer", "post_processor", "decoder", "model"});
    expect(file_, "version", value("version"), {"1.0"});
    expect(file_, "truncation", value("truncation"), {nullptr});
    expect(file_, "padding", value("padding"), {nullptr});
    normalizer();
    pre_tokenizer();
    expect(file_, "post_processor.type", field(value("post_processor"), "type"), {"ByteLevel", nullptr});
    expect(file_, "decoder.type", field(value("decoder"), "type"), {"ByteLevel"});
    BpeStrings strings = model();
    strings.added = added_tokens();
    return strings;
  }

  Json value(const std::string& key) const { return value(members_, key, key); }

 private:
  Json value(const std::vector<JsonMember>& members, const std::string& key, const std::string& path) const {
    const std::string_view text = find_member(members, key);
    return text.empty() ? Json() : parse_json(text, file_ + ": " + path);
  }

  void known_keys(const std::string& path, const std::vector<JsonMember>& members, const std::vector<std::string>& known) const {
    for (const JsonMember& member : members) {
      if (std::find(known.begin(), known.end(), member.key) != known.end()) continue;
      throw std::runtime_error(fmt::format("{}: {}{}: this key is not known, so what it asks for cannot be done", file_, path, member.key));
    }
  }

  void normalizer() const {
    const Json found = value("normalizer");
    const Json only = field(found, "type") == "Sequence" ? field(found, "normalizers") : Json::array({found});
    expect(file_, "normalizer", only, {Json::array({Json::object({{"type", "NFC"}})})});
  }

  void pre_tokenizer() const {
    const Json found = value("pre_tokenizer");
    const Json steps = field(found, "pretokenizers");
    expect(file_, "pre_tokenizer.type", field(found, "type"), {"Sequence"});
    if (!steps.is_array() || steps.size() != 2) {
      throw std::runtime_error(file_ + ": pre_tokenizer.pretokenizers: expected the two steps Split and ByteLevel, found " + shown(steps));
    }
    const std::string first = "pre_tokenizer.pretokenizers[0].", second = "pre_tokenizer.pretokenizers[1].";
    expect(file_, first + "type", field(steps[0], "type"), {"Split"});
    expect(file_, first + "pattern", field(steps[0], "pattern"), {Json::object({{"Regex", kQwen2Pattern}})});
    expect(file_, first + "behavior", field(steps[0], "behavior"), {"Isolated"});
    expect(file_, first + "invert", field(steps[0], "invert"), {false, nullptr});
    expect(file_, second + "type", field(steps[1], "type"), {"ByteLevel"});
    expect(file_, second + "add_prefix_space", field(steps[1], "add_prefix_space"), {false});
    expect(file_, second + "use_regex", field(steps[1], "use_regex"), {false});
  }

  BpeStrings model() const {
    const auto members = json_members(find_member(members_, "model"), file_ + ": model");
    known_keys("model.", members, {"type", "dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix", "fuse_unk", "byte_fallback", "ignore_merges", "vocab", "merges"});
    const auto only = [&](const std::string& key, const std::vector<Json>& known) { expect(file_, "model." + key, value(members, key, "model." + key), known); };
    only("type", {"BPE"});
    only("dropout", {nullptr, 0.0});
    only("continuing_subword_prefix", {nullptr, ""});
    only("end_of_word_suffix", {nullptr, ""});
    only("byte_fallback", {nullptr, false});
    only("ignore_merges", {nullptr, false});  // unk_token and fuse_unk say nothing where every byte is a token
    return {parse_vocabulary(find_member(members, "vocab"), file_ + ": model.vocab"),
            parse_merges(find_member(members, "merges"), file_ + ": model.merges"), {}};
  }

  std::vector<AddedToken> added_tokens() const {
    const Json found = value("added_tokens");
    std::vector<AddedToken> tokens;
    if (!found.is_null() && !found.is_array()) throw std::runtime_error(file_ + ": added_tokens: expected a list, found " + shown(found));
    for (const Json& entry : found) {
      const std::string key = fmt::format("added_tokens[{}]", tokens.size());
      const Json id = field(entry, "id");
      if (!id.is_number_unsigned()) throw std::runtime_error(fmt::format("{}: {}.id: expected an id from 0 on, found {}", file_, key, shown(id)));
      tokens.push_back(parse_added_token(entry, id.get<int64_t>(), file_, key));
    }
    return tokens;
  }

  const std::string& file_;
  std::vector<JsonMember> members_;
};

}  // namespace

void expect(const std::string& file, const std::string& key, const Json& found, const std::vector<Json>& known) {
  if (std::find(known.begin(), known.end(), found) != known.end()) return;
  std::string list;
  for (const Json& value : known) list += (list.empty() ? "" : " or ") + shown(value);
  throw std::runtime_error(fmt::format("{}: {}: found {}, but of byte-level BPE tokenizers only Qwen2's kind is implemented, which has {} here", file, key, shown(found), list));
}

BpeStrings parse_tokenizer_json(std::string_view text, const std::string& file) { return Reader(text, file).read(); }

bool is_byte_level(std::string_view text, const std::string& file) {
  const Reader reader(text, file);
  const auto names_it = [](const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace).find("\"ByteLevel\"") != std::string::npos; };
  return names_it(reader.value("pre_tokenizer")) || names_it(reader.value("decoder"));
}

AddedToken parse_added_token(const Json& entry, int64_t id, const std::string& file, const std::string& key) {
  const Json text = field(entry, "content");
  if (!text.is_string() || text == "") throw std::runtime_error(fmt::format("{}: {}.content: expected a text, found {}", file, key, shown(text)));
  const auto flag = [&](const char* name) {
    const Json found = field(entry, name);
    if (!found.is_boolean() && !found.is_null()) throw std::runtime_error(fmt::format("{}: {}.{}: expected true or false, found {}", file, key, name, shown(found)));
    return found == true;
  };
  for (const char* name : {"single_word", "lstrip", "rstrip"}) {
    if (flag(name)) throw std::runtime_error(fmt::format("{}: {}.{}: found true, which is not implemented; set it to false if {} may do without", file, key, name, shown(text)));
  }
  return {text.get<std::string>(), id, flag("normalized"), flag("special")};
}

Json added_token_json(const AddedToken& token) {
  return {{"content", token.text}, {"single_word", false}, {"lstrip", false}, {"rstrip", false}, {"normalized", token.normalized}, {"special", token.special}};
}

std::string with_added_tokens(const std::string& text, const std::string& file, const std::vector<AddedToken>& tokens) {
  std::string entries;
  for (const AddedToken& token : tokens) {
    Json entry = {{"id", token.id}};
    entry.update(added_token_json(token));
    entries += (entries.empty() ? "" : ",\n    ") + entry.dump();
  }
  const std::string_view list = find_member(json_members(text, file), "added_tokens");
  if (list.empty() || list[0] != '[') {
    throw std::runtime_error(file + ": added_tokens: expected a list to add tokens to; write \"added_tokens\": [] into the file");
  }
  const std::string_view before = list.substr(0, list.find_last_not_of(" \t\r\n]") + 1);  // up to the last entry's end
  const size_t at = before.data() + before.size() - text.data();
  return text.substr(0, at) + (before == "[" ? "" : ",\n    ") + entries + text.substr(at);
}

}  // namespace smooth
