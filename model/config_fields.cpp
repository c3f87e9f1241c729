#include "model/config_fields.h"

#include "model/files/stored.h"
#include "model/files/strict_json.h"

namespace smooth {
namespace {

constexpr int kDepth = 16;

}  // namespace

ConfigFields::ConfigFields(const std::string& json, const std::string& file) : file_(file) {
  try {
    json_ = parse_strict_json(json, kDepth);
  } catch (const std::exception& error) {
    refuse(error.what());
  }
  if (!json_.is_object()) refuse("expected a JSON object");
}

ConfigFields::ConfigFields(const ConfigFields& outer, const std::string& key)
    : file_(outer.file_), json_(outer.has(key) ? outer.json_.at(key) : nlohmann::json::object()) {
  if (!json_.is_object()) refuse(key + " is " + shown(json_.dump()) + ", expected an object");
}

int64_t ConfigFields::integer(const std::string& key, int64_t least, int64_t most) const {
  if (!has(key)) refuse(key + " is missing");
  return checked(json_.at(key), key, least, most);
}

std::vector<int64_t> ConfigFields::integers(const std::string& key, int64_t least, int64_t most) const {
  if (!has(key)) refuse(key + " is missing");
  if (!json_.at(key).is_array()) refuse_type(key);
  std::vector<int64_t> all;
  for (const nlohmann::json& value : json_.at(key)) all.push_back(checked(value, key, least, most));
  return all;
}

int64_t ConfigFields::checked(const nlohmann::json& value, const std::string& key, int64_t least, int64_t most) const {
  if (!value.is_number_integer()) refuse_type(key);
  const bool beyond = value.is_number_unsigned() && value.get<uint64_t>() > INT64_MAX;
  if (beyond || value.get<int64_t>() < least || value.get<int64_t>() > most) {
    refuse(key + (value == json_.at(key) ? " is " : " holds ") + value.dump() + ", expected " + std::to_string(least) + " to " + std::to_string(most));
  }
  return value.get<int64_t>();
}

double ConfigFields::positive(const std::string& key) const {
  const auto value = get<double>(key);
  if (!(value > 0)) refuse(key + " is " + json_.at(key).dump() + ", expected more than 0");
  return value;
}

void ConfigFields::refuse_type(const std::string& key) const {
  refuse(key + " is " + shown(json_.at(key).dump()) + ", which is of the wrong type");
}

void ConfigFields::refuse_other(const std::string& key, const std::string& implemented) const {
  refuse(key + " is " + shown(json_.at(key).dump()) + ", only " + implemented + " is implemented");
}

}  // namespace smooth
