// The homes of Table 5's raw sets: training splits only. The hubs keep a conversion of each set under refs/convert/parquet, whose
// files have names without hashes.
#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "data/sources/fetch.h"

namespace smooth {
namespace {

const std::string kHub = "https://huggingface.co/datasets/";

std::string on_hub(const std::string& set, const std::string& file) { return kHub + set + "/resolve/main/" + file; }
std::string converted(const std::string& set, const std::string& file) { return kHub + set + "/resolve/refs%2Fconvert%2Fparquet/" + file; }

// FOLDER/train-00000-of-00024.parquet and so on.
std::vector<RawFile> shards(const std::string& set, const std::string& folder, int count, int64_t megabytes) {
  std::vector<RawFile> files;
  for (int i = 0; i < count; ++i) {
    const std::string name = fmt::format("train-{:05}-of-{:05}.parquet", i, count);
    files.push_back({on_hub(set, folder + "/" + name), name, megabytes});
  }
  return files;
}

std::vector<RawFile> code() {
  std::vector<RawFile> files;
  for (const std::string language : {"python", "java", "csharp"}) {
    for (int i = 0; i < 4; ++i) {
      const std::string file = fmt::format("default/train/{:04}.parquet", i);
      files.push_back({converted("microsoft/LCC_" + language, file), "LCC_" + language + "/" + file, language == "python" ? 149 : 0});
    }
  }
  return files;
}

const std::vector<RawHome>& homes() {
  static const std::string kWikiNote =
      "Licence unknown. The paper's WikiSum (Liu et al. 2018) is 300 GB of web crawl; this set of the same name holds wikiHow articles with\n"
      "summaries. Any .parquet, .jsonl, .json or .csv with columns text and title (and summary, for passage-retrieval) does as well.";
  static const std::vector<RawFile> kWiki = {{on_hub("d0rj/wikisum", "data/train-00000-of-00001-b28959cff7dcaf55.parquet"), "train-00000-of-00001.parquet", 0}};
  static const std::vector<RawHome> all = {
      {"hotpotqa", shards("hotpotqa/hotpot_qa", "distractor", 2, 166),
       "CC BY-SA 4.0. The original, one JSON of 0.55 GB, is read too: http://curtis.ml.cmu.edu/datasets/hotpot/hotpot_train_v1.1.json"},
      {"narrativeqa", shards("deepmind/narrativeqa", "data", 24, 0), "Apache-2.0; the stories are third parties'."},
      {"govreport",
       {{converted("ccdv/govreport-summarization", "document/train/0000.parquet"), "document/train/0000.parquet", 229},
        {converted("ccdv/govreport-summarization", "document/train/0001.parquet"), "document/train/0001.parquet", 229}},
       "No licence stated. launch/gov_report (CC BY 4.0) is read too: its data/gao_train.jsonl (709 MB) and data/crs_train.jsonl (359 MB)."},
      {"qmsum", {{"https://raw.githubusercontent.com/Yale-LILY/QMSum/main/data/ALL/jsonl/train.jsonl", "train.jsonl", 12}}, "MIT."},
      {"trec", {{"https://cogcomp.seas.upenn.edu/Data/QA/QC/train_5500.label", "train_5500.label", 0}}, "Licence unknown."},
      {"triviaqa", shards("mandarjoshi/trivia_qa", "rc.wikipedia", 7, 263),
       "Apache-2.0 by its repository. The original is read too, once unpacked (qa/ and evidence/): "
       "https://nlp.cs.washington.edu/triviaqa/data/triviaqa-rc.tar.gz"},
      {"samsum", {{on_hub("knkarthick/samsum", "train.csv"), "train.csv", 9}},
       "CC BY-NC-ND 4.0: a training set made of it should not be passed on. The JSON in the ancillary corpus.7z of arXiv 1911.12237 is read too."},
      {"passage-count", kWiki, kWikiNote},
      {"passage-retrieval", kWiki, kWikiNote},
      {"lcc", code(), "No licence stated."},
      {"longbench", {{on_hub("THUDM/LongBench", "data.zip"), "data.zip", 0}},
       "The benchmark. Evaluation reads data.zip as it is; decontamination reads its files: python3 -m zipfile -e data.zip .\n"
       "longbench.prompts: official needs the folder LongBench/config of https://github.com/THUDM/LongBench too (MIT)."},
  };
  return all;
}

// In single quotes where a shell would see more than a word.
std::string quoted(const std::string& word) {
  if (word.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:%-") == std::string::npos) return word;
  std::string text = "'";
  for (const char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

}  // namespace

const RawHome& raw_home(const std::string& row) {
  const auto found = std::find_if(homes().begin(), homes().end(), [&](const RawHome& home) { return home.row == row; });
  if (found != homes().end()) return *found;
  std::string names;
  for (const RawHome& home : homes()) names += (names.empty() ? "" : ", ") + home.row;
  throw std::runtime_error("row \"" + row + "\" has no raw set to fetch; those that have one: " + names);
}

std::string fetch_commands(const RawHome& home, const std::filesystem::path& folder) {
  std::string text;
  for (size_t begin = 0; begin < home.note.size();) {
    const size_t end = std::min(home.note.find('\n', begin), home.note.size());
    text += "# " + home.note.substr(begin, end - begin) + "\n";
    begin = end + 1;
  }
  for (const RawFile& file : home.files) {
    const std::string path = (folder / file.name).string();
    text += fmt::format("curl --fail --location --retry 8 --retry-all-errors --continue-at - --create-dirs --output {} {}\n", quoted(path), quoted(file.url));
    if (file.megabytes > 0) {
      text += fmt::format("test \"$(stat -c %s {0})\" -gt {1} -a \"$(stat -c %s {0})\" -lt {2} || echo {0}: expected about {3} MB >&2\n", quoted(path),
                          file.megabytes * 800000, file.megabytes * 1200000, file.megabytes);
    }
  }
  return text;
}

}  // namespace smooth
