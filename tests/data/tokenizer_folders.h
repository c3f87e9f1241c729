// Small tokenizers that the tests write themselves, and the reference data that they compare with.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "configs/run.h"

namespace smooth {

// The fixtures' folder of one tokenizer; empty, after saying so, where there are none.
inline std::string fixture_tokenizer(const std::string& name) {
  const char* fixtures = std::getenv("SMOOTH_FIXTURES");
  if (fixtures == nullptr) std::cout << "SKIPPED: SMOOTH_FIXTURES names no folder of reference data\n";
  return fixtures == nullptr ? "" : std::string(fixtures) + "/tokenizers/" + name;
}

inline nlohmann::json golden(const std::string& name) { return nlohmann::json::parse(std::ifstream("tests/golden/" + name)); }

// A line of rwkv_vocab: all bytes are written as \xNN of a bytes literal.
inline std::string world_line(int64_t id, const std::string& token) {
  static const std::string digits = "0123456789abcdef";
  std::string literal = "b'";
  for (const char c : token) {
    const auto byte = static_cast<uint8_t>(c);
    literal += std::string("\\x") + digits[byte >> 4] + digits[byte & 15];
  }
  return std::to_string(id) + " " + literal + "' " + std::to_string(token.size()) + "\n";
}

// The 256 bytes as ids 1 to 256, then `more`.
inline std::string world_file(const std::vector<std::string>& more) {
  std::string text;
  int64_t id = 0;
  for (int byte = 0; byte < 256; ++byte) text += world_line(++id, std::string(1, static_cast<char>(byte)));
  for (const std::string& token : more) text += world_line(++id, token);
  return text;
}

inline nlohmann::json added_token(const std::string& text) {
  return {{"content", text}, {"lstrip", false},      {"normalized", false},
          {"rstrip", false}, {"single_word", false}, {"special", true}};
}

}  // namespace smooth
