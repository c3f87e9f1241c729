// Each raw set in each form in which it is distributed: files of tests/golden/parquet.py, and others that the tests write.
#include "data/sources/sets.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <cstdlib>
#include <iostream>

#include "configs/load.h"
#include "configs/read.h"
#include "data/chunker.h"
#include "tests/configs/folder.h"

using namespace smooth;
using Catch::Matchers::Contains;

namespace {

const std::string kGolden = "tests/golden/parquet/";

SourceConfig source(const std::string& path, const std::string& bad_rows = "stop") {
  SourceConfig config;
  config.path = path;
  config.bad_rows = bad_rows;
  return config;
}

// All records of a set.
template <class T, class Reader>
std::vector<T> all(const SourceConfig& config, const Reader& read) {
  RawSet set(config);
  std::vector<T> records;
  read(set, [&](T& record) {
    records.push_back(std::move(record));
    return true;
  });
  REQUIRE(set.good_rows() == static_cast<int64_t>(records.size()));
  return records;
}

// The message with which reading a file of this text stops; that it is skipped and counted where it is to be.
template <class T, class Reader>
std::string refusal(const std::string& name, const std::string& text, const Reader& read) {
  const TestFolder folder;
  const std::string path = folder.file(name, text);
  const std::string message = message_of<std::runtime_error>([&] { all<T>(source(path), read); });
  RawSet set(source(path, "skip"));
  try {
    read(set, [](T&) { return true; });
  } catch (const std::runtime_error& error) {  // no row is good
    REQUIRE_THAT(error.what(), Contains("the first: " + path));
  }
  REQUIRE(set.bad_rows().count() == 1);
  REQUIRE(set.bad_rows().first() == message);
  return folder.short_form(message);
}

}  // namespace

TEST_CASE("HotpotQA's parquet and its original JSON say the same", "[cpu][sources]") {
  const auto parquet = all<HotpotQuestion>(source(kGolden + "hotpotqa"), read_hotpotqa);
  REQUIRE(parquet.size() == 7);  // two files of the training split; the validation split is not read
  const HotpotQuestion& q = parquet[6];
  REQUIRE(q.id == "5a0006");
  REQUIRE(q.question == "Which river runs through Town 6-3?");
  REQUIRE(q.answer == "River 6");
  REQUIRE(q.paragraphs.size() == 10);
  REQUIRE(q.paragraphs[3].title == "Town 6-3");
  REQUIRE(q.paragraphs[3].text == "Town 6-3 is a town. It lies on River 6.");
  REQUIRE(q.supporting == std::vector<std::string>{"Town 6-3", "Town 6-7"});

  const TestFolder folder;
  nlohmann::json original = nlohmann::json::array();
  for (const HotpotQuestion& question : parquet) {
    nlohmann::json context = nlohmann::json::array(), facts = nlohmann::json::array();
    for (const Article& paragraph : question.paragraphs) {
      const size_t cut = paragraph.text.find(". ") + 1;
      context.push_back({paragraph.title, {paragraph.text.substr(0, cut), paragraph.text.substr(cut)}});
    }
    for (const std::string& title : question.supporting) facts.push_back({title, 0});
    original.push_back({{"_id", question.id}, {"question", question.question}, {"answer", question.answer}, {"context", context}, {"supporting_facts", facts}, {"level", "hard"}});
  }
  folder.file("hotpot_dev_distractor_v1.json", "[{}]");
  folder.file("hotpot_train_v1.1.json", original.dump());
  const auto json = all<HotpotQuestion>(source(folder.path), read_hotpotqa);
  REQUIRE(json.size() == 7);
  for (size_t i = 0; i < json.size(); ++i) {
    REQUIRE(json[i].id == parquet[i].id);
    REQUIRE(json[i].supporting == parquet[i].supporting);
    for (size_t p = 0; p < 10; ++p) {
      REQUIRE(json[i].paragraphs[p].title == parquet[i].paragraphs[p].title);
      REQUIRE(json[i].paragraphs[p].text == parquet[i].paragraphs[p].text);
    }
  }
}

