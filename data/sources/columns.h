// The columns of a table that are wanted, by their names. A "?" behind a name: it may be missing.
#pragma once

#include <string>
#include <vector>

namespace smooth {

struct Column {
  explicit Column(const std::string& spec);
  std::string name;
  bool required;
};

bool is_wanted(const std::vector<std::string>& columns, const std::string& name);

// Throws BadRecord naming what is missing and what is there, also when none of the columns is.
void check_columns(const std::vector<std::string>& columns, const std::vector<std::string>& there);

}  // namespace smooth
