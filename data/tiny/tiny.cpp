#include "data/tiny/tiny.h"

#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>

#include "data/tasks/longbench.h"
#include "data/tiny/makers.h"

namespace smooth {
namespace {

using Json = nlohmann::ordered_json;

const std::map<std::string, std::string> kDatasets = {
    {"hotpotqa", "hotpotqa"}, {"narrativeqa", "narrativeqa"}, {"govreport", "gov_report"}, {"qmsum", "qmsum"}, {"trec", "trec"}, {"triviaqa", "triviaqa"},
    {"samsum", "samsum"}, {"passage-count", "passage_count"}, {"passage-retrieval", "passage_retrieval_en"}, {"lcc", "lcc"},
};

void make(const std::string& dataset, Draws& draws, TinyRecord& made) {
  if (dataset == "narrativeqa" || dataset == "qasper" || dataset == "multifieldqa_en") return make_question(dataset, draws, made);
  if (dataset == "hotpotqa" || dataset == "2wikimqa" || dataset == "musique") return make_two_hops(dataset, draws, made);
  if (dataset == "gov_report") return make_report(draws, made);
  if (dataset == "qmsum") return make_meeting(draws, made);
  if (dataset == "multi_news") return make_news(draws, made);
  if (dataset == "trec") return make_types(draws, made);
  if (dataset == "triviaqa") return make_trivia(draws, made);
  if (dataset == "samsum") return make_dialogues(draws, made);
  if (dataset == "passage_count") return make_count(draws, made);
  if (dataset == "passage_retrieval_en") return make_retrieval(draws, made);
  if (dataset == "lcc") return make_file(draws, made);
  if (dataset == "repobench-p") return make_repository(draws, made);
  throw std::logic_error(dataset + " is no task of LongBench");
}

// As LongBench counts them: divided by white space.
int64_t words_of(const LongBenchRecord& record) {
  int64_t words = 0;
  std::string all = record.input + "\n" + record.context;
  for (const std::string& answer : record.answers) all += "\n" + answer;
  std::istringstream stream(all);
  for (std::string word; stream >> word;) ++words;
  return words;
}

}  // namespace

TinyRecord tiny_record(const std::string& dataset, const TinyConfig& config, const Tokenizer& tokenizer, int64_t length, Random& random) {
  TinyRecord made;
  for (int i = 0; i < 3; ++i) made.record.id += fmt::format("{:016x}", random.getrandbits(64));
  made.record.language = "en";
  Draws draws(dataset, config, tokenizer, length, random);
  if (config.drill > 0) {
    make_drill(config.drill, draws, made);
  } else {
    make(dataset, draws, made);
  }
  made.record.length = words_of(made.record);
  return made;
}

Task tiny_task(const std::string& dataset, const TinyRecord& made) {
  Task task = longbench_task(dataset, made.record);
  task.subject = made.subject;
  task.evidence = made.evidence;
  return task;
}

std::string tiny_dataset(const std::string& row) {
  if (const auto found = kDatasets.find(row); found != kDatasets.end()) return found->second;
  std::string names;
  for (const auto& [name, dataset] : kDatasets) names += (names.empty() ? "" : ", ") + name;
  throw std::runtime_error("row " + row + " has no miniature; those that have: " + names);
}

std::string to_json(const std::string& dataset, const LongBenchRecord& record) {
  const Json json = {{"input", record.input}, {"context", record.context}, {"answers", record.answers}, {"length", record.length}, {"dataset", dataset},
                     {"language", record.language}, {"all_classes", record.classes.empty() ? Json() : Json(record.classes)}, {"_id", record.id}};
  return json.dump();
}

}  // namespace smooth