TEST_CASE("HotpotQA that is laid out otherwise is refused", "[cpu][sources]") {
  const auto refused = [](const std::string& record) { return refusal<HotpotQuestion>("train.json", "[" + record + "]", read_hotpotqa); };
  const std::string head = R"({"_id": "x", "question": "q", "answer": "a", "supporting_facts": [["t", 0]], "context": )";
  REQUIRE(refused(R"({"_id": "x", "question": "q"})") == "train.json: row 1: field context is missing; there are: _id, question");
  REQUIRE_THAT(refused(head + "[]}"), Contains("field context: no paragraphs"));
  REQUIRE_THAT(refused(head + "[[\"t\"]]}"), Contains("field context: expected [title, [sentence, ...]]"));
  REQUIRE_THAT(refused(head + "[[\"t\", [1]]]}"), Contains("field context: a sentence that is no string"));
  REQUIRE_THAT(refused(head + "{\"title\": [\"t\"], \"sentences\": []}}"), Contains("as many titles as paragraphs"));
  REQUIRE_THAT(refused(head + "{\"title\": [\"t\"], \"sentences\": [1]}}"), Contains("a paragraph that is no list"));
  REQUIRE_THAT(refused(R"({"_id": 5, "question": "q", "answer": "a", "supporting_facts": [[]], "context": [["t", []]]})"), Contains("field _id: expected a string, found number"));
  REQUIRE_THAT(refused(R"({"_id": "5", "question": "q", "answer": "a", "supporting_facts": [[]], "context": [["t", []]]})"), Contains("field supporting_facts: expected [title, sentence]"));
}

TEST_CASE("NarrativeQA gives each story's text once, scripts without their HTML", "[cpu][sources]") {
  const auto questions = all<StoryQuestion>(source(kGolden + "narrativeqa"), read_narrativeqa);
  REQUIRE(questions.size() == 5);
  std::vector<std::string> stories;
  for (const StoryQuestion& question : questions) stories.push_back(question.story + (question.text.empty() ? "" : "+"));
  REQUIRE(stories == std::vector<std::string>{"s1+", "s1", "s1", "s2+", "s2"});
  REQUIRE(questions[0].text.starts_with("Chapter one.\n\nThe miller had three sons. Chapter"));
  REQUIRE(questions[3].text == "\nINT. MILL - DAY\n\nTom & Ann talk. 1 < 2 <softly>\n");
  REQUIRE(questions[2].question == "Who is it, s1 2?");
  REQUIRE(questions[2].answers == std::vector<std::string>{"The miller 2", "A miller"});
  const std::string record = R"({"document": {"id": "s", "text": ""}, "question": {"text": "q"}, "answers": [{"text": "a"}]})";
  REQUIRE_THAT(refusal<StoryQuestion>("train.jsonl", record, read_narrativeqa), Contains("row 1: field document.text: empty"));
  REQUIRE_THAT(refusal<StoryQuestion>("train.jsonl", R"({"document": {"id": "s"}, "question": {"text": "q"}, "answers": []})", read_narrativeqa), Contains("field answers: no answer"));
}

