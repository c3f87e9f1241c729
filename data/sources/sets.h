// One reader for each raw set of Table 5: what a task needs of each training record, from every form in which the set is distributed.
// Each goes through its RawSet until `take` says that it is enough (false); what it cannot use is a bad row of that set.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "data/sources/raw_set.h"

namespace smooth {

struct Article {
  std::string title, text;
};

// hotpotqa/hotpot_qa, distractor (parquet, nested); the original hotpot_train_v1.1.json.
struct HotpotQuestion {
  std::string id, question, answer;
  std::vector<Article> paragraphs;      // ten, two of which hold the answer
  std::vector<std::string> supporting;  // their titles
};
void read_hotpotqa(RawSet& set, const std::function<bool(HotpotQuestion&)>& take);

// deepmind/narrativeqa (parquet, nested). Each story comes with each of its questions; its text is given with the first one only.
struct StoryQuestion {
  std::string story, question;
  std::vector<std::string> answers;
  std::string text;  // empty but for the story's first question
};
void read_narrativeqa(RawSet& set, const std::function<bool(StoryQuestion&)>& take);

// ccdv/govreport-summarization (parquet, flat); launch/gov_report's gao_train.jsonl and crs_train.jsonl (sections within sections).
struct Report {
  std::string id, text, summary;
};
void read_govreport(RawSet& set, const std::function<bool(Report&)>& take);

// Yale-LILY/QMSum's train.jsonl, a meeting a line.
struct Query {
  std::string query, answer;
};
struct Meeting {
  std::string transcript;      // "SPEAKER: what was said" a line
  std::vector<Query> queries;  // the general ones, then the specific ones
};
void read_qmsum(RawSet& set, const std::function<bool(Meeting&)>& take);

// cogcomp's train_5500.label: "NUM:dist How far is it from Denver to Aspen ?"
struct TypedQuestion {
  std::string question, type;  // one of trec_types()
};
void read_trec(RawSet& set, const std::function<bool(TypedQuestion&)>& take);
// LongBench's names of the 50 types, in the order of ABBR:abb to NUM:weight. Two have lost letters there, and must have lost them here.
const std::vector<std::string>& trec_types();

// mandarjoshi/trivia_qa, rc or rc.wikipedia (parquet, nested); the original qa/*-train.json with the texts in evidence/ beside qa/.
struct TriviaQuestion {
  std::string id, question, answer;
  std::vector<std::string> aliases;
  std::vector<Article> passages;  // Wikipedia's pages, then what was found on the web
};
void read_triviaqa(RawSet& set, const std::function<bool(TriviaQuestion&)>& take);

// knkarthick/samsum's train.csv; train.json of the paper's corpus.7z.
struct Dialogue {
  std::string id, dialogue, summary;
};
void read_samsum(RawSet& set, const std::function<bool(Dialogue&)>& take);

// d0rj/wikisum (parquet: title, article, summary), or any passages with a text and perhaps a title and a summary, in any table form.
struct WikiPassage {
  std::string title, text, summary;
};
void read_wikisum(RawSet& set, const std::function<bool(WikiPassage&)>& take);

// microsoft/LCC_python, LCC_java and LCC_csharp (parquet, flat). The language is told by the file's path.
struct CodeContext {
  std::string language, context, next_line;  // "python", "java", "csharp", or empty
};
void read_lcc(RawSet& set, const std::function<bool(CodeContext&)>& take);

}  // namespace smooth
