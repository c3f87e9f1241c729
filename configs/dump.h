// From a struct to YAML that reads back to the same values. dump_config (configs/load.h) is the
// front door.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "configs/read.h"

namespace smooth {

std::string yaml_text(int64_t value);
std::string yaml_text(double value);
std::string yaml_text(bool value);
std::string yaml_text(
    const std::string& value);  // in quotes where YAML would read it as something else

template <class T>
std::string yaml_text(const std::optional<T>& value) {
  return value ? yaml_text(*value) : "null";
}

template <class T>
std::string yaml_text(const std::vector<T>& values) {
  std::string text;
  for (const T& value : values) text += (text.empty() ? "" : ", ") + yaml_text(value);
  return "[" + text + "]";
}

// Writes one line per field, two blanks deeper in each struct.
class Dumper {
 public:
  explicit Dumper(bool comments, std::string indent = "")
      : comments_(comments), indent_(std::move(indent)) {}

  template <class T>
  void operator()(const char* key, T& value, const char* help, const Allowed& = {}) {
    dump(key, value, help);
  }

  std::string text;

 private:
  template <class T>
  void dump(const char* key, const T& value, const char* help) {
    line(key, yaml_text(value), help);
  }
  template <Visitable T>
  void dump(const char* key, T& value, const char* help) {
    line(key, "", help);
    text += inside(value, indent_ + "  ");
  }
  template <Visitable T>
  void dump(const char* key, std::optional<T>& value, const char* help) {
    value ? dump(key, *value, help) : line(key, "null", help);
  }
  template <Visitable T>
  void dump(const char* key, std::vector<T>& values, const char* help) {
    line(key, values.empty() ? "[]" : "", help);
    for (T& value : values) {
      std::string item = inside(value, indent_ + "    ");
      item[indent_.size() + 2] = '-';
      text += item;
    }
  }

  template <Visitable T>
  std::string inside(T& value, const std::string& indent) const {
    Dumper dumper(comments_, indent);
    value.visit(dumper);
    return dumper.text;
  }
  void line(const std::string& key, const std::string& value, const std::string& help);

  bool comments_;
  std::string indent_;
};

}  // namespace smooth
