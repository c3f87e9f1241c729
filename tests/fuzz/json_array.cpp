// A JSON array, by itself or as a member.
#include "tests/fuzz/records.h"

namespace {

void read_data(std::istream& in, smooth::Intake& intake) { smooth::read_json_array(in, "Data", intake); }

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto records = smooth::records_of(std::string(text_of(data, size)), read_data);
  std::string once;
  for (const smooth::Record& record : records) {
    if (record.dump().size() > 2000) return 0;  // longer than a record may be, escaped
    once += (once.empty() ? "" : ",") + record.dump();
  }
  int64_t bad = 0;
  must(smooth::records_of("[" + once + "]", read_data, &bad) == records && bad == 0);
  must(smooth::records_of("{\"a\": [{}], \"Data\": [" + once + "], \"b\"", read_data, &bad) == records && bad == 0);
  return 0;
}
