// What a field of the tree of options accepts besides its type, and what is said of a value that cannot stand.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace smooth {

// What a field accepts besides its type. Numbers are checked against [low, high] (low itself excluded if `above`),
// texts against `choices`; a path with `must_exist` is looked up before anything else happens.
struct Allowed {
  std::optional<double> low = {}, high = {};
  bool above = false;
  std::vector<std::string> choices = {};
  bool must_exist = false;
  bool required = false;  // no safe default: the file has to give it
};

inline Allowed any() { return {}; }
inline Allowed at_least(double low) { return {.low = low}; }
inline Allowed more_than(double low) { return {.low = low, .above = true}; }
inline Allowed between(double low, double high) { return {.low = low, .high = high}; }
inline Allowed one_of(std::vector<std::string> choices) { return {.choices = std::move(choices)}; }
inline Allowed required() { return {.required = true}; }
inline Allowed existing() { return {.must_exist = true, .required = true}; }
inline Allowed existing_if_given() { return {.must_exist = true}; }

// A key (relative to the struct, dotted) and why its value cannot stand. What may be a secret is not shown.
struct Problem {
  std::string key, reason;
  bool secret = false;
};

}  // namespace smooth
