// csv: what is read is read again when it is written with every field quoted.
#include "tests/fuzz/records.h"

namespace {

std::string quoted(const std::string& field) {
  std::string text = "\"";
  for (const char c : field) text += c == '"' ? std::string("\"\"") : std::string(1, c);
  return text + "\"";
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto read = [](std::istream& in, smooth::Intake& intake) { smooth::read_csv(in, {"a", "b?"}, intake); };
  const auto records = smooth::records_of(std::string(text_of(data, size)), read);
  if (records.empty()) return 0;
  std::string once;
  for (const auto& [name, value] : records[0].items()) once += (once.empty() ? "" : ",") + quoted(name);
  for (const smooth::Record& record : records) {
    std::string row;
    for (const auto& [name, value] : record.items()) row += (row.empty() ? "" : ",") + quoted(value.get<std::string>());
    once += "\r\n" + row;
  }
  int64_t bad = 0;
  must(smooth::records_of(once, read, &bad) == records && bad == 0);
  return 0;
}
