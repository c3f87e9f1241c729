#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "configs/run.h"
#include "data/reading.h"
#include "eval/report/annotate.h"
#include "eval/report/figures.h"
#include "eval/report/page.h"
#include "eval/report/report.h"
#include "eval/report/training.h"
#include "eval/report/runs.h"
#include "eval/report/table.h"

using namespace smooth;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;
namespace fs = std::filesystem;

namespace {

struct Folder {
  fs::path path = fs::temp_directory_path() / ("smooth-report-" + std::to_string(::getpid()));
  Folder() { fs::create_directories(path); }
  ~Folder() { fs::remove_all(path); }
  std::string operator/(const std::string& name) const { return (path / name).string(); }
};

Cell cell(const std::string& mode, int64_t length, double score) {
  Cell out{.model = "swa-" + mode,
           .architecture = "qwen2",
           .mode = mode,
           .benchmark = "niah",
           .dataset = "sentences",
           .length = length,
           .window = 128,
           .chunk = {},
           .early_stop = {}};
  out.n = 100;
  out.score = score;
  const Interval interval = wilson(score, 100);
  out.ci_low = interval.low;
  out.ci_high = interval.high;
  out.seconds = 1;
  out.context_tokens = 100 * length;
  out.peak_bytes = out.state_bytes = 4096;
  if (mode == "sr") out.chunk = 64, out.early_stop = false;
  return out;
}

std::vector<Cell> cells() {
  return {cell("os", 512, 26), cell("os", 1024, 12), cell("sr", 512, 98), cell("sr", 1024, 100)};
}

// Four chunks with the needle in the second; `clue` is what the model writes down.
Transcript reading(const std::string& id, const std::string& clue) {
  Transcript t{.id = id,
               .row = "niah",
               .mode = "sr",
               .chunk = 64,
               .early_stop = false,
               .exchanges = {},
               .answer = "It is: " + clue + ".",
               .answers = {"4821"},
               .length = 1024};
  for (int i = 0; i < 4; ++i) {
    Exchange e;
    e.forget = i == 0;
    e.given = i == 0 ? "Memorize the numbers.\nWhat is the number for otter?\nRain fell."
                     : "Rain fell & fell.";
    if (i == 1)
      e.given +=
          " One of the special magic numbers for otter is: 4821. One of the special magic numbers "
          "for fox is: 77.";
    e.written =
        "Target: the number\nClues: otter is: " + (i > 0 ? clue : "unknown") + "\nReason: found\n";
    e.written += i == 3 ? "Answer: " + t.answer + "\n<STOP>" : "<CONTINUE>";
    e.given_tokens = 64;
    e.written_tokens = 20;
    t.exchanges.push_back(e);
  }
  return t;
}

const char* const kMetrics =
    "{\"step\":1,\"loss\":4.0,\"norm\":1,\"lr\":0.001,\"tokens\":10,\"targets\":5,\"seconds\":0.5}"
    "\n"
    "{\"step\":2,\"loss\":2.0,\"norm\":1,\"lr\":0.002,\"tokens\":10,\"targets\":5,\"seconds\":0.5}"
    "\n";

void make_runs(const Folder& folder) {
  write_file(folder / "quick/swa-sr/metrics.jsonl", kMetrics);
  write_file(folder / "quick/swa-sr/tokens/1234/manifest.json", "{}");  // no data set
  write_file(folder / "quick/swa-sr/config.yaml", "run: x\nseed: 7\n");
  write_file(folder / "quick/swa-sr/environment.json", "{\"cpu\": \"abacus <2>\"}");
  write_file(folder / "quick/eval/results.json", cells_to_json(cells()));
  write_file(folder / "quick/eval/config.yaml", "out: x\nseed: 42\ntraining_length: 512\n");
  write_file(folder / "quick/eval/environment.json", "{\"cpu\": \"abacus <2>\"}");
  write_file(folder / "quick/eval/traces/swa-sr.1024.jsonl",
             to_json(reading("a", "<script>alert(1)</script>")) + "\n" +
                 to_json(reading("b", "4821")) + "\n");
  write_file(folder / "quick/data/manifest.json", "{\"rows\": []}");
  write_file(folder / "quick/data/config.yaml", "out: x\n");
}

}  // namespace

