// Reads a text as a raw file, and keeps what came out.
#pragma once

#include <sstream>
#include <string>
#include <vector>

#include "data/sources/formats.h"

namespace smooth {

struct Read {
  std::vector<Record> records;
  int64_t bad = 0;
  std::string first;  // the message of the first bad row

  std::string text() const {  // the records, one after another
    std::string all;
    for (const Record& record : records) all += record.dump();
    return all;
  }
};

// `read(stream, intake)` over the text, called FILE; bad rows are skipped unless `stop`.
template <class Reader>
Read read_text(const std::string& text, const Reader& read, bool stop = false, int64_t max_field_bytes = 1000) {
  Read result;
  BadRows bad(!stop);
  Intake intake("FILE", max_field_bytes, bad, [&](Record& record) {
    result.records.push_back(record);
    return true;
  });
  std::istringstream in(text);
  intake.whole_file([&] { read(in, intake); });
  result.bad = bad.count();
  result.first = bad.first();
  return result;
}

}  // namespace smooth
