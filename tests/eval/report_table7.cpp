#include "eval/report/table7.h"

#include "eval/report/differences.h"
#include "tests/eval/report_runs.h"

using namespace smooth;
using Catch::Contains;
using Texts = std::vector<std::string>;

namespace {

// 100 predictions of needles, the first `hits` of them right.
std::string hits(int64_t length, int64_t hits, int64_t n = 100) {
  std::string text;
  for (int64_t i = 0; i < n; ++i) {
    text +=
        nlohmann::json{
            {"_id", "niah-42/" + std::to_string(length) + "/" + std::to_string(i)}, {"answers", {std::to_string(i)}}, {"score", i < hits ? 1 : 0}}
            .dump() +
        "\n";
  }
  return text;
}

Cell stopping(int64_t length, double score) {
  Cell cell = smooth_cell(128, 64, length, score);
  cell.model = "SWA SR, early stop";
  cell.early_stop = true;
  cell.seconds /= 4;
  return cell;
}

std::vector<Line> lines_in(const ReportFolder& folder, const std::vector<Cell>& cells) {
  std::vector<Line> lines = lines_of(cells, 512);
  for (Line& line : lines) line.path = folder.path;
  return lines;
}

}  // namespace

TEST_CASE("Table 7: both lines, their paired difference, the paper's and the time", "[table7]") {
  const ReportFolder folder;
  for (const int64_t length : {512, 1024}) {
    write_file(folder / ("pred/swa-sr." + std::to_string(length) + ".jsonl"), hits(length, 100));
    write_file(folder / ("pred/swa-sr--early-stop." + std::to_string(length) + ".jsonl"), hits(length, length == 512 ? 100 : 90));
  }
  const auto lines = lines_in(folder, {smooth_cell(128, 64, 512, 100), smooth_cell(128, 64, 1024, 100), smooth_cell(128, 64, 4096, 100),
                                       stopping(512, 100), stopping(1024, 90)});
  const auto pairs = stop_pairs(lines);
  REQUIRE(pairs.size() == 1);
  const Table table = table7(pairs[0]);
  CHECK(table.head == Texts{"reading", "1× (512)", "2× (1k)", "Avg"});
  CHECK(row_named(table, "without early stop") == Texts{"without early stop", "100.0", "100.0", "100.0"});
  CHECK(row_named(table, "with early stop") == Texts{"with early stop", "100.0", "90.0", "95.0"});
  CHECK(row_named(table, "with − without") == Texts{"with − without", "0.0", "−10.0", "−5.0"});
  CHECK(row_named(table, "time, with ÷ without") == Texts{"time, with ÷ without", "0.25", "0.25", "0.25"});
  CHECK(row_named(table, "paper: with") == Texts{"paper: with", "99.8", "99.8", "99.8"});
  CHECK(row_named(table, "paper: with − without") == Texts{"paper: with − without", "−0.2", "0.0", "−0.1"});
  CHECK(row_named(table, "ours − paper: with") == Texts{"ours − paper: with", "+0.2", "−9.8", "−4.8"});
  CHECK(table.rows[2].cells[1].note == "[0.0, 0.0]\np = 1.000");
  CHECK(table.rows[2].cells[2].note == "[−16.0, −4.0]\np < 0.001");
  const auto blocks = table7_blocks(lines);
  REQUIRE(blocks.size() == 3);
  CHECK_THAT(std::get<Prose>(blocks[0]).text, Contains("finds less: −5.00 points in the mean over 2 lengths") && Contains("the paper: −0.17"));
}

TEST_CASE("without predictions, or with other tasks, there is no difference and it is said", "[table7]") {
  const ReportFolder folder;
  const auto lines = lines_in(folder, {smooth_cell(128, 64, 512, 100), stopping(512, 99)});
  CHECK(row_named(table7(stop_pairs(lines)[0]), "with − without") == Texts{"with − without", "–", "–"});
  CHECK_THAT(table7(stop_pairs(lines)[0]).caption, Contains("Not paired: ") && Contains("whose predictions are not in " + (folder / "pred")));
  write_file(folder / "pred/swa-sr.512.jsonl", hits(512, 100));
  write_file(folder / "pred/swa-sr--early-stop.512.jsonl", hits(512, 99, 99));
  CHECK_THAT(table7(stop_pairs(lines)[0]).caption, Contains("did not read the same tasks (niah-42/512/99 is lacking in the"));
}

