// A row of jsonl, given to every set's reader: what is laid out otherwise is refused, and nothing else happens.
#include "data/sources/sets.h"
#include "tests/fuzz/folder.h"

namespace smooth {
namespace {

template <class T, class Reader>
void use_set(const std::string& path, const Reader& read) {
  SourceConfig config;
  config.path = path;
  read_or_refuse(path, [&] {
    RawSet set(config);
    read(set, [](T&) { return true; });
  });
}

}  // namespace
}  // namespace smooth

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace smooth;
  static const FuzzFolder folder({"train.jsonl", "train.label"});
  folder.fill("====\n" + std::string(text_of(data, size)) + "\n====\n" + std::string(text_of(data, size)));
  const std::string path = (folder.path / "train.jsonl").string(), lines = (folder.path / "train.label").string();
  if (!std::filesystem::exists(path)) return 0;
  use_set<HotpotQuestion>(path, read_hotpotqa);
  use_set<StoryQuestion>(path, read_narrativeqa);
  use_set<Report>(path, read_govreport);
  use_set<Meeting>(path, read_qmsum);
  use_set<TriviaQuestion>(path, read_triviaqa);
  use_set<Dialogue>(path, read_samsum);
  use_set<WikiPassage>(path, read_wikisum);
  use_set<CodeContext>(path, read_lcc);
  if (std::filesystem::exists(lines)) use_set<TypedQuestion>(lines, read_trec);
  return 0;
}
