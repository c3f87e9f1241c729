#include "model/files/strict_json.h"

#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>

#include "model/files/stored.h"

namespace smooth {

using Json = nlohmann::json;

// The library's parser and destructor keep their own stacks, so the limit guards whoever walks through the result.
Json parse_strict_json(std::string_view text, int max_depth) {
  std::vector<std::set<std::string>> keys;  // of every object that is open
  const auto watch = [&](int depth, Json::parse_event_t event, Json& parsed) {
    const bool opens = event == Json::parse_event_t::object_start || event == Json::parse_event_t::array_start;
    if (opens && depth >= max_depth) throw std::runtime_error("nested deeper than " + std::to_string(max_depth));
    if (event == Json::parse_event_t::object_start) keys.emplace_back();
    if (event == Json::parse_event_t::object_end) keys.pop_back();
    if (event == Json::parse_event_t::key && !keys.back().insert(parsed.get_ref<const std::string&>()).second) {
      throw std::runtime_error("the key \"" + shown(parsed.get_ref<const std::string&>()) + "\" stands twice in one object");
    }
    return true;
  };
  try {
    return Json::parse(text.begin(), text.end(), watch);
  } catch (const Json::exception& error) {
    throw std::runtime_error(error.what());
  }
}

}  // namespace smooth