TEST_CASE("GovReport is read flat and from sections within sections", "[cpu][sources]") {
  const auto flat = all<Report>(source(kGolden + "govreport"), read_govreport);
  REQUIRE(flat.size() == 5);
  REQUIRE(flat[4].text.starts_with("Report 4. The agency"));
  REQUIRE(flat[4].summary == "Summary 4.");
  REQUIRE(flat[4].id == "5");

  const TestFolder folder;
  folder.file("gao_train.jsonl", R"({"id": "G-1", "report": [{"section_title": "Letter", "paragraphs": [], "subsections": [{"section_title": "Background", "paragraphs": ["One.", "Two."], "subsections": []}]}, {"section_title": "Results", "paragraphs": ["Three."], "subsections": []}], "highlight": [{"section_title": "Why", "paragraphs": ["Because."]}, {"section_title": "What GAO Recommends", "paragraphs": ["Do it."]}, {"section_title": "What", "paragraphs": ["This.", "That."]}]})");
  folder.file("crs_train.jsonl", R"({"id": "R1", "title": "T", "reports": {"section_title": "", "paragraphs": ["Zero."], "subsections": [{"section_title": "Inner", "paragraphs": ["One."], "subsections": []}]}, "summary": ["A.", "B."]})");
  folder.file("gao_valid.jsonl", "broken");
  const auto nested = all<Report>(source(folder.path), read_govreport);
  REQUIRE(nested.size() == 2);
  REQUIRE(nested[0].id == "crs-R1");
  REQUIRE(nested[0].text == "Zero.\nInner\nOne.");
  REQUIRE(nested[0].summary == "A.\nB.");
  REQUIRE(nested[1].id == "gao-G-1");
  REQUIRE(nested[1].text == "Background\nOne.\nTwo.\nResults\nThree.");
  REQUIRE(nested[1].summary == "Because.\nThis.\nThat.");

  REQUIRE_THAT(refusal<Report>("train.jsonl", R"({"id": "x", "reports": {"section_title": "t", "paragraphs": "p"}, "summary": []})", read_govreport), Contains("field paragraphs: expected a list, found string"));
  REQUIRE_THAT(refusal<Report>("train.jsonl", R"({"report": "x", "summary": ""})", read_govreport), Contains("a report or a summary that is empty"));
}

TEST_CASE("QMSum gives a meeting with all its queries", "[cpu][sources]") {
  const TestFolder folder;
  folder.file("train.jsonl", R"({"topic_list": [], "general_query_list": [{"query": "Summarize", "answer": "All."}], "specific_query_list": [{"query": "What of X?", "answer": "Little.", "relevant_text_span": [["1", "2"]]}], "meeting_transcripts": [{"speaker": "A", "content": "Hi {vocalsound} ."}, {"speaker": "B", "content": "Bye ."}]})");
  folder.file("test.jsonl", "not read");
  const auto meetings = all<Meeting>(source(folder.path), read_qmsum);
  REQUIRE(meetings.size() == 1);
  REQUIRE(meetings[0].transcript == "A: Hi {vocalsound} .\nB: Bye .");
  REQUIRE(meetings[0].queries.size() == 2);
  REQUIRE(meetings[0].queries[1].query == "What of X?");
  REQUIRE(meetings[0].queries[1].answer == "Little.");
  REQUIRE_THAT(refusal<Meeting>("train.jsonl", R"({"meeting_transcripts": [{"speaker": "A"}]})", read_qmsum), Contains("field content is missing; there are: speaker"));
  REQUIRE_THAT(refusal<Meeting>("train.jsonl", R"({"meeting_transcripts": [], "general_query_list": [], "specific_query_list": []})", read_qmsum), Contains("field meeting_transcripts: empty"));
}

TEST_CASE("the real QMSum has the meetings and the pairs that it should", "[cpu][sources]") {
  const char* fixtures = std::getenv("SMOOTH_FIXTURES");
  if (fixtures == nullptr) {
    std::cout << "SKIPPED: SMOOTH_FIXTURES is not set\n";
    return;
  }
  const auto meetings = all<Meeting>(source(std::string(fixtures) + "/raw/qmsum"), read_qmsum);
  size_t pairs = 0;
  double tokens = 0;
  for (const Meeting& meeting : meetings) {
    pairs += meeting.queries.size();
    tokens += static_cast<double>(estimated_tokens(meeting.transcript));
  }
  REQUIRE(meetings.size() == 162);
  REQUIRE(pairs == 1257);
  REQUIRE(tokens / 162 > 14000);
  REQUIRE(tokens / 162 < 16000);
}

