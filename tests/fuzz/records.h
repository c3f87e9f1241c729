// A raw file of any bytes: each of its rows is read or refused, reading always comes to an end, and what was read once is read again.
#pragma once

#include <sstream>
#include <vector>

#include "data/sources/formats.h"
#include "tests/fuzz/refusal.h"

namespace smooth {

// The records of a text; bad rows are skipped, or the first of them stops with its file and row.
template <class Reader>
std::vector<Record> records_of(const std::string& text, const Reader& read, int64_t* bad_rows = nullptr) {
  std::vector<Record> records;
  BadRows bad(true);
  Intake intake("FILE", 500, bad, [&](Record& record) {
    records.push_back(record);
    return true;
  });
  std::istringstream in(text);
  intake.whole_file([&] { read(in, intake); });
  must(bad.first().empty() == (bad.count() == 0));
  if (bad_rows) *bad_rows = bad.count();

  BadRows strict(false);
  std::string message;
  Intake stops("FILE", 500, strict, [](Record&) { return true; });
  std::istringstream again(text);
  try {
    stops.whole_file([&] { read(again, stops); });
  } catch (const std::runtime_error& error) {
    message = error.what();
  }
  must(message == bad.first() && (message.empty() || message.starts_with("FILE: row ")));
  return records;
}

}  // namespace smooth
