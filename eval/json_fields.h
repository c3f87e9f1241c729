// A struct as a JSON object. The struct names each of its fields once, `v("key", member)`, and both directions come from that list.
// What is missing, of another type or unknown is refused by its place and key.
#pragma once

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>

namespace smooth {

struct FieldWriter {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();

  void operator()(const char* key, double value) {
    if (!std::isfinite(value))
      throw std::runtime_error(fmt::format("{}: {} is not a number that JSON has", key, value));
    json[key] = value;
  }
  void operator()(const char* key, const std::string& value) { json[key] = value; }
  void operator()(const char* key, int64_t value) { json[key] = value; }
  template <class T>
  void operator()(const char* key, const std::optional<T>& value) {
    json[key] = value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json();
  }
};

class FieldReader {
 public:
  using Json = nlohmann::ordered_json;

  FieldReader(const Json& json, std::string where) : json_(json), where_(std::move(where)) {
    if (!json_.is_object())
      throw std::runtime_error(where_ + ": expected an object, got " + json_.dump());
  }

  void operator()(const char* key, std::string& value) {
    value = get(key, &Json::is_string, "a text");
  }
  void operator()(const char* key, double& value) {
    value = get(key, &Json::is_number, "a number");
  }
  void operator()(const char* key, bool& value) {
    value = get(key, &Json::is_boolean, "true or false");
  }
  void operator()(const char* key, int64_t& value) {
    value = get(key, &Json::is_number_integer, "a whole number");
    if (value < 0) fail(key, fmt::format("{} is negative", value));
  }
  template <class T>
  void operator()(const char* key, std::optional<T>& value) {
    value.reset();
    if (find(key).is_null()) return;
    (*this)(key, value.emplace());
  }

  void refuse_unknown() const {
    for (const auto& [key, value] : json_.items())
      if (!known_.contains(key)) fail(key, "is no known field");
  }

 private:
  [[noreturn]] void fail(const std::string& key, const std::string& reason) const {
    throw std::runtime_error(fmt::format("{}: {}: {}", where_, key, reason));
  }
  const Json& find(const char* key) {
    known_.insert(key);
    const auto found = json_.find(key);
    if (found == json_.end()) fail(key, "is missing (null where it does not apply)");
    return *found;
  }
  const Json& get(const char* key, bool (Json::*is)() const noexcept, const char* expected) {
    const Json& value = find(key);
    if (!(value.*is)()) fail(key, fmt::format("expected {}, got {}", expected, value.dump()));
    return value;
  }

  const Json& json_;
  std::string where_;
  std::set<std::string> known_;
};

}  // namespace smooth