TEST_CASE("TREC's 50 types, its questions and its stray byte", "[cpu][sources]") {
  REQUIRE(trec_types().size() == 50);
  REQUIRE(trec_types()[0] == "Abbreviation");
  REQUIRE(trec_types()[44] == "Lasting time of somethin");
  REQUIRE(trec_types()[49] == "Weight");
  const TestFolder folder;
  folder.file("train_5500.label", "NUM:dist How far is it from Denver to Aspen ?\nHUM:gr What \xf0 band ?\nNUM:period How long ?\n");
  folder.file("TREC_10.label", "broken");
  const auto questions = all<TypedQuestion>(source(folder.path), read_trec);
  REQUIRE(questions.size() == 3);
  REQUIRE(questions[0].question == "How far is it from Denver to Aspen ?");
  REQUIRE(questions[0].type == "Distance, linear measure");
  REQUIRE(questions[1].question == "What   band ?");
  REQUIRE(questions[1].type == "Group or organization of person");
  REQUIRE(questions[2].type == trec_types()[44]);
  REQUIRE(refusal<TypedQuestion>("x.label", "NUM:far How far ?", read_trec) == "x.label: row 1: expected COARSE:fine and a question, found type \"NUM:far\"");
  REQUIRE_THAT(refusal<TypedQuestion>("x.label", "NUM:dist  ", read_trec), Contains("no question behind its type"));
  REQUIRE_THAT(refusal<TypedQuestion>("x.label", "NUM:dist", read_trec), Contains("no question behind its type"));
}

TEST_CASE("TriviaQA's parquet, and its original JSON with the texts beside", "[cpu][sources]") {
  const auto parquet = all<TriviaQuestion>(source(kGolden + "triviaqa"), read_triviaqa);
  REQUIRE(parquet.size() == 6);
  REQUIRE(parquet[2].id == "tq_2");
  REQUIRE(parquet[2].answer == "Castle 2");
  REQUIRE(parquet[2].aliases == std::vector<std::string>{"Castle 2", "The castle 2"});
  REQUIRE(parquet[2].passages.size() == 2);
  REQUIRE(parquet[2].passages[0].title == "Hill 2");
  REQUIRE(parquet[2].passages[1].text.starts_with("Castle 2 was seen."));
  REQUIRE(parquet[5].passages.size() == 1);

  const TestFolder folder;
  const std::string answer = R"("Answer": {"Value": "V", "Aliases": ["V", "W"], "NormalizedAliases": ["v"]})";
  folder.file("qa/wikipedia-train.json", R"({"Data": [{)" + answer + R"(, "Question": "Q?", "QuestionId": "t1", "EntityPages": [{"Filename": "Train.txt", "Title": "Train"}, {"Filename": "gone.txt", "Title": "Gone"}], "SearchResults": [{"Filename": "7/7_1.txt", "Title": "Web"}]}], "Domain": "Wikipedia"})");
  folder.file("qa/wikipedia-dev.json", "broken");
  folder.file("evidence/wikipedia/Train.txt", "V runs on rails \xff.");
  folder.file("evidence/web/7/7_1.txt", "V again.");
  const auto json = all<TriviaQuestion>(source(folder.path), read_triviaqa);
  REQUIRE(json.size() == 1);
  REQUIRE(json[0].id == "t1");
  REQUIRE(json[0].aliases == std::vector<std::string>{"V", "W"});
  REQUIRE(json[0].passages.size() == 2);
  REQUIRE(json[0].passages[0].text == "V runs on rails \xef\xbf\xbd.");
  REQUIRE(json[0].passages[1].text == "V again.");

  const auto refused = [&](const std::string& pages) { return refusal<TriviaQuestion>("train.json", R"({"Data": [{)" + answer + R"(, "Question": "Q?", "QuestionId": "t1")" + pages + "}]}", read_triviaqa); };
  REQUIRE_THAT(refused(""), Contains("train.json: row 1: no passages"));
  REQUIRE_THAT(refused(R"(, "EntityPages": [{"Filename": "a.txt", "Title": "A"}])"), Contains("none of its texts is there, not even ") && Contains("evidence/wikipedia/a.txt"));
  REQUIRE_THAT(refused(R"(, "EntityPages": [{"Filename": "../../a.txt", "Title": "A"}])"), Contains("leads out of evidence/"));
}

