// LongBench in a report: categories beside the paper's, folders told apart, readings to leaf through.
#include "data/scores/longbench.h"
#include "eval/report/readings.h"
#include "eval/report/report.h"
#include "eval/report/table2.h"
#include "tests/eval/report_runs.h"

using namespace smooth;
using Catch::Contains;
using Texts = std::vector<std::string>;

namespace {

Cell task_cell(const std::string& model, const std::string& task, double score, const std::string& mode = "sr") {
  Cell cell = smooth_cell(4096, 64, 512, 50);
  cell.model = model;
  cell.mode = mode;
  cell.benchmark = "longbench";
  cell.dataset = task;
  cell.length.reset();
  cell.n = 3;
  cell.score = score;
  cell.ci_low = score - 3;
  cell.ci_high = score + 3;
  return cell;
}

// All sixteen; a task of the i-th category scores 10 (i + 1).
std::vector<Cell> sixteen(const std::string& model) {
  std::vector<Cell> cells;
  for (const LongBenchTask& task : longbench_tasks()) {
    const auto category = std::ranges::find_if(kCategories, [&](const auto& known) { return std::string(known.first) == task.category; });
    cells.push_back(task_cell(model, task.name, 10.0 * static_cast<double>(category - kCategories.begin() + 1)));
  }
  return cells;
}

std::string trace(const std::string& id, const std::string& answer, int64_t chunks) {
  Transcript t{.id = id,
               .row = "hotpotqa",
               .mode = "sr",
               .chunk = 64,
               .early_stop = false,
               .exchanges = {},
               .answer = answer,
               .answers = {"Human <b>"},
               .length = 900};
  for (int64_t i = 0; i < chunks; ++i) {
    Exchange e;
    const std::string chunk = "Passage " + std::to_string(i) + " of a Human <b> & others.";
    e.forget = i == 0;
    e.given = (i == 0 ? "Answer as told.\nOne line more.\nWho <i>was</i> it?\n" : "") + chunk + (i + 1 == chunks ? "\n[end of text]" : "");
    e.begin = 100 * i;
    e.end = e.begin + std::ssize(chunk);
    e.written =
        "Target: who\nClues: a Human <b>\nReason: it says so\n" + (i + 1 == chunks ? "Answer: " + answer + "\n<STOP>" : std::string("<CONTINUE>"));
    t.exchanges.push_back(e);
  }
  return to_json(t) + "\n";
}

// An evaluation of one line on two tasks of one category, with predictions and traces.
void write_longbench(const ReportFolder& folder, const std::string& name) {
  const std::string evaluation = folder / name;
  write_evaluation(evaluation, {task_cell("SWA", "hotpotqa", 50), task_cell("SWA", "musique", 25)});
  write_file(evaluation + "/pred/swa/hotpotqa.jsonl", predictions("hotpotqa", {1, 0.25, 1}));
  write_file(evaluation + "/pred/swa/musique.jsonl", predictions("musique", {0.5, 0, 0}));
  write_file(evaluation + "/traces/swa/hotpotqa.jsonl",
             trace("hotpotqa0", "x", 2) + trace("hotpotqa1", "x", 2) + trace("hotpotqa2", "Human <b>", 20));
  write_file(evaluation + "/traces/swa/musique.jsonl",
             trace("musique0", "x", 2) + trace("musique1", "nobody\n<script>", 3) + trace("musique2", "x", 3));
}

}  // namespace

TEST_CASE("Tables 2 and 6: categories, their mean, the paper's line and the difference", "[table2]") {
  const auto lines = longbench_lines(sixteen("SWA"));
  REQUIRE(lines.size() == 1);
  const Table two = table2(lines);
  CHECK(row_named(two, "SWA") == Texts{"SWA", "SR", "48", "10.00", "20.00", "30.00", "40.00", "50.00", "60.00", "35.00", "32.50"});
  CHECK(row_named(two, "paper: SWA-4k-SR") == Texts{"paper: SWA-4k-SR", "SR", "", "30.46", "47.67", "26.27", "69.60", "66.75", "65.18", "50.99", ""});
  CHECK(row_named(two, "ours − paper") == Texts{"ours − paper", "", "", "−20.46", "−27.67", "+3.73", "−29.60", "−16.75", "−5.18", "−15.99", ""});
  // Three intervals of ± 3, combined: ± 3 / sqrt(3).
  CHECK(two.rows[0].cells[3].note == "[8.3, 11.7]");
  const Table six = table2(lines, PaperLongBench::kTable6);
  CHECK(row_named(six, "paper: SWA-4k-SR")[9] == "53.86");
  CHECK((two.name == "table2" && six.name == "table6"));
  CHECK_THAT(longbench_sentence(lines, PaperLongBench::kTable2),
             Contains("On LongBench SWA averages 35.00; averages differ from the paper's: SWA by −15.99."));
  auto cells = sixteen("SWA");
  cells.pop_back();
  const auto lacking = longbench_lines(cells);
  CHECK(row_named(table2(lacking), "SWA")[8] == "–");
  CHECK(row_named(table2(lacking), "ours − paper")[9].empty());
  CHECK(longbench_sentence(lacking, PaperLongBench::kTable2).empty());
  cells.push_back(cells[0]);
  CHECK_THROWS_WITH(longbench_lines(cells, "eval"), Contains("eval: two cells of SWA (sr) are of narrativeqa"));
}

