#include "data/sources/columns.h"

#include <algorithm>

#include "data/sources/records.h"

namespace smooth {
namespace {

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text.empty() ? "none" : text;
}

}  // namespace

Column::Column(const std::string& spec) : name(spec), required(!spec.ends_with('?')) {
  if (!required) name.pop_back();
}

bool is_wanted(const std::vector<std::string>& columns, const std::string& name) {
  return std::any_of(columns.begin(), columns.end(), [&](const std::string& spec) { return Column(spec).name == name; });
}

void check_columns(const std::vector<std::string>& columns, const std::vector<std::string>& there) {
  std::vector<std::string> missing, wanted;
  for (const std::string& spec : columns) {
    const Column column(spec);
    wanted.push_back(column.name);
    if (column.required && std::find(there.begin(), there.end(), column.name) == there.end()) missing.push_back(column.name);
  }
  if (!missing.empty()) throw BadRecord("columns are missing: " + joined(missing) + "; the file has: " + joined(there));
  if (std::none_of(there.begin(), there.end(), [&](const std::string& name) { return is_wanted(columns, name); })) {
    throw BadRecord("none of these columns is there: " + joined(wanted) + "; the file has: " + joined(there));
  }
}

}  // namespace smooth
