// Tasks made of raw sets: LongBench's layouts, lengths that are the row's, and that each is a function of seed and index.
#include "data/tasks/tasks.h"

#include <catch2/catch.hpp>

#include <cmath>
#include <cstdlib>
#include <iostream>
#include <map>
#include <regex>
#include <set>

#include "data/chunker.h"
#include "data/reading.h"
#include "data/sources/sets.h"
#include "data/tasks/draw.h"
#include "data/tasks/shelf.h"
#include "tests/configs/folder.h"

using namespace smooth;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

const std::string kGolden = "tests/golden/parquet/";

SourceConfig source(const std::string& path, int64_t mean = 0) {
  SourceConfig config;
  config.path = path;
  config.mean_tokens = mean;
  return config;
}

std::unique_ptr<const Tasks> load(const std::string& row, const std::string& path, int64_t mean = 0) { return load_tasks(row, source(path, mean)); }

std::string text_of(const Task& task) {
  std::string text = task.id + "|" + task.context + "|" + task.question;
  for (const std::string& answer : task.answers) text += "|" + answer;
  return text;
}

int64_t count(const std::string& text, const std::string& part) {
  int64_t found = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

// What holds of every row; gives back the mean length.
double check_row(const Tasks& tasks, const std::string& row, int64_t samples) {
  std::set<std::string> ids;
  double length = 0;
  for (int64_t i = 0; i < samples; ++i) {
    const Task task = tasks.task(7, i);
    REQUIRE(ids.insert(task.id).second);
    REQUIRE(task.row == row);
    REQUIRE_THAT(task.id, StartsWith(row + "-"));
    REQUIRE(!task.instruction.empty());
    REQUIRE(!task.subject.empty());
    REQUIRE(!task.answers.empty());
    REQUIRE(task.length == estimated_tokens(task.context));
    REQUIRE(text_of(tasks.task(7, i)) == text_of(task));
    length += static_cast<double>(task.length) / static_cast<double>(samples);
  }
  bool differs = false;
  for (int64_t i = 0; i < std::min<int64_t>(samples, 5); ++i) differs = differs || text_of(tasks.task(8, i)) != text_of(tasks.task(7, i));
  REQUIRE((differs || samples == 1));
  return length;
}

std::string words(int64_t n, const std::string& seed) {
  std::string text;
  for (int64_t i = 0; i < n; ++i) text += (i ? " w" : "w") + seed + std::to_string(i % 97);
  return text;
}

// A HotpotQA of so many questions, ten paragraphs of 40 words each.
std::string hotpot(int64_t questions) {
  nlohmann::json all = nlohmann::json::array();
  for (int64_t q = 0; q < questions; ++q) {
    nlohmann::json context = nlohmann::json::array();
    for (int64_t p = 0; p < 10; ++p) context.push_back({"T" + std::to_string(q) + "." + std::to_string(p), nlohmann::json::array({words(40, std::to_string(q))})});
    all.push_back({{"_id", std::to_string(q)}, {"question", "Q" + std::to_string(q)}, {"answer", "A" + std::to_string(q)}, {"context", context}, {"supporting_facts", nlohmann::json::array({nlohmann::json::array({"T", 0})})}});
  }
  return all.dump();
}

}  // namespace

TEST_CASE("an order of its own for every seed, each number once", "[cpu][sources]") {
  for (const int64_t n : {1, 2, 3, 7, 64, 65, 1000}) {
    std::set<int64_t> seen;
    int64_t in_place = 0;
    for (int64_t i = 0; i < n; ++i) {
      const int64_t at = shuffled(5, i, n);
      REQUIRE((at >= 0 && at < n));
      seen.insert(at);
      in_place += at == i;
    }
    REQUIRE(static_cast<int64_t>(seen.size()) == n);
    if (n == 1000) REQUIRE(in_place < 20);
  }
  REQUIRE(shuffled(5, 17, 1000) != shuffled(6, 17, 1000));
  // Every place is as likely for the first as any other.
  std::vector<int> places(5);
  for (uint64_t seed = 0; seed < 5000; ++seed) ++places[static_cast<size_t>(shuffled(seed, 0, 5))];
  for (const int times : places) REQUIRE(std::abs(times - 1000) < 150);
  REQUIRE_THROWS(shuffled(1, 3, 3));
}