TEST_CASE("models of one name in two folders are told apart by their folders", "[table2]") {
  const ReportFolder folder;
  write_longbench(folder, "one");
  write_longbench(folder, "two");
  write_report({folder / "one", folder / "two"}, folder / "report.html");
  const std::string csv = read_file(folder / "report-longbench-tasks.csv");
  CHECK_THAT(csv, Contains("task,metric,SWA (one),SWA (one) note,SWA (two),SWA (two) note"));
  CHECK_THAT(read_file(folder / "table2.csv"), Contains("SWA (one)") && Contains("SWA (two)"));
}

TEST_CASE("of a category the best and the worst reading of the smoothest line are laid open", "[readings]") {
  const ReportFolder folder;
  write_longbench(folder, "eval");
  std::vector<Line> lines = longbench_lines({task_cell("SWA", "hotpotqa", 50), task_cell("SWA", "musique", 25)});
  lines[0].path = folder / "eval";
  const auto tasks = graded_tasks(lines[0], lines[0].cells[0]);
  REQUIRE(tasks.size() == 3);
  CHECK((tasks[1].id == "hotpotqa1" && tasks[1].line == 2 && tasks[1].score == 0.25 && tasks[1].chunks == 8));
  const auto chosen = choose_graded(lines, "multi-doc QA");
  REQUIRE(chosen.size() == 2);
  CHECK(chosen[0].trace.transcript.id == "hotpotqa0");  // 4 chunks, hotpotqa2 has 12
  CHECK(chosen[1].trace.transcript.id == "musique1");   // 8 chunks, musique2 has 12
  CHECK((chosen[0].metric == "qa_f1" && chosen[1].score == 0));
  CHECK(choose_graded(lines, "code").empty());
  write_file(folder / "eval/traces/swa/hotpotqa.jsonl", trace("hotpotqa1", "x", 2));
  CHECK_THROWS_WITH(choose_graded(lines, "multi-doc QA"),
                    Contains("hotpotqa.jsonl:1: is of hotpotqa1, the same line of its predictions of hotpotqa0"));
  write_file(folder / "eval/pred/swa/hotpotqa.jsonl", "{\"_id\": 7}\n");
  CHECK_THROWS_WITH(graded_tasks(lines[0], lines[0].cells[0]),
                    Contains("hotpotqa.jsonl:1: expected a JSON object with _id, score and context_tokens"));
}

TEST_CASE("a reading of LongBench: what was asked, marked references, chunks left out, escaped", "[readings]") {
  const ReportFolder folder;
  write_longbench(folder, "eval");
  const Trace long_one = read_trace(folder / "eval/traces/swa/hotpotqa.jsonl", 3);
  CHECK(asked(long_one.transcript) == "Answer as told.\nOne line more.\nWho <i>was</i> it?");
  const AnnotatedReading reading = annotate_graded(long_one, "qa_f1", 0.428);
  CHECK(reading.title == "swa/hotpotqa, task hotpotqa2: 900 tokens read in SR, chunks of 64, no early stop");
  CHECK((reading.score == "qa_f1 42.8" && reading.folded && reading.num_turns == 20 && reading.turns.size() == 20));
  CHECK(reading.turns[0].given[0].text == "Passage 0 of a ");  // what was asked stands above
  REQUIRE(reading.turns[1].given.size() == 3);
  CHECK((reading.turns[1].given[1].ink == Ink::kAsked && reading.turns[1].given[1].text == "Human <b>"));
  CHECK_THROWS_WITH(read_trace(folder / "eval/traces/swa/hotpotqa.jsonl", 4), Contains("has 3 lines, its predictions 4 or more"));
  write_report({folder / "eval"}, folder / "report.html");
  const std::string html = read_file(folder / "report.html"), markdown = read_file(folder / "report.md");
  CHECK_THAT(html, Contains("<h2>Readings of LongBench, to leaf through</h2>") &&
                       Contains("<details class=\"reading\"><summary>swa/hotpotqa, task hotpotqa0") && Contains("<small>qa_f1 100.0</small>"));
  CHECK_THAT(html, Contains("nobody\n&lt;script&gt;") && !Contains("<script") && !Contains("<i>was"));
  CHECK_THAT(html, Contains("<mark>Human &lt;b&gt;</mark>") && Contains("expected Human &lt;b&gt;") && Contains("<b>qa_f1 0.0</b>"));
  CHECK_THAT(markdown, Contains("nobody &lt;script>; expected Human &lt;b>: qa\\_f1 0.0."));
}

TEST_CASE("a reading whose chunk cannot be told falls back on its second line", "[readings]") {
  Transcript t;
  t.mode = "sr";
  t.exchanges.push_back({.given = "Do.\nWhat?\ntext", .written = "", .begin = 0, .end = 500});
  CHECK(asked(t) == "What?");
  t.exchanges[0].end = 4;
  CHECK(asked(t) == "Do.\nWhat?");
  t.mode = "os";
  t.exchanges[0].given = "Do.\ntext\nWhy?";
  CHECK(asked(t) == "Why?");
}
