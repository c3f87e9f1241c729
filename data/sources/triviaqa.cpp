#include "configs/run.h"
#include "data/sources/sets.h"
#include "data/tokenizers/utf8.h"

namespace smooth {
namespace {

namespace fs = std::filesystem;

// parquet: {"title": [...], "wiki_context": [...]}
void add_columns(std::vector<Article>& passages, const Record& record, const std::string& pages, const std::string& text) {
  if (!has_field(record, pages)) return;
  const std::vector<std::string> titles = texts_field(record[pages], "title"), texts = texts_field(record[pages], text);
  if (titles.size() != texts.size()) throw BadRecord("field " + pages + ": as many titles as texts are expected");
  for (size_t i = 0; i < titles.size(); ++i) passages.push_back({titles[i], texts[i]});
}

TriviaQuestion of_columns(const Record& record) {
  const Record& answer = field(record, "answer");
  TriviaQuestion question{.id = text_field(record, "question_id"), .question = text_field(record, "question"),
                          .answer = text_field(answer, "value"), .aliases = texts_field(answer, "aliases"), .passages = {}};
  add_columns(question.passages, record, "entity_pages", "wiki_context");
  add_columns(question.passages, record, "search_results", "search_context");
  return question;
}

// JSON: [{"Title": ..., "Filename": ...}, ...], the text in evidence/FOLDER/Filename. Texts that are not there are left out as long
// as one is.
void add_files(TriviaQuestion& question, const Record& record, const std::string& pages, const fs::path& folder, std::string& missing) {
  if (!has_field(record, pages)) return;
  for (const Record& page : list_field(record, pages)) {
    const std::string& name = text_field(page, "Filename");
    const fs::path file = folder / name;
    if (name.find("..") != std::string::npos || name.starts_with('/')) throw BadRecord("field Filename: leads out of evidence/: " + name);
    if (!fs::is_regular_file(file)) {
      missing = file.string();
      continue;
    }
    question.passages.push_back({text_field(page, "Title"), well_formed(read_file(file))});
  }
}

TriviaQuestion of_files(const Record& record, const fs::path& evidence) {
  const Record& answer = field(record, "Answer");
  TriviaQuestion question{.id = text_field(record, "QuestionId"), .question = text_field(record, "Question"),
                          .answer = text_field(answer, "Value"), .aliases = texts_field(answer, "Aliases"), .passages = {}};
  std::string missing;
  add_files(question, record, "EntityPages", evidence / "wikipedia", missing);
  add_files(question, record, "SearchResults", evidence / "web", missing);
  if (question.passages.empty() && !missing.empty()) throw BadRecord("none of its texts is there, not even " + missing);
  return question;
}

}  // namespace

void read_triviaqa(RawSet& set, const std::function<bool(TriviaQuestion&)>& take) {
  const std::vector<std::string> columns = {"question",           "question_id",         "answer.value",           "answer.aliases",
                                            "entity_pages.title?", "entity_pages.wiki_context?", "search_results.title?", "search_results.search_context?"};
  const Take each = [&](Record& record) {
    TriviaQuestion question = record.contains("QuestionId") ? of_files(record, set.file().parent_path().parent_path() / "evidence") : of_columns(record);
    if (question.passages.empty()) throw BadRecord("no passages");
    return take(question);
  };
  set.read(columns, each, "Data");
}

}  // namespace smooth