TEST_CASE("the console's table is aligned", "[table]") {
  const std::string text = results_table(cells(), 512);
  CHECK_THAT(text, Contains("98.0 [93.0, 99.4]") && Contains("paper: SWA-4k-SR") &&
                       Contains("window ÷ length"));
  std::vector<std::string> lines;
  for (size_t begin = text.find("model "), end; begin < text.size(); begin = end + 1) {
    end = text.find('\n', begin);
    lines.push_back(text.substr(begin, end - begin));
  }
  REQUIRE(lines.size() == 7);  // head, rule, swa-os, paper, window, swa-sr, paper
  const auto column = [](const std::string& line, const std::string& part) {
    return display_width(line.substr(0, line.find(part) + part.size()));
  };
  CHECK(column(lines[0], "1×") == column(lines[2], "[18.4, 35.4]"));
  CHECK(column(lines[0], "1×") == column(lines[3], "11.6"));
  CHECK(column(lines[0], "1×") == column(lines[4], "25.0"));
  CHECK(column(lines[0], "2×") == column(lines[5], "[96.3, 100.0]"));
  for (const std::string& line : lines) CHECK(line.find_last_not_of(' ') + 1 == line.size());
  for (size_t begin = 0, end; begin < text.find("model "); begin = end + 1) {
    end = text.find('\n', begin);
    CHECK(display_width(text.substr(begin, end - begin)) <= 100);
  }
  CHECK_THAT(results_table(cells(), 0), Contains("512") && Contains("1k") && !Contains("paper:"));
}

TEST_CASE("a table in Markdown, CSV and HTML", "[table]") {
  Table table{"About `this`", {"name", "value"}, 1, {}};
  table.add({"a|b, \"c\"", {"1.0", "[<2>]"}});
  table.add({"theirs", "2"}, RowKind::kPaper);
  CHECK(to_csv(table) == "name,value\n\"a|b, \"\"c\"\"\",1.0\ntheirs,2\n");
  CHECK_THAT(to_markdown(table), Contains("| --- | ---: |") && Contains("a\\|b") &&
                                     Contains("1.0 [&lt;2>]") && Contains("*theirs*"));
  const std::string html = to_html(table);
  CHECK_THAT(html, Contains("<small>[&lt;2&gt;]</small>") && Contains("<tr class=\"paper\">") &&
                       Contains("<code>this</code>"));
  CHECK_THROWS_AS(table.add({"too", "many", "cells"}), std::invalid_argument);
}

TEST_CASE("needles and values are found and marked", "[annotate]") {
  const std::string needle = "One of the special magic numbers for otter is: 4821.";
  const auto marked = mark_needles(
      "Before. " + needle + " Between. One of the special magic numbers for fox is: 77. After.",
      {"4821"});
  REQUIRE(marked.size() == 5);
  CHECK(marked[1].text == needle);
  CHECK(marked[1].ink == Ink::kAsked);
  CHECK(marked[3].ink == Ink::kOther);
  CHECK(marked[4].text == " After.");
  const auto cut_short = mark_needles("x One of the special magic numbers for", {"4821"});
  CHECK(cut_short.back().ink == Ink::kOther);
  const auto values = mark_values("It is ABCD, abcd.", {"abcd", ""});
  REQUIRE(values.size() == 5);
  CHECK(values[1].text == "ABCD");
  CHECK(values[3].ink == Ink::kValue);
}

TEST_CASE("the middle of a long text is left out between characters", "[annotate]") {
  std::string text;
  for (int i = 0; i < 400; ++i) text += "é";
  const auto parts = mark_needles(text, {"1"}, 101);
  REQUIRE(parts.size() == 3);
  CHECK(parts[0].text.size() % 2 == 0);
  CHECK(parts[2].text.size() % 2 == 0);
  CHECK(parts[1].ink == Ink::kCut);
  CHECK(parts[1].text == "298 characters");
  CHECK((parts[0].text.size() + parts[2].text.size()) / 2 == 102);
}