TEST_CASE("texts are thinned out to a mean length, and only where there is need", "[cpu][sources]") {
  std::vector<int64_t> lengths;
  for (int64_t i = 0; i < 20000; ++i) lengths.push_back(100 + (i * 7919) % 900);  // mean 550
  const auto mean_of = [&](const std::vector<bool>& kept, int64_t& number) {
    double sum = 0;
    number = 0;
    for (size_t i = 0; i < lengths.size(); ++i) {
      if (!kept[i]) continue;
      sum += static_cast<double>(lengths[i]);
      ++number;
    }
    return sum / static_cast<double>(number);
  };
  int64_t number = 0;
  for (const int64_t mean : {250, 500, 549, 700, 850}) {
    REQUIRE(std::fabs(mean_of(thin_to_mean(lengths, mean), number) - static_cast<double>(mean)) < 15);
    REQUIRE(number > 1000);
  }
  mean_of(thin_to_mean(lengths, 549), number);
  REQUIRE(number > 19000);
  mean_of(thin_to_mean(lengths, 100000), number);
  REQUIRE(number == 20000);
  mean_of(thin_to_mean(lengths, 50), number);
  REQUIRE(number == 20000);
  REQUIRE(thin_to_mean({}, 5).empty());
}

TEST_CASE("a shelf gives back what was put on it, from memory and from disk", "[cpu][sources]") {
  const TestFolder folder;
  Shelf shelf((folder.path / "spool").string());
  const std::string big(700000, 'x');
  for (int i = 0; i < 5; ++i) REQUIRE(shelf.add({std::to_string(i), "", big}) == i);
  shelf.add({});
  REQUIRE(shelf.size() == 6);
  for (int i = 0; i < 5; ++i) REQUIRE(shelf.texts(i) == std::vector<std::string>{std::to_string(i), "", big});
  REQUIRE(shelf.texts(5).empty());
  REQUIRE_THROWS(shelf.texts(6));
  REQUIRE(std::filesystem::is_empty(folder.path / "spool"));
  REQUIRE_THAT(message_of<std::runtime_error>([&] { Shelf(folder.file("a", "x") + "/b"); }), Contains("cannot create a temporary file in") && Contains("`spool`"));
}

TEST_CASE("HotpotQA: passages are numbered, shuffled and extended to the wished length", "[cpu][sources]") {
  const TestFolder folder;
  const auto tasks = load("hotpotqa", folder.file("train.json", hotpot(60)), 4000);
  REQUIRE(tasks->size() == 60);
  const double mean = check_row(*tasks, "hotpotqa", 60);
  REQUIRE(std::fabs(mean - 4000) < 300);
  std::set<std::string> first;
  int64_t shortest = 100000, longest = 0;
  for (int64_t i = 0; i < 60; ++i) {
    const Task task = tasks->task(7, i);
    const std::string own = task.question.substr(1);
    REQUIRE(task.answers == std::vector<std::string>{"A" + own});
    REQUIRE(task.early_stop);
    REQUIRE(task.metric == "qa_f1");
    REQUIRE_THAT(task.context, StartsWith("Passage 1:\nT"));
    const int64_t passages = count(task.context, "Passage ");
    for (int64_t p = 1; p <= passages; ++p) REQUIRE(count(task.context, (p > 1 ? "\nPassage " : "Passage ") + std::to_string(p) + ":\nT") == 1);
    std::set<std::string> titles;
    for (int64_t p = 0; p < 10; ++p) REQUIRE(count(task.context, ":\nT" + own + "." + std::to_string(p) + "\n") == 1);
    first.insert(task.context.substr(0, task.context.find('.')));
    shortest = std::min(shortest, task.length);
    longest = std::max(longest, task.length);
  }
  REQUIRE(first.size() > 20);  // it is not always the question's own paragraph that comes first
  REQUIRE(shortest < 2600);
  REQUIRE(longest > 5400);
  REQUIRE_THAT(message_of<std::runtime_error>([&] { tasks->task(7, 60); }), Contains("hotpotqa: task 61 was asked for, 60 can be made of") && Contains("samples"));
  REQUIRE_THROWS(tasks->task(7, -1));
  // A set with too few paragraphs gives what it has.
  const Task small = load("hotpotqa", kGolden + "hotpotqa")->task(1, 0);
  REQUIRE(count(small.context, "Passage ") == 70);
}