TEST_CASE("SAMSum is read from csv and from JSON", "[cpu][sources]") {
  const TestFolder folder;
  folder.file("csv/train.csv", "id,dialogue,summary\r\n1,\"A: hi\r\nB: \"\"yo\"\"\",They greet.\r\n");
  folder.file("csv/validation.csv", "x");
  folder.file("json/train.json", R"([{"id": "1", "summary": "They greet.", "dialogue": "A: hi\r\nB: \"yo\""}])");
  folder.file("json/val.json", "x");
  for (const char* form : {"csv", "json"}) {
    const auto dialogues = all<Dialogue>(source(folder.path / form), read_samsum);
    REQUIRE(dialogues.size() == 1);
    REQUIRE(dialogues[0].dialogue == "A: hi\r\nB: \"yo\"");
    REQUIRE(dialogues[0].summary == "They greet.");
    REQUIRE(dialogues[0].id == "1");
  }
  REQUIRE_THAT(refusal<Dialogue>("train.csv", "id,dialogue,summary\n1,,x\n", read_samsum), Contains("row 1: a dialogue or a summary that is empty"));
  REQUIRE_THAT(refusal<Dialogue>("train.csv", "id,dialog,summary\n1,,x\n", read_samsum), Contains("columns are missing: dialogue"));
}

TEST_CASE("WikiSum is articles with summaries, or any passages", "[cpu][sources]") {
  const auto articles = all<WikiPassage>(source(kGolden + "wikisum"), read_wikisum);
  REQUIRE(articles.size() == 40);
  REQUIRE(articles[7].title == "How to do 7");
  REQUIRE(articles[7].summary == "Do 7 step by step.");
  REQUIRE(articles[7].text.starts_with("Step 0 of 7"));
  const TestFolder folder;
  const std::vector<std::pair<std::string, std::string>> forms = {
      {"a.jsonl", "{\"title\": \"T\", \"text\": \"Words.\"}\n"}, {"a.json", R"([{"title": "T", "text": "Words.", "summary": null}])"}, {"a.csv", "text,title\nWords.,T\n"}};
  for (const auto& [name, text] : forms) {
    const auto passages = all<WikiPassage>(source(folder.file(name, text)), read_wikisum);
    REQUIRE(passages.size() == 1);
    REQUIRE(passages[0].title == "T");
    REQUIRE(passages[0].text == "Words.");
    REQUIRE(passages[0].summary.empty());
  }
  REQUIRE_THAT(refusal<WikiPassage>("a.jsonl", "{\"title\": \"T\"}", read_wikisum), Contains("neither a field article nor a field text"));
}

TEST_CASE("LCC's language is told by its path", "[cpu][sources]") {
  const auto code = all<CodeContext>(source(kGolden + "lcc"), read_lcc);
  REQUIRE(code.size() == 18);
  std::string languages;
  for (const CodeContext& context : code) languages += context.language + " ";
  REQUIRE_THAT(languages, Contains("csharp csharp java") && Contains("java java python"));
  REQUIRE(code[17].context.starts_with("# python 5\nvalue_5 = compute(5)\n"));
  REQUIRE(code[17].next_line == "return value_5");
  REQUIRE_THAT(refusal<CodeContext>("train.jsonl", R"({"context": "x", "gt": " "})", read_lcc), Contains("no code, or no next line"));
}