TEST_CASE("a line finds the one that is like it but for stopping", "[table7]") {
  std::vector<Cell> cells = {smooth_cell(128, 64, 512, 100), stopping(512, 99), smooth_cell(256, 64, 512, 100)};
  CHECK(stop_pairs(lines_of(cells, 512)).size() == 1);
  Cell twin = cells[1];
  twin.model = "SWA SR, early stop again";
  cells.push_back(twin);
  CHECK_THROWS_WITH(stop_pairs(lines_of(cells, 512)), Contains("SWA SR, early stop and SWA SR, early stop again both are like SWA SR"));
  cells.back().model = "another";  // the name that begins alike is nearer
  REQUIRE(stop_pairs(lines_of(cells, 512)).size() == 1);
  cells.back().model = "SWA SR";   // and the same name nearer still
  const std::vector<Line> lines = lines_of(cells, 512);
  CHECK(stop_pairs(lines)[0].with->kind().model == "SWA SR");
  CHECK_THROWS_WITH(table7_blocks(lines_of({smooth_cell(128, 64, 512, 100)}, 512)),
                    Contains("table7: the runs hold no model in smooth reading both"));
}

TEST_CASE("differences of every two lines on the same needles", "[differences]") {
  const ReportFolder folder;
  write_file(folder / "pred/swa-sr.512.jsonl", hits(512, 90));
  write_file(folder / "pred/swa-sr.1024.jsonl", hits(1024, 100));
  write_file(folder / "pred/dense-os.512.jsonl", hits(512, 90));
  write_file(folder / "pred/dense-os.1024.jsonl", hits(1024, 60));
  auto lines = lines_in(folder, {one_step_cell(512, 90, 1), one_step_cell(1024, 60, 2), smooth_cell(128, 64, 512, 90),
                                 smooth_cell(128, 64, 1024, 100), smooth_cell(128, 64, 4096, 100)});
  auto blocks = difference_blocks(lines, {});
  REQUIRE(blocks.size() == 2);
  const Table table = std::get<Table>(blocks[1]);
  CHECK(table.head == Texts{"difference", "512", "1k", "mean"});
  CHECK(row_named(table, "SWA SR − dense OS") == Texts{"SWA SR − dense OS", "0.0", "+40.0", "+20.0"});
  CHECK(table.rows[0].cells[2].note == "[31.0, 50.0]\np < 0.001");
  CHECK(table.folded.empty());
  // A third line that read other tasks at one length is paired at the other alone, and is named.
  Cell third = smooth_cell(128, 64, 512, 50);
  third.model = "other";
  std::vector<Cell> cells = {one_step_cell(512, 90, 1), one_step_cell(1024, 60, 2), third};
  third.length = 1024;
  cells.push_back(third);
  write_file(folder / "pred/other.512.jsonl", hits(512, 50, 80));
  write_file(folder / "pred/other.1024.jsonl", hits(1024, 50));
  lines = lines_in(folder, cells);
  blocks = difference_blocks(lines, {});
  REQUIRE(blocks.size() == 3);
  CHECK(row_named(std::get<Table>(blocks[1]), "other − dense OS") == Texts{"other − dense OS", "–", "−10.0", "−10.0"});
  CHECK_THAT(
      std::get<Prose>(blocks[2]).text,
      Contains(
          "Not paired: dense OS and other on sentences at 512 tokens, which did not read the same tasks (niah-42/512/80 is lacking in the second)"));
  CHECK(difference_blocks({}, {}).empty());
}

TEST_CASE("differences on LongBench are of categories whose tasks both have", "[differences]") {
  const ReportFolder folder;
  std::vector<Cell> cells;
  for (const char* model : {"A", "B"}) {
    for (const char* task : {"hotpotqa", "2wikimqa", "musique", "lcc"}) {
      Cell cell = smooth_cell(128, 64, 512, 50);
      cell.model = model;
      cell.benchmark = "longbench";
      cell.dataset = task;
      cell.length.reset();
      cells.push_back(cell);
      const bool better = model == std::string("A") && task != std::string("lcc");
      write_file(folder / ("pred/" + std::string(model == std::string("A") ? "a/" : "b/") + task + ".jsonl"),
                 predictions(task, better ? std::vector<double>{0.5, 1, 0.75} : std::vector<double>{0.25, 0.75, 0.5}));
    }
  }
  std::vector<Line> lines = longbench_lines(cells);
  REQUIRE(lines.size() == 2);
  for (Line& line : lines) line.path = folder.path;
  const auto blocks = difference_blocks({}, lines);
  REQUIRE(blocks.size() == 2);
  const Table table = std::get<Table>(blocks[1]);
  CHECK(table.head == Texts{"difference", "SQA", "MQA", "Summ", "FewShot", "Synth", "Code", "Avg"});
  CHECK(row_named(table, "A − B") == Texts{"A − B", "–", "+25.0", "–", "–", "–", "–", "–"});
  CHECK(table.rows[0].cells[2].note == "[25.0, 25.0]\np < 0.001");
}