TEST_CASE("a reading with its needle in the middle is chosen, and a wrong one", "[annotate]") {
  const Folder folder;
  make_runs(folder);
  Transcript one_step = reading("os", "4821");
  one_step.mode = "os";
  write_file(folder / "quick/eval/traces/dense-os.1024.jsonl", to_json(one_step) + "\n");
  const std::vector<std::string> files = {folder / "quick/eval/traces/dense-os.1024.jsonl",
                                          folder / "quick/eval/traces/swa-sr.1024.jsonl"};
  const auto right = choose_right(files, 512), wrong = choose_wrong(files, 512);
  REQUIRE(right);
  REQUIRE(wrong);
  CHECK(right->transcript.id == "b");
  CHECK(right->line == 2);
  CHECK(wrong->transcript.id == "a");
  const AnnotatedReading page = annotate(*right);
  CHECK(page.right);
  CHECK(page.question == "What is the number for otter?");
  REQUIRE(page.turns.size() == 4);
  REQUIRE(page.turns[3].summary);
  CHECK(page.turns[3].summary->stop);
  CHECK(page.turns[1].given[1].ink == Ink::kAsked);
  CHECK_FALSE(choose_right({}, 512));
}

TEST_CASE("a broken trace is named by file and line", "[annotate]") {
  const Folder folder;
  write_file(folder / "t.jsonl", to_json(reading("a", "4821")) + "\n{\"id\": \"b\"}\n");
  CHECK_THROWS_WITH(choose_wrong({folder / "t.jsonl"}, 512),
                    StartsWith(folder / "t.jsonl:2: ") && Contains("row"));
}

TEST_CASE("losses are smoothed from their first value on", "[report]") {
  const auto same = smoothed({3, 3, 3}, 10);
  for (const double value : same) CHECK(value == Approx(3));
  const auto step = smoothed({0, 1}, 1);
  CHECK(step[0] == 0);
  CHECK(step[1] == Approx(1 / (1 + std::exp(-1.0))));
}

TEST_CASE("folders are found inside folders, each once", "[runs]") {
  const Folder folder;
  make_runs(folder);
  const Runs runs = find_runs({folder / "quick", folder / "quick/eval", folder / "quick/"});
  REQUIRE(runs.trainings.size() == 1);
  REQUIRE(runs.evaluations.size() == 1);
  REQUIRE(runs.data.size() == 1);
  CHECK(runs.trainings[0].name == "swa-sr");
  CHECK(runs.trainings[0].seed == 7);
  CHECK(runs.trainings[0].steps[1].lr == 0.002);
  CHECK(runs.evaluations[0].training_length == 512);
  CHECK(runs.evaluations[0].cells.size() == 4);
  CHECK(runs.evaluations[0].environment[0].second == "abacus <2>");
  CHECK(runs.evaluations[0].traces.size() == 1);
}

TEST_CASE("what a run leaves is refused by file, line and field", "[runs]") {
  const Folder folder;
  make_runs(folder);
  const auto refused = [&](const std::string& file, const std::string& text) {
    const std::string path = folder / file, before = read_file(path);
    write_file(path, text);
    std::string message;
    try {
      find_runs({folder / "quick"});
    } catch (const std::runtime_error& error) {
      message = error.what();
    }
    write_file(path, before);
    CHECK_THAT(message, StartsWith(path));
    return message.substr(std::min(path.size(), message.size()));
  };
  const std::string metrics = "quick/swa-sr/metrics.jsonl",
                    line = std::string(kMetrics).substr(0, std::string(kMetrics).find('\n') + 1);
  CHECK(refused(metrics, line + "{\"step\":2,\"loss\":null}\n") ==
        ":2: loss: expected a number, got null");
  CHECK(refused(metrics, line + "{\"step\":2}\n") == ":2: loss: is missing");
  CHECK_THAT(refused(metrics, line + "oops\n"), StartsWith(":2: expected a JSON object"));
  CHECK(refused(metrics, line + line) == ":2: step: does not go on from the line before");
  CHECK(refused("quick/eval/results.json", "[{\"model\":3}]") ==
        ": cell 1: model: expected a text, got 3");
  CHECK(refused("quick/eval/environment.json", "{\"threads\": 2}") ==
        ": threads: expected a text, got 2");
  CHECK(refused("quick/eval/config.yaml", "seed: 1\n") == ": training_length: is missing");
  CHECK_THAT(refused("quick/eval/config.yaml", "seed: 1\ntraining_length: many\n"),
             StartsWith(":2:18: training_length: expected a whole number"));
  CHECK(refused("quick/data/manifest.json", "[]") == ": expected a JSON object");
  fs::remove(folder / "quick/swa-sr/environment.json");
  CHECK_THROWS_WITH(find_runs({folder / "quick"}), Contains("swa-sr/environment.json"));
  CHECK_THROWS_WITH(find_runs({folder / "nowhere"}), Contains("is not a folder"));
  CHECK_THROWS_WITH(find_runs({folder / "quick/eval/traces"}), Contains("holds no training run"));
}

