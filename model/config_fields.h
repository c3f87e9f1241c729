// The fields of a config.json, each read with its type and named with the file when it is missing or wrong.
#pragma once

#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

#include "configs/run.h"

namespace smooth {

class ConfigFields {
 public:
  explicit ConfigFields(const std::string& file) : file_(file) {
    try {
      json_ = nlohmann::ordered_json::parse(read_file(file));
    } catch (const nlohmann::ordered_json::exception& error) {
      throw std::runtime_error(file + ": " + error.what());
    }
    if (!json_.is_object()) refuse("is not a JSON object");
  }

  bool has(const std::string& key) const { return json_.contains(key) && !json_.at(key).is_null(); }
  // The field's value; without `otherwise` it has to be there.
  template <class T>
  T get(const std::string& key) const {
    if (!has(key)) refuse(key + " is missing");
    try {
      return json_.at(key).get<T>();
    } catch (const nlohmann::ordered_json::exception&) {
      refuse(key + " is " + json_.at(key).dump() + ", which is of the wrong type");
    }
  }
  template <class T>
  T get(const std::string& key, T otherwise) const {
    return has(key) ? get<T>(key) : otherwise;
  }
  // What this code computes is one value of the field; another is refused.
  template <class T>
  void expect(const std::string& key, const T& value) const {
    if (has(key) && get<T>(key) != value) refuse(key + " is " + json_.at(key).dump() + ", only " + nlohmann::ordered_json(value).dump() + " is implemented");
  }
  [[noreturn]] void refuse(const std::string& why) const { throw std::runtime_error(file_ + ": " + why); }

 private:
  std::string file_;
  nlohmann::ordered_json json_;
};

}  // namespace smooth