TEST_CASE("the paper's lengths are what drawn contexts have", "[cpu][sources]") {
  const TestFolder folder;
  std::string trec, samsum = "id,dialogue,summary\n";
  for (int i = 0; i < 3000; ++i) trec += "NUM:dist " + words(8, std::to_string(i)) + " ?\n";
  for (int i = 0; i < 600; ++i) samsum += std::to_string(i) + ",\"A: " + words(90, std::to_string(i)) + "\r\nB: yes\"," + words(20, "s") + "\n";
  const auto near_mean = [&](const std::string& row, const std::string& file, double paper) {
    const double mean = check_row(*load(row, file), row, 150);
    INFO(row << ": " << mean << " beside " << paper);
    REQUIRE(std::fabs(mean / paper - 1) < 0.08);
  };
  near_mean("hotpotqa", folder.file("train.json", hotpot(300)), 2 * 4249 * 0.965);
  near_mean("trec", folder.file("train.label", trec), 7759);
  near_mean("samsum", folder.file("train.csv", samsum), 12100);
}

TEST_CASE("documents are whole, each question has its own, and too long ones are left out", "[cpu][sources]") {
  const TestFolder folder;
  const auto stories = load("narrativeqa", kGolden + "narrativeqa");
  REQUIRE(stories->size() == 5);
  check_row(*stories, "narrativeqa", 5);
  for (int64_t i = 0; i < 5; ++i) {
    const Task task = stories->task(7, i);
    REQUIRE(task.early_stop);
    REQUIRE(task.answers.size() == 2);
    REQUIRE_THAT(task.context, StartsWith(task.question.find("s1") != std::string::npos ? "Chapter one." : "\nINT. MILL"));
  }
  SourceConfig config = source(kGolden + "narrativeqa");
  config.max_tokens = 64;
  const auto scripts = load_tasks("narrativeqa", config);
  REQUIRE(scripts->size() == 5);
  std::string reports;
  for (int i = 0; i < 400; ++i) reports += R"({"report": ")" + words(100 + i, "r") + R"(", "summary": ")" + std::to_string(i) + "\"}\n";
  config = source(folder.file("train.jsonl", reports), 400);
  config.max_tokens = 600;
  const auto chosen = load_tasks("govreport", config);
  REQUIRE(chosen->counts().rows == 400);
  REQUIRE(chosen->counts().left_out == 400 - chosen->size());
  REQUIRE(chosen->size() > 100);
  REQUIRE(std::fabs(check_row(*chosen, "govreport", chosen->size()) - 400) < 25);
  for (int64_t i = 0; i < chosen->size(); ++i) {
    const Task task = chosen->task(7, i);
    REQUIRE(task.question.empty());
    REQUIRE(task.length == (100 + std::stoi(task.answers[0])) * 3 / 2);
    REQUIRE(task.length <= 600);
  }
}

TEST_CASE("code ends with its line, in all three languages", "[cpu][sources]") {
  const auto code = load("lcc", kGolden + "lcc");
  REQUIRE(code->size() == 18);
  check_row(*code, "lcc", 18);
  const Task task = code->task(7, 0);
  REQUIRE(task.context.ends_with(")\n"));
  REQUIRE(task.question.empty());
  REQUIRE_THAT(task.answers[0], StartsWith("return value_"));
  REQUIRE(task.metric == "code_sim");
  REQUIRE_FALSE(task.early_stop);
}

TEST_CASE("shots of TREC", "[cpu][sources]") {
  const TestFolder folder;
  const auto tasks = load("trec", folder.file("train_5500.label", "NUM:dist How far ?\nHUM:ind Who ?\nLOC:city Where ?\n"));
  REQUIRE(tasks->size() == 3);
  check_row(*tasks, "trec", 3);
  std::set<std::string> contexts;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const Task task = tasks->task(seed, 0);
    if (task.question == "Question: Who ?\nType:") contexts.insert(task.context);
  }
  REQUIRE(contexts == std::set<std::string>{"Question: How far ?\nType: Distance, linear measure\nQuestion: Where ?\nType: City",
                                            "Question: Where ?\nType: City\nQuestion: How far ?\nType: Distance, linear measure"});
  REQUIRE(tasks->task(1, 0).classes == trec_types());
  REQUIRE(tasks->task(1, 0).metric == "classification");
}