TEST_CASE("a run that still goes on is reported up to its last whole line", "[runs]") {
  const Folder folder;
  make_runs(folder);
  write_file(folder / "quick/swa-sr/metrics.jsonl", std::string(kMetrics) + "{\"step\":3,\"lo");
  CHECK(find_runs({folder / "quick"}).trainings[0].steps.size() == 2);
}

TEST_CASE("a report has everything, escaped, and needs nothing else", "[report]") {
  const Folder folder;
  make_runs(folder);
  const std::string out = folder / "out/all.html";
  write_report({folder / "quick"}, out);
  const std::string html = read_file(out), markdown = read_file(folder / "out/all.md");
  CHECK_THAT(html, !Contains("<script") && Contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
  CHECK_THAT(html,
             !Contains("src=") && !Contains("href=") && !Contains("@import") && !Contains("url("));
  CHECK_THAT(html, Contains("<td class=\"number\">98.0 <small>[93.0, 99.4]</small></td>"));
  CHECK_THAT(html, Contains("<mark>One of the special magic numbers for otter is: 4821.</mark>"));
  CHECK_THAT(html, Contains("<dt>Target</dt>") && Contains("<b class=\"stop\">stops</b>") &&
                       Contains("abacus &lt;2&gt;"));
  CHECK_THAT(html, Contains("./smooth train ") && Contains("./smooth eval ") &&
                       Contains("./smooth data build "));
  CHECK_THAT(markdown, Contains("](all-accuracy.svg)") && Contains("98.0 [93.0, 99.4]") &&
                           Contains("Rain fell & fell."));
  for (const char* name :
       {"accuracy", "paper", "task-time", "token-time", "state", "peak", "loss", "lr"})
    CHECK_THAT(read_file(folder / (std::string("out/all-") + name + ".svg")),
               StartsWith("<svg ") && Contains("</svg>"));
  const std::string csv = read_file(folder / "out/table3.csv");
  CHECK(std::count(csv.begin(), csv.end(), '\n') == 5);
  CHECK_THAT(csv, Contains("swa-os,swa-os,qwen2,os,niah,sentences,128,,,512,1024,2,100,12,"));
  write_report({folder / "quick"}, out);
  CHECK(read_file(out) == html);
}

TEST_CASE("a reading that failed is no reading that was answered wrongly", "[report]") {
  const Folder folder;
  make_runs(folder);
  Transcript failed = reading("c", "none");
  failed.error = "it broke";
  failed.answer.clear();
  failed.exchanges.clear();
  const std::string file = folder / "quick/eval/traces/swa-sr.1024.jsonl";
  write_file(file, to_json(failed) + "\n" + to_json(reading("b", "4821")) + "\n");
  CHECK_FALSE(choose_wrong({file}, 512));
  CHECK(choose_right({file}, 512)->transcript.id == "b");
  write_file(file, to_json(failed) + "\n" + to_json(reading("d", "77")) + "\n");
  CHECK(choose_wrong({file}, 512)->transcript.id == "d");
}

TEST_CASE("a report of a training run alone, and one of nothing", "[report]") {
  const Folder folder;
  make_runs(folder);
  write_report({folder / "quick/swa-sr"}, folder / "train.html");
  CHECK_THAT(read_file(folder / "train.html"),
             Contains("<h2>Training</h2>") && !Contains("Accuracy beyond"));
  CHECK_FALSE(fs::exists(folder / "table3.csv"));
  CHECK_THROWS_WITH(write_report({}, folder / "x.html"), Contains("no folders were given"));
  CHECK_THROWS_WITH(write_report({folder / "quick"}, folder / "x.md"),
                    Contains("must end in .html"));
}

TEST_CASE("a watched run has its accuracy over the steps, and of the watch's folders the newest counts", "[report]") {
  const Folder folder;
  make_runs(folder);
  const std::string run = folder / "quick/swa-sr";
  write_report({run}, folder / "before.html");
  CHECK_FALSE(fs::exists(folder / "before-over-steps.svg"));
  fs::create_directories(folder / "quick/watch");
  for (const char* step : {"step-100", "step-20", "step-9"}) {
    fs::copy(folder / "quick/eval", folder / (std::string("quick/watch/") + step), fs::copy_options::recursive);
    write_file(folder / (std::string("quick/watch/") + step + "/watched.json"), "{}");
  }
  for (const int64_t step : {1, 2}) add_accuracies(run + "/accuracies.jsonl", accuracies_of(step, cells()), false);
  const Runs runs = find_runs({folder / "quick"});
  REQUIRE(runs.evaluations.size() == 2);
  CHECK(runs.evaluations[1].name == "watch/step-100");
  CHECK(find_runs({folder / "quick/watch/step-9"}).evaluations.size() == 1);
  REQUIRE(runs.trainings.size() == 1);
  CHECK(runs.trainings[0].accuracies.size() == 8);
  write_report({run}, folder / "after.html");
  const std::string svg = read_file(folder / "after-over-steps.svg");
  CHECK_THAT(svg, Contains("accuracy, %") && Contains("swa-os, 512") && Contains("swa-sr, 1k") && Contains(">step<"));
  CHECK_THAT(read_file(folder / "after.html"), Contains("as <code>./smooth eval --watch</code> measured it"));
}

TEST_CASE("curves of two runs, and of two modes of one name, are told apart", "[report]") {
  const std::vector<StepMetrics> begun = {{.step = 1, .loss = 1, .norm = 1, .lr = 1, .tokens = 1, .targets = 1, .seconds = 1}};
  TrainingFolder one{.folder = "one", .name = "one", .steps = begun}, two{.folder = "two", .name = "two", .steps = begun};
  Cell first = cell("os", 512, 3), second = cell("sr", 512, 97);
  second.model = first.model = "swa";
  one.accuracies = accuracies_of(1, {first, second});
  two.accuracies = accuracies_of(1, {first});
  const auto svg_of = [](const std::vector<TrainingFolder>& runs) { return training_figures(runs, {}).pictures.back().svg; };
  CHECK_THAT(svg_of({one, two}), Contains("one: swa, 512 (OS, sentences)") && Contains("one: swa, 512 (SR, sentences)") && Contains("two: swa, 512<"));
  CHECK_THAT(svg_of({two}), Contains(">swa, 512<"));
}

TEST_CASE("training curves keep a leap of a long run, and held-out loss where there is one", "[report]") {
  TrainingFolder run{.folder = "runs/one", .name = "one"};
  for (int64_t step = 1; step <= 100000; ++step) {
    run.steps.push_back({.step = step, .loss = step == 77777 ? 9.0 : 1.0, .norm = 1, .lr = 1e-3, .tokens = 100, .targets = 10, .seconds = 0.5});
    if (step % 10000 == 0) run.steps.back().heldout_loss = 2.0;
  }
  const Gallery gallery = training_figures({run}, {});
  std::vector<std::string> names;
  for (const Picture& picture : gallery.pictures) names.push_back(picture.name);
  CHECK(names == std::vector<std::string>{"loss", "heldout", "norm", "lr", "rate"});
  TrainingFolder calm = run;
  calm.steps[77776].loss = 1;
  CHECK(gallery.pictures[0].svg != training_figures({calm}, {}).pictures[0].svg);
  CHECK(gallery.pictures[0].svg.size() < 60000);
  for (StepMetrics& step : run.steps) step.heldout_loss.reset();
  CHECK(training_figures({run}, {}).pictures.size() == 4);
}
