// The members of a JSON object as pieces of its text, so that a big file is read part by part and can be written again with one
// part changed and all others as they were. Neither nested parsing nor a tree: a million brackets cost no stack.
#pragma once

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace smooth {

struct JsonMember {
  std::string key;
  std::string_view value;  // its text, within the text of the object
};

// `what` names the file (and the key) in messages. Values are only skimmed: brackets must match, and not nest deeper than
// 64. At most 1000 members.
std::vector<JsonMember> json_members(std::string_view text, const std::string& what);
// A value as a tree, with the same limit.
nlohmann::ordered_json parse_json(std::string_view text, const std::string& what);

// The text of `key`'s value, empty where there is none.
std::string_view find_member(const std::vector<JsonMember>& members, const std::string& key);

}  // namespace smooth
