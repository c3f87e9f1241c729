// What is read of a document, of a model's writing and of a transcript, whatever stands in it.
#include "data/chunker.h"
#include "data/reading.h"
#include "tests/fuzz/refusal.h"

namespace smooth {
namespace {

void check_chunks(std::string_view text, int64_t limit) {
  std::string joined;
  for (const std::string_view part : chunk(text, limit)) {
    must(!part.empty() && estimated_tokens(part) <= limit);
    joined += part;
  }
  must(joined == text);
}

void check_transcript(const std::string& line) {
  const std::string once = to_json(transcript_from_json(line));
  must(to_json(transcript_from_json(once)) == once && once.find('\n') == std::string::npos);
}

}  // namespace
}  // namespace smooth

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(text_of(data, size));
  for (const int64_t limit : {1, 7, 100}) smooth::check_chunks(text, limit);
  const smooth::Summary summary = smooth::parse_summary(text);
  must(!summary.well_formed || smooth::parse_summary(smooth::format(summary)).well_formed);
  return read_or_refuse("not a transcript", [&] { smooth::check_transcript(text); });
}
