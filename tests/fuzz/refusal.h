// A parser under test either reads its input or refuses it with a std::runtime_error that has a reason; whatever else comes out of
// it is a bug, and so is undefined behaviour on the way.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string>

template <class Parse>
int read_or_refuse(const Parse& parse) {
  try {
    parse();
  } catch (const std::runtime_error& error) {
    if (std::string(error.what()).empty()) std::abort();
  }
  return 0;
}

inline void must(bool holds) {
  if (!holds) std::abort();
}