TEST_CASE("shots of TriviaQA: the part of a page that holds the answer", "[cpu][sources]") {
  const auto tasks = load("triviaqa", kGolden + "triviaqa");
  REQUIRE(tasks->size() == 6);
  check_row(*tasks, "triviaqa", 6);
  const Task task = tasks->task(3, 0);
  const std::string i = task.answers[0].substr(7);
  REQUIRE(task.answers == std::vector<std::string>{"Castle " + i, "The castle " + i});
  REQUIRE_THAT(task.question, StartsWith(i == "5" ? "Passage:\nWeb 5\n" : "Passage:\nHill " + i + "\nThe " + i + "th hill is high."));
  REQUIRE(task.question.ends_with(".\nQuestion:\nWhat stands on hill " + i + "?\nAnswer:\n"));
  REQUIRE(count(task.context, "Passage:\n") == 5);
  REQUIRE(std::regex_search(task.context, std::regex(R"(\.\nQuestion:\nWhat stands on hill (\d)\?\nAnswer:\nCastle \1\nPassage:\n)")));
  REQUIRE(task.context.ends_with("\n"));
  REQUIRE(count(task.context, "hill " + i + "?") == 0);  // never the question itself

  const TestFolder folder;
  folder.file("qa/web-train.json", R"({"Data": [{"Question": "Q", "QuestionId": "1", "Answer": {"Value": "Zed", "Aliases": []}, "SearchResults": [{"Filename": "a.txt", "Title": "T"}]},
    {"Question": "R", "QuestionId": "2", "Answer": {"Value": "Nowhere", "Aliases": [""]}, "SearchResults": [{"Filename": "a.txt", "Title": "T"}]}]})");
  folder.file("evidence/web/a.txt", words(3000, "x") + ".\n\n" + words(500, "y") + " zed " + words(400, "z"));
  const auto one = load("triviaqa", folder.path);
  REQUIRE(one->size() == 1);
  REQUIRE(one->counts().left_out == 1);
  REQUIRE(one->task(1, 0).answers == std::vector<std::string>{"Zed"});
  REQUIRE_THAT(one->task(1, 0).question, StartsWith("Passage:\nT\nwy0 wy1") && Contains(" zed "));
}

TEST_CASE("shots of SAMSum", "[cpu][sources]") {
  const TestFolder folder;
  const auto tasks = load("samsum", folder.file("train.csv", "id,dialogue,summary\n1,\"A: hi\r\nB: yo\",They greet.\n2,C: bye,C leaves.\n"));
  const Task first = tasks->task(1, 0), second = tasks->task(1, 1);
  const Task& task = first.question.starts_with("Dialogue: C") ? first : second;
  REQUIRE(task.question == "Dialogue: C: bye\nSummary: ");
  REQUIRE(task.context == "Dialogue: A: hi\r\nB: yo\nSummary: They greet.\n");
  REQUIRE(task.answers == std::vector<std::string>{"C leaves."});
}

TEST_CASE("passage retrieval: thirty paragraphs, one of them summarised", "[cpu][sources]") {
  const auto tasks = load("passage-retrieval", kGolden + "wikisum", 4000);
  REQUIRE(tasks->size() == 40);
  const double mean = check_row(*tasks, "passage-retrieval", 40);
  REQUIRE(mean > 3000);
  std::map<std::string, int> places;
  for (int64_t i = 0; i < 40; ++i) {
    const Task task = tasks->task(7, i);
    const std::string number = task.question.substr(3, task.question.find(" step") - 3);
    ++places[task.answers[0]];
    REQUIRE_THAT(task.context, Contains(task.answers[0] + ": Step 0 of " + number + " is done"));
    REQUIRE(count(task.context, "\n\nParagraph ") == 29);
    REQUIRE(count(task.context, ": Step 0 of " + number + " ") == 1);
    REQUIRE_THAT(task.context, StartsWith("Paragraph 1: "));
    REQUIRE(!task.context.ends_with("\n"));
    REQUIRE(task.early_stop);
  }
  REQUIRE(places.size() > 12);
  const TestFolder folder;
  REQUIRE_THAT(message_of<std::runtime_error>([&] { load("passage-retrieval", folder.file("a.jsonl", "{\"text\": \"" + words(20, "x") + "\"}\n")); }), Contains("needs at least 30 passages that have a summary, of 12 words or more; there are 0"));
}

