// The fields of a config.json that may be hostile: each is read with its type and range, and named with the file when it is
// missing or wrong.
#pragma once

#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

namespace smooth {

// Far above any model; a matrix of two sizes has a number of bytes that fits into int64.
constexpr int64_t kMaxSize = int64_t{1} << 28, kMaxLayers = 10000;

class ConfigFields {
 public:
  ConfigFields(const std::string& json, const std::string& file);         // throws naming the file
  ConfigFields(const ConfigFields& outer, const std::string& key);        // an object within; empty if it is not there

  bool has(const std::string& key) const { return json_.contains(key) && !json_.at(key).is_null(); }
  template <class T>
  T get(const std::string& key) const {
    if (!has(key)) refuse(key + " is missing");
    if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
      return static_cast<T>(integer(key, std::numeric_limits<T>::min(), std::numeric_limits<T>::max()));
    }
    try {
      return json_.at(key).get<T>();
    } catch (const nlohmann::json::exception&) {
      refuse_type(key);
    }
  }
  template <class T>
  T get(const std::string& key, T otherwise) const {
    return has(key) ? get<T>(key) : otherwise;
  }
  // The library's get<int64_t> would also take fractions, and numbers beyond int64.
  int64_t integer(const std::string& key, int64_t least, int64_t most) const;
  int64_t size(const std::string& key) const { return integer(key, 1, kMaxSize); }
  int64_t size(const std::string& key, int64_t otherwise) const { return has(key) ? size(key) : otherwise; }
  std::vector<int64_t> integers(const std::string& key, int64_t least, int64_t most) const;  // an array
  bool is_text(const std::string& key) const { return has(key) && json_.at(key).is_string(); }
  double positive(const std::string& key) const;
  double positive(const std::string& key, double otherwise) const { return has(key) ? positive(key) : otherwise; }
  // What this code computes is one value of the field; another is refused.
  template <class T>
  void expect(const std::string& key, const T& value) const {
    if (has(key) && get<T>(key) != value) refuse_other(key, nlohmann::json(value).dump());
  }
  [[noreturn]] void refuse(const std::string& why) const { throw std::runtime_error(file_ + ": " + why); }

 private:
  int64_t checked(const nlohmann::json& value, const std::string& key, int64_t least, int64_t most) const;
  [[noreturn]] void refuse_type(const std::string& key) const;
  [[noreturn]] void refuse_other(const std::string& key, const std::string& implemented) const;
  std::string file_;
  nlohmann::json json_;
};

}  // namespace smooth
