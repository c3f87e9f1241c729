#include "data/sources/sets.h"

namespace smooth {
namespace {

std::string joined(const Record& sentences) {
  std::string text;
  for (const Record& sentence : sentences) {
    if (!sentence.is_string()) throw BadRecord("field context: a sentence that is no string");
    text += sentence.get_ref<const std::string&>();  // they carry their own blanks
  }
  return text;
}

// parquet: {"title": [...], "sentences": [[...], ...]}
std::vector<Article> of_columns(const Record& context) {
  const std::vector<std::string> titles = texts_field(context, "title");
  const Record& sentences = list_field(context, "sentences");
  if (titles.size() != sentences.size()) throw BadRecord("field context: as many titles as paragraphs are expected");
  std::vector<Article> paragraphs;
  for (size_t i = 0; i < titles.size(); ++i) {
    if (!sentences[i].is_array()) throw BadRecord("field context.sentences: a paragraph that is no list of sentences");
    paragraphs.push_back({titles[i], joined(sentences[i])});
  }
  return paragraphs;
}

// JSON: [[title, [sentence, ...]], ...]
std::vector<Article> of_pairs(const Record& context) {
  std::vector<Article> paragraphs;
  for (const Record& pair : context) {
    if (!pair.is_array() || pair.size() != 2 || !pair[0].is_string() || !pair[1].is_array()) {
      throw BadRecord("field context: expected [title, [sentence, ...]] for each paragraph");
    }
    paragraphs.push_back({pair[0], joined(pair[1])});
  }
  return paragraphs;
}

std::vector<std::string> supporting_titles(const Record& facts) {
  if (facts.is_object()) return texts_field(facts, "title");
  std::vector<std::string> titles;
  for (const Record& pair : facts) {
    if (!pair.is_array() || pair.empty() || !pair[0].is_string()) throw BadRecord("field supporting_facts: expected [title, sentence] for each");
    titles.push_back(pair[0]);
  }
  return titles;
}

}  // namespace

void read_hotpotqa(RawSet& set, const std::function<bool(HotpotQuestion&)>& take) {
  set.read({"id", "question", "answer", "supporting_facts.title", "context.title", "context.sentences"}, [&](Record& record) {
    const Record& context = field(record, "context");
    HotpotQuestion question{.id = text_field(record, has_field(record, "_id") ? "_id" : "id"),
                            .question = text_field(record, "question"),
                            .answer = text_field(record, "answer"),
                            .paragraphs = context.is_object() ? of_columns(context) : of_pairs(context),
                            .supporting = supporting_titles(field(record, "supporting_facts"))};
    if (question.paragraphs.empty()) throw BadRecord("field context: no paragraphs");
    return take(question);
  });
}

}  // namespace smooth
