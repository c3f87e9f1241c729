#include "data/training/tokenise.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <stdexcept>

#include "configs/run.h"
#include "data/training/made_with.h"
#include "data/training/transcripts.h"

namespace smooth {
namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

namespace {

// A small transcript as it is laid out now: another version of this program that lays out differently makes another cache.
std::string specimen(const Layout& layout, bool all_targets) {
  Transcript transcript;
  transcript.exchanges = {{.forget = true, .given = "First\n\n1 2", .written = "Target: a\n<CONTINUE>"},
                          {.given = "second", .written = "Answer: b\n<STOP>"},
                          {.forget = true, .given = "third", .written = "c"}};
  std::string ids;
  for (const Example& document : layout.examples(transcript, all_targets)) {
    for (size_t t = 0; t < document.ids.size(); ++t) ids += fmt::format("{}{} ", document.ids[t], document.target[t] ? "!" : "");
    ids += "\n";
  }
  return checksum(ids);
}

// All that the ids follow from. Files go by their contents: the same data under other names are the same.
std::string what_makes(const TrainDataConfig& config, const Layout& layout) {
  Json json = {{"format", kCacheFormat}, {"files", Json::array()}, {"tokenizer", Json::object()}, {"chat_template", config.chat_template},
               {"loss", config.loss}, {"specimen", specimen(layout, config.loss == "all")}};
  for (const std::string& file : config.files) {
    if (!fs::exists(file)) throw std::runtime_error(file + ": cannot be opened");
    json["files"].push_back({{"bytes", fs::file_size(file)}, {"checksum", checksum_input(file)}});
  }
  for (const fs::path file : tokenizer_files(config.tokenizer)) json["tokenizer"][file.filename().string()] = checksum_input(file);
  return json.dump();
}

struct Found {
  std::shared_ptr<const TokenCache> cache;
  std::string damage;
};

// The cache of a folder, or what is wrong with it; neither if there is none.
Found found_in(const fs::path& folder, const std::string& made_from, const std::vector<std::string>& files) {
  if (!fs::exists(folder / kCacheManifest)) return {};
  try {
    return {std::make_shared<TokenCache>(folder, made_from, files), ""};
  } catch (const std::exception& error) {
    return {nullptr, error.what()};
  }
}

// Counted in kilobytes of text: how many samples there are is known at the end.
void make_cache(const TrainDataConfig& config, const Layout& layout, const fs::path& folder, const std::string& made_from, int64_t threads) {
  uint64_t bytes = 0;
  for (const std::string& file : config.files) bytes += fs::file_size(file);
  Transcripts transcripts(config.files, layout, config.loss == "all", threads);
  Progress progress("tokenise", static_cast<int64_t>(bytes / 1000), "kB");
  int64_t samples = 0, shown = 0;
  write_cache(folder, made_from, [&] {
    std::optional<Sample> sample = transcripts.next();
    if (!sample && samples == 0) throw std::runtime_error("data.files hold no sample");
    samples += sample ? 1 : 0;
    const int64_t read = transcripts.bytes() / 1000;
    progress.advance(read - std::exchange(shown, read), std::to_string(samples) + " samples");
    return sample;
  });
  progress.finish(std::to_string(samples) + " samples");
}

}  // namespace

std::shared_ptr<const TokenCache> tokenise_once(const TrainDataConfig& config, const Layout& layout, const fs::path& otherwise, int64_t threads) {
  check_made_with(config, *layout.tokenizer());
  const std::string made_from = what_makes(config, layout);
  const fs::path folder = (config.cache.empty() ? otherwise : fs::path(config.cache)) / checksum(made_from);
  if (const auto cache = found_in(folder, made_from, config.files).cache) return cache;  // may lie where nothing can be written
  const FolderLock lock(folder, FolderLock::IfTaken::kWait);
  const Found found = found_in(folder, made_from, config.files);
  if (found.cache) return found.cache;  // another process was faster
  if (!found.damage.empty()) note(found.damage + "; the token cache is made again");
  fs::remove(folder / kCacheManifest);  // first: half of a cache must not pass for one
  make_cache(config, layout, folder, made_from, threads);
  return std::make_shared<TokenCache>(folder, made_from, config.files);
}

}  // namespace smooth
