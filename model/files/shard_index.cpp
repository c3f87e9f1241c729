#include "model/files/shard_index.h"

#include <nlohmann/json.hpp>
#include <stdexcept>

#include "model/files/stored.h"
#include "model/files/strict_json.h"

namespace smooth {
namespace {

constexpr int kDepth = 16;  // metadata is free

bool is_plain(const std::string& name) {
  return !name.empty() && name[0] != '.' && name.find_first_of(std::string("/\\\0", 3)) == std::string::npos;
}

}  // namespace

std::map<std::string, std::string> parse_shard_index(std::string_view json, const std::string& file) {
  const auto refuse = [&](const std::string& why) { throw std::runtime_error(file + ": not an index of shards: " + why); };
  nlohmann::json index;
  try {
    index = parse_strict_json(json, kDepth);
  } catch (const std::exception& error) {
    refuse(error.what());
  }
  if (!index.is_object() || !index.contains("weight_map") || !index.at("weight_map").is_object()) {
    refuse("expected an object with weight_map, tensor -> file");
  }
  std::map<std::string, std::string> files;
  for (const auto& [name, value] : index.at("weight_map").items()) {
    if (!value.is_string()) refuse("the file of tensor " + shown(name) + " is no text");
    const auto& target = value.get_ref<const std::string&>();
    if (!is_plain(target)) refuse("tensor " + shown(name) + " lies in '" + shown(target) + "'; expected a file name without a folder");
    files[name] = target;
  }
  if (files.empty()) refuse("weight_map is empty");
  return files;
}

}  // namespace smooth
