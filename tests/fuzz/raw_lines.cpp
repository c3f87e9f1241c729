// jsonl and plain lines.
#include "tests/fuzz/records.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(text_of(data, size));
  std::string once;
  const auto records = smooth::records_of(text, smooth::read_jsonl);
  for (const smooth::Record& record : records) once += record.dump() + "\n";
  must(once.size() > 2000 || smooth::records_of(once, smooth::read_jsonl) == records);
  for (const smooth::Record& record : smooth::records_of(text, smooth::read_lines)) {
    must(record["line"].get_ref<const std::string&>().find('\n') == std::string::npos);
  }
  return 0;
}
