// A parser under test either reads its input or refuses it with a std::runtime_error that names the file and a reason; whatever else
// comes out of it is a bug, and so is undefined behaviour on the way.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>

inline void must(bool holds, const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  if (holds) return;
  std::fprintf(stderr, "%s:%d: this must hold, and does not\n", file, line);
  std::abort();
}

// `file` is what the parser was told that its input is called.
template <class Parse>
int read_or_refuse(const std::string& file, const Parse& parse) {
  try {
    parse();
  } catch (const std::runtime_error& error) {
    const std::string_view what = error.what();
    must(what.starts_with(file) && what.size() > file.size() + 4);
  }
  return 0;
}

inline std::string_view text_of(const uint8_t* data, size_t size) { return {reinterpret_cast<const char*>(data), size}; }
