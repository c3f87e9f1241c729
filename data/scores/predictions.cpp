#include "data/scores/predictions.h"

#include <stdexcept>

#include "configs/run.h"
#include "data/tokenizers/utf8.h"

namespace smooth {
namespace {

using Json = nlohmann::json;

bool is_high(int code) { return code >= 0xd800 && code < 0xdc00; }
bool is_low(int code) { return code >= 0xdc00 && code < 0xe000; }

// The number in a \uXXXX that begins at `at`, else -1.
int escaped_code(std::string_view text, size_t at) {
  if (text.substr(at, 2) != "\\u" || text.size() < at + 6) return -1;
  int code = 0;
  for (const char c : text.substr(at + 2, 4)) {
    const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
    if (digit < 0) return -1;
    code = code * 16 + digit;
  }
  return code;
}

// U+D800 becomes U+F0000, and so on.
std::string without_lone_surrogates(std::string_view text) {
  std::string out;
  size_t kept = 0;
  for (size_t at = text.find('\\'); at < text.size(); at = text.find('\\', at)) {
    const int code = escaped_code(text, at);
    if (!is_high(code) && !is_low(code)) {
      at += 2;
    } else if (is_high(code) && is_low(escaped_code(text, at + 6))) {
      at += 12;
    } else {
      out += text.substr(kept, at - kept);
      append_character(out, static_cast<char32_t>(0xf0000 + code - 0xd800));
      kept = at += 6;
    }
  }
  return out += text.substr(kept);
}

const Json& member(const Json& line, const std::string& key) {
  const auto found = line.find(key);
  if (found == line.end()) throw std::runtime_error("lacks '" + key + "'; a prediction has pred, answers, all_classes and, for LongBench-E, length");
  return *found;
}

Prediction prediction(std::string_view text) {
  if (text.find_first_not_of(" \t\r") == text.npos) throw std::runtime_error("is blank; every line has to be a prediction, the last one too");
  const Json line = parse_line(std::string(text));
  if (!line.is_object()) throw std::runtime_error(std::string("expected a JSON object, got ") + line.type_name());
  Prediction out;
  const Json &pred = member(line, "pred"), &classes = member(line, "all_classes");
  if (!pred.is_string()) throw std::runtime_error(std::string("'pred' has to be a string, not ") + pred.type_name());
  out.pred = pred.get<std::string>();
  out.answers = strings(member(line, "answers"), "answers");
  if (!classes.is_null()) out.classes = strings(classes, "all_classes");
  if (const auto length = line.find("length"); length != line.end()) {
    if (!length->is_number()) throw std::runtime_error(std::string("'length' has to be a number, not ") + length->type_name());
    out.length = length->get<double>();
  }
  if (const auto id = line.find("_id"); id != line.end() && id->is_string()) out.id = id->get<std::string>();
  if (const auto error = line.find("error"); error != line.end() && error->is_string()) out.error = error->get<std::string>();
  return out;
}

}  // namespace

nlohmann::json parse_line(std::string line) {
  for (const char* half : {"\\ud", "\\uD"}) {
    if (line.find(half) != line.npos) return Json::parse(without_lone_surrogates(line));
  }
  return Json::parse(line);
}

std::vector<std::string> strings(const nlohmann::json& values, const std::string& what) {
  if (!values.is_array()) throw std::runtime_error("'" + what + "' has to be a list of strings, not " + values.type_name());
  std::vector<std::string> out;
  for (const Json& value : values) {
    if (!value.is_string()) throw std::runtime_error("'" + what + "' has to be a list of strings; one is " + value.type_name());
    out.push_back(value.get<std::string>());
  }
  return out;
}

std::vector<Prediction> read_predictions(const std::string& file) {
  const std::string text = read_file(file);
  std::vector<Prediction> predictions;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    try {
      predictions.push_back(prediction(std::string_view(text).substr(begin, end - begin)));
    } catch (const std::exception& error) {
      const bool broken = dynamic_cast<const Json::parse_error*>(&error) != nullptr;
      throw std::runtime_error(file + ":" + std::to_string(predictions.size() + 1) + ": " + (broken ? "expected a JSON object; mend or remove the line: " : "") + error.what());
    }
    begin = end + 1;
  }
  return predictions;
}

}  // namespace smooth
