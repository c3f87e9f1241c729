#include "data/tiny/facts.h"

#include <algorithm>
#include <iterator>
#include <map>

namespace smooth {
namespace {

const std::map<std::string, Topic>& topics() {
  static const std::map<std::string, Topic> topics = {
      {"narrativeqa", {{"secret", "emblem", "treasure", "disguise"}, {}, {}}},
      {"qasper", {{"baseline", "corpus", "encoder", "metric"}, {}, {"parser", "tagger", "ranker", "reader"}}},
      {"multifieldqa_en", {{"sponsor", "product", "slogan", "office"}, {}, {"council", "company", "college", "club"}}},
      {"hotpotqa", {{"home", "hobby", "motto", "passion"}, {"mentor", "rival", "partner", "pupil"}, {}}},
      {"2wikimqa", {{"birthplace", "prize", "degree", "debut"}, {"director", "composer", "editor", "producer"}, {"film", "opera", "novel", "series"}}},
      {"musique", {{"residence", "religion", "ancestor", "award"}, {"founder", "owner", "chairman", "architect"}, {"bank", "museum", "hotel", "airport"}}},
      {"triviaqa", {{"nickname", "symbol", "trade", "legacy"}, {}, {}}},
  };
  return topics;
}

const std::vector<std::vector<std::string>> kKin = {{"narrativeqa", "qasper", "multifieldqa_en"}, {"hotpotqa", "2wikimqa", "musique"}};

}  // namespace

const Topic& topic_of(const std::string& dataset, Draws& draws) {
  for (const std::vector<std::string>& family : kKin) {
    const bool member = std::find(family.begin(), family.end(), dataset) != family.end();
    if (member && draws.kin()) return topics().at(draws.random().choice(family));
  }
  return topics().at(dataset);
}

const Topic& any_topic(Draws& draws) { return std::next(topics().begin(), draws.random().below(topics().size()))->second; }

std::string subject_of(const Topic& topic, Draws& draws) { return topic.kinds.empty() ? draws.person() : draws.thing(topic.kinds); }

std::string Fact::statement() const { return "The" + subject.substr(3) + " is still " + value + "."; }

std::string Fact::question() const { return "What is " + subject + "?"; }

std::string Fact::clue() const { return subject + " is still"; }

Fact fact_of(const std::string& attribute, const std::string& subject, Draws& draws) { return {"the " + attribute + " of " + subject, "the " + draws.pair()}; }

}  // namespace smooth