TEST_CASE("training files are those that no name calls something else", "[cpu][sources]") {
  const auto names = [](const std::vector<std::string>& files) {
    const TestFolder folder;
    for (const std::string& file : files) folder.file(file, "x");
    std::string found;
    for (const auto& path : training_files(folder.path)) found += folder.short_form(path.string()) + " ";
    return found;
  };
  REQUIRE(names({"b.jsonl", "a.parquet", "README.md", "c/d.csv"}) == "a.parquet b.jsonl c/d.csv ");
  REQUIRE(names({"train-0.parquet", "validation-0.parquet", "test-0.parquet", "extra.jsonl"}) == "train-0.parquet ");
  REQUIRE(names({"rc/train/0000.parquet", "rc/test/0000.parquet", "rc/validation/0000.parquet"}) == "rc/train/0000.parquet ");
  REQUIRE(names({"hotpot_train_v1.1.json", "hotpot_dev_distractor_v1.json", "train_5500.label", "TREC_10.label"}) == "hotpot_train_v1.1.json train_5500.label ");
  REQUIRE(names({"latest/testimony.txt"}) == "latest/testimony.txt ");  // words, not parts of words
  REQUIRE(names({"qa/web-train.json", "evidence/train.txt"}) == "qa/web-train.json ");
  REQUIRE_THAT(message_of<std::runtime_error>([&] { names({"test.jsonl", "Val.csv", "x.zip"}); }), Contains("no training files in it") && Contains("data fetch"));

  const TestFolder folder;
  REQUIRE_THAT(message_of<std::runtime_error>([&] { training_files(folder.file("gao_test.jsonl", "")); }), Contains("by its name this is no training split"));
  REQUIRE_THAT(message_of<std::runtime_error>([&] { training_files(folder.path / "none"); }), Contains("there is no such file or folder"));
  REQUIRE_THAT(message_of<std::runtime_error>([&] { all<Dialogue>(source(folder.file("train.csv", "id,dialogue,summary\n")), read_samsum); }), Contains("no good row in 1 file; they are empty"));
}

TEST_CASE("bad rows are skipped and counted over all files of a set", "[cpu][sources]") {
  const TestFolder folder;
  folder.file("train-0.csv", "id,dialogue,summary\n1,a,b\n2,a\n3,a,b\n");
  folder.file("train-1.csv", "id,dialogue,summary\n4,a,b\n5,\"a");
  RawSet set(source(folder.path, "skip"));
  std::string ids;
  read_samsum(set, [&](Dialogue& dialogue) {
    ids += dialogue.id;
    return true;
  });
  REQUIRE(ids == "134");
  REQUIRE(set.good_rows() == 3);
  REQUIRE(set.bad_rows().count() == 2);
  REQUIRE(folder.short_form(set.bad_rows().first()) == "train-0.csv: row 2: 2 fields where the header has 3");
  RawSet strict(source(folder.path));
  REQUIRE(folder.short_form(message_of<std::runtime_error>([&] { read_samsum(strict, [](Dialogue&) { return true; }); })) == "train-0.csv: row 2: 2 fields where the header has 3");
}

TEST_CASE("where a raw set lies is read from YAML and checked", "[cpu][sources]") {
  const TestFolder folder;
  const auto read = [&](const std::string& text) { return read_config<SourceConfig>(read_document(folder.file("a.yaml", text))); };
  const SourceConfig config = read("path: " + folder.path.string() + "\nbad_rows: skip\nmax_field_mb: 2\nmean_tokens: 100\nmax_tokens: 200\nspool: x");
  REQUIRE(config.path == folder.path.string());
  REQUIRE(config.bad_rows == "skip");
  REQUIRE(config.max_field_mb == 2);
  REQUIRE(config.mean_tokens == 100);
  REQUIRE(config.max_tokens == 200);
  REQUIRE(config.spool == "x");
  const auto mistake = [&](const std::string& text) { return message_of<ConfigError>([&] { read("path: " + folder.path.string() + "\n" + text); }); };
  REQUIRE_THAT(mistake("mean_tokens: 40000"), Contains("mean_tokens: is larger than max_tokens"));
  REQUIRE_THAT(mistake("bad_rows: ignore"), Contains("bad_rows"));
  REQUIRE_THAT(mistake("max_field_mb: 0"), Contains("max_field_mb"));
  REQUIRE_THAT(message_of<ConfigError>([&] { read("bad_rows: skip"); }), Contains("path"));
}

TEST_CASE("max_field_mb bounds a field", "[cpu][sources]") {
  const TestFolder folder;
  SourceConfig config = source(folder.file("train.csv", "id,dialogue,summary\n1," + std::string((2 << 20) + 1, 'x') + ",y\n"));
  REQUIRE(all<Dialogue>(config, read_samsum).size() == 1);
  config.max_field_mb = 2;
  REQUIRE_THAT(message_of<std::runtime_error>([&] { all<Dialogue>(config, read_samsum); }), Contains("row 1: field dialogue: 2097153 bytes, more than the 2097152"));
}