TEST_CASE("passage count: some paragraphs again, and where each can be told", "[cpu][sources]") {
  const TestFolder folder;
  std::string passages;
  for (int i = 0; i < 200; ++i) passages += std::string(R"({"title": "t", "text": ")") + (i % 4 ? "The same; first words are here " : "Other words ") + words(10, "k" + std::to_string(i)) + " " + words(150 + i, "n") + "\"}\n";
  const auto tasks = load("passage-count", folder.file("a.jsonl", passages));
  const double mean = check_row(*tasks, "passage-count", 60);
  INFO(mean);
  REQUIRE(std::fabs(mean / 15777 - 1) < 0.06);
  std::set<std::string> answers;
  for (int64_t i = 0; i < 60; ++i) {
    const Task task = tasks->task(7, i);
    std::set<std::string> subjects, bodies;
    REQUIRE(static_cast<int64_t>(task.evidence.size()) == count(task.context, "Paragraph "));
    int64_t number = 0, end = 0;
    for (const Evidence& item : task.evidence) {
      REQUIRE(item.value == std::to_string(++number));
      REQUIRE(item.begin >= end);
      end = item.end;
      REQUIRE_THAT(task.context.substr(item.begin), StartsWith("Paragraph " + item.value + ": "));
      REQUIRE(count(item.subject, ";") == 0);
      subjects.insert(item.subject);
      const size_t body = item.begin + task.context.substr(item.begin).find(": ") + 2;
      bodies.insert(task.context.substr(body, task.context.find("\n\n", body) - body));
    }
    REQUIRE(subjects.size() == bodies.size());
    REQUIRE(task.answers == std::vector<std::string>{std::to_string(bodies.size())});
    REQUIRE(task.question.empty());
    REQUIRE_FALSE(task.early_stop);
    answers.insert(task.answers[0]);
  }
  REQUIRE(answers.size() > 20);
  std::string alike;
  for (int i = 0; i < 60; ++i) alike += R"({"text": ")" + words(200, "x") + " " + std::to_string(i) + "\"}\n";
  const auto none = load("passage-count", folder.file("c.jsonl", alike));
  REQUIRE_THAT(message_of<std::runtime_error>([&] { none->task(1, 0); }), Contains("too many passages begin alike"));
  REQUIRE_THAT(message_of<std::runtime_error>([&] { load("passage-count", folder.file("b.jsonl", "{\"text\": \"too short\"}\n")); }), Contains("needs at least 46 passages of 12 words or more; there are 0"));
}

TEST_CASE("rows that are made of no raw set are named", "[cpu][sources]") {
  REQUIRE_THAT(message_of<std::runtime_error>([] { load("niah-a", "."); }), Contains("row \"niah-a\" is made of no raw set; those that are: hotpotqa, narrativeqa"));
  REQUIRE(task_rows().size() == 10);
}

TEST_CASE("QMSum's tasks from the real set", "[cpu][sources]") {
  const char* fixtures = std::getenv("SMOOTH_FIXTURES");
  if (fixtures == nullptr) {
    std::cout << "SKIPPED: SMOOTH_FIXTURES is not set\n";
    return;
  }
  const auto tasks = load("qmsum", std::string(fixtures) + "/raw/qmsum");
  REQUIRE(tasks->counts().rows == 162);
  REQUIRE(tasks->counts().bad == 0);
  REQUIRE(tasks->size() + tasks->counts().left_out == 1257);
  REQUIRE(tasks->size() > 1100);
  const double mean = check_row(*tasks, "qmsum", tasks->size());
  INFO(mean);
  REQUIRE(std::fabs(mean / 15245 - 1) < 0.05);
  // Each is read to its end in chunks that are the context.
  const Task task = tasks->task(1, 0);
  Reading reading(task, {.mode = Mode::kSmooth, .chunk = 512, .early_stop = false});
  std::string read;
  while (const auto turn = reading.next()) {
    read += task.context.substr(turn->begin, turn->end - turn->begin);
    reading.wrote(format({.target = task.subject, .clues = {"c"}, .reason = "r", .stop = turn->last, .answer = turn->last ? "a" : ""}));
  }
  REQUIRE(read == task.context);
  REQUIRE(reading.transcript().answer == "a");
  REQUIRE(reading.transcript().exchanges.size() >= static_cast<size_t>(task.length / 512));
}
