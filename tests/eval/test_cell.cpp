#include <catch2/catch.hpp>

#include <cmath>

#include "eval/cell.h"
#include "eval/report/lines.h"
#include "eval/report/paper.h"
#include "eval/report/table3.h"

using namespace smooth;
using Catch::Matchers::Contains;

namespace {

Cell cell(const std::string& model, const std::string& mode, int64_t length, double hits,
          int64_t n = 100) {
  const Interval interval = wilson(hits, n);
  Cell out{.model = model,
           .architecture = "qwen2",
           .mode = mode,
           .benchmark = "niah",
           .dataset = "sentences",
           .length = length,
           .window = {},
           .chunk = {},
           .early_stop = {}};
  out.n = n;
  out.score = 100 * hits / static_cast<double>(n);
  out.ci_low = interval.low;
  out.ci_high = interval.high;
  out.seconds = 2;
  out.context_tokens = length * n;
  out.peak_bytes = 1 << 20;
  return out;
}

}  // namespace

TEST_CASE("Wilson's interval is the published one", "[cell]") {
  // R. G. Newcombe, Statistics in Medicine 17 (1998), table I: 81/263, 15/148, 0/20, 1/29.
  const auto is = [](double hits, int64_t n, double low, double high) {
    const Interval interval = wilson(hits, n);
    CHECK(interval.low == Approx(low).margin(0.005));
    CHECK(interval.high == Approx(high).margin(0.005));
  };
  is(81, 263, 25.53, 36.62);
  is(15, 148, 6.24, 16.05);
  is(0, 20, 0, 16.11);
  is(1, 29, 0.61, 17.18);
}

TEST_CASE("Wilson's interval at its ends", "[cell]") {
  CHECK(wilson(0, 0).low == 0);
  CHECK(wilson(0, 0).high == 100);
  CHECK(wilson(0, 50).low == 0);
  CHECK(wilson(50, 50).high == 100);
  CHECK(wilson(50, 50).low == Approx(100 - wilson(0, 50).high));
  CHECK(wilson(12.5, 50).low < 25);
  CHECK(wilson(12.5, 50).high > 25);
  CHECK_THROWS_AS(wilson(51, 50), std::invalid_argument);
  CHECK_THROWS_AS(wilson(-1, 50), std::invalid_argument);
  CHECK_THROWS_AS(wilson(std::nan(""), 50), std::invalid_argument);
}

TEST_CASE("cells come back from JSON as they went", "[cell]") {
  Cell smooth_cell = cell("swa \"SR\"", "sr", 2048, 98);
  smooth_cell.window = 128;
  smooth_cell.chunk = 64;
  smooth_cell.early_stop = false;
  smooth_cell.state_bytes = int64_t{1} << 40;
  smooth_cell.seconds = 0.1;
  const std::string text = cells_to_json({cell("dense", "os", 512, 12), smooth_cell});
  CHECK_THAT(text, Contains("\"window\":null"));
  CHECK_THAT(text, Contains("\"early_stop\":false"));
  const std::vector<Cell> cells = cells_from_json(text);
  REQUIRE(cells.size() == 2);
  CHECK_FALSE(cells[0].window);
  CHECK_FALSE(cells[0].early_stop);
  CHECK(cells[0].length == 512);
  CHECK(cells[1].early_stop == false);
  CHECK(cells[1].model == "swa \"SR\"");
  CHECK(cells[1].state_bytes == int64_t{1} << 40);
  CHECK(cells_to_json(cells) == text);
  CHECK(cells_from_json(cells_to_json({})).empty());
}

TEST_CASE("what else a cell may say comes back, and is told", "[cell]") {
  Cell e = cell("swa", "sr", 2048, 98);
  e.length.reset();
  e.dataset = "lcc";
  e.by_length = {12.5, std::nullopt, 40};
  e.code_backend = "levenshtein";
  e.failed = 2;
  const std::string text = cells_to_json({e, cell("dense", "os", 512, 12)});
  CHECK_THAT(text, Contains("\"0-4k\":12.5,\"4-8k\":null,\"8k+\":40.0,\"code_backend\":\"levenshtein\",\"failed\":2"));
  CHECK_THAT(text, Contains("\"0-4k\":null,\"4-8k\":null,\"8k+\":null,\"code_backend\":null,\"failed\":0"));
  const std::vector<Cell> cells = cells_from_json(text);
  CHECK(cells_to_json(cells) == text);
  CHECK((is_of_longbench_e(cells[0]) && !is_of_longbench_e(cells[1])));
  CHECK(code_backends(cells) == "levenshtein");
  CHECK(code_backends({cells[1]}).empty());
  CHECK(tell_failed(cells) == "swa on lcc: 2 of 102 readings failed and are not scored\n");
  Cell one = cells[1];
  one.failed = 1;
  CHECK(tell_failed({one}) == "dense on sentences at 512 tokens: 1 of 101 readings failed and is not scored\n");
  CHECK(format_interval(one) == format_interval(cells[1]) + " 1 failed");
}

TEST_CASE("JSON of cells is refused by cell and field", "[cell]") {
  const std::string good =
      cells_to_json({cell("dense", "os", 512, 12), cell("dense", "os", 1024, 0)});
  const auto with = [&](const std::string& old, const std::string& now) {
    std::string text = good;
    text.replace(text.rfind(old), old.size(), now);
    return text;
  };
  CHECK_THROWS_WITH(cells_from_json(with("\"n\":100", "\"n\":\"many\"")),
                    "cell 2: n: expected a whole number, got \"many\"");
  CHECK_THROWS_WITH(cells_from_json(with("\"n\":100", "\"n\":-1")), "cell 2: n: -1 is negative");
  CHECK_THROWS_WITH(cells_from_json(with("\"n\":100,", "")), Contains("cell 2: n: is missing"));
  CHECK_THROWS_WITH(cells_from_json(with("\"window\":null", "\"window\":1.5")),
                    Contains("cell 2: window: expected a whole number"));
  CHECK_THROWS_WITH(cells_from_json(with("\"n\":100", "\"n\":100,\"N\":1")),
                    "cell 2: N: is no known field");
  CHECK_THROWS_WITH(cells_from_json("{}"), Contains("expected a list"));
  CHECK_THROWS_WITH(cells_from_json("[1]"), Contains("cell 1: expected an object"));
  Cell broken = cell("dense", "os", 512, 12);
  broken.seconds = HUGE_VAL;
  CHECK_THROWS_WITH(cells_to_json({broken}), Contains("seconds"));
}

TEST_CASE("lines gather the cells of a model in a mode", "[lines]") {
  Cell stops = cell("swa", "sr", 512, 99), reads_on = stops;
  stops.early_stop = true;
  reads_on.early_stop = false;
  const auto lines = lines_of({cell("swa", "os", 1024, 3), stops, cell("swa", "os", 512, 9),
                               reads_on, cell("dense", "os", 512, 1)},
                              512);
  REQUIRE(lines.size() == 4);
  CHECK(lines[0].cells.size() == 2);
  CHECK(lines[0].cells[0].length == 512);
  CHECK(lines[0].label == "swa (OS)");
  CHECK(lines[1].label == "swa (SR, early stop)");
  CHECK(lines[2].label == "swa (SR, no early stop)");
  CHECK(lines[3].label == "dense");
  CHECK(lines[0].multiple(lines[0].cells[1]) == 2);
  CHECK(cell_at(lines[0], 2)->score == 3);
  CHECK(cell_at(lines[0], 4) == nullptr);
  CHECK_THROWS_WITH(lines_of({stops, stops}, 512, "runs/a"),
                    "runs/a: two cells of swa (sr) have length 512");
  stops.length.reset();
  CHECK_THROWS_WITH(lines_of({stops}, 512, "runs/a"), Contains("has no length"));
}

TEST_CASE("the paper's line of the same kind", "[paper]") {
  Cell c = cell("x", "os", 512, 1);
  CHECK(paper_line(c)->model == "Qwen-OS");
  CHECK(paper_line(c)->at(2) == 9.0);
  CHECK_FALSE(paper_line(c)->at(16));
  CHECK_FALSE(paper_line(c)->at(0.75));
  c.mode = "sr";
  CHECK(paper_line(c) == nullptr);
  c.window = 128;
  c.early_stop = false;
  CHECK(paper_line(c)->name() == "SWA-4k-SR (no early stop)");
  CHECK(paper_line(c)->at(8) == 100.0);
  c.early_stop = true;
  CHECK(paper_line(c)->at(8) == 99.8);
  c.mode = "ur";
  CHECK(paper_line(c) == nullptr);
  c.mode = "os";
  CHECK(paper_line(c)->model == "SWA-4k-OS");
  CHECK(expected_score(c) == 25.0);
  c.length = 64;
  CHECK(expected_score(c) == 100.0);
  c.architecture = "RWKV-7";
  CHECK(paper_line(c)->model == "RWKV-7-OS");
  c.benchmark = "longbench";
  CHECK(paper_line(c) == nullptr);
}

TEST_CASE("what one sees is said of the numbers alone", "[table3]") {
  std::vector<Cell> cells;
  for (const int64_t length : {512, 2048, 16384}) {
    cells.push_back(cell("dense", "os", length, length == 512 ? 100 : 2));
    cells.push_back(cell("smooth", "sr", length, 97));
    cells.push_back(cell("again", "ur", length, 95));
  }
  cells[6].seconds = 6;  // dense at 32x
  const auto lines = lines_of(cells, 512);
  const std::string accuracy = accuracy_sentence(lines);
  CHECK_THAT(accuracy, Contains("At 32× the training length (16384 tokens)"));
  CHECK_THAT(accuracy, Contains("smooth scores 97.0"));
  CHECK_THAT(accuracy, Contains("above dense (2.0"));
  CHECK_THAT(accuracy, Contains("its interval overlapping that of again (95.0"));
  CHECK_THAT(accuracy, !Contains("below"));
  // 2 s for 2048 x 100 tokens, then 2 s and 6 s for 16384 x 100.
  CHECK(cost_sentence(lines) ==
        "From 4× to 32× the training length, time per context token and peak memory change by "
        "factors of 0.38 and"
        " 1.00 for dense, and 0.12 and 1.00 for smooth.");
  CHECK(accuracy_sentence(lines_of({cell("dense", "os", 512, 1)}, 512)).empty());
  // Several lines of smooth reading and nothing else: none of them stands for the others.
  CHECK(accuracy_sentence(lines_of({cell("a", "sr", 512, 9), cell("b", "sr", 512, 8)}, 512)).empty());
  CHECK(cost_sentence(lines_of({cell("dense", "os", 512, 1)}, 512)).empty());
  CHECK_THAT(accuracy_sentence(lines_of({cell("smooth", "sr", 512, 9)}, 0)),
             Contains("At 512 tokens") && Contains("no other mode"));
}

TEST_CASE("costs are compared where they were measured", "[table3]") {
  const auto at = [](std::vector<int64_t> lengths) {
    std::vector<Cell> cells;
    for (const int64_t length : lengths) cells.push_back(cell("a", "sr", length, 1));
    return compared_multiples(lines_of(cells, 512));
  };
  CHECK(at({512, 2048, 8192, 16384}) == std::pair(4.0, 32.0));
  CHECK(at({256, 512, 1024}) == std::pair(1.0, 2.0));
  CHECK_FALSE(at({256, 512}));
  CHECK_FALSE(compared_multiples(lines_of({cell("a", "sr", 512, 1), cell("a", "sr", 1024, 1)}, 0)));
  Cell silent = cell("a", "sr", 2048, 1), later = cell("a", "sr", 16384, 1);
  silent.peak_bytes = 0;
  const Table table = cost_table(lines_of({silent, later}, 512), {4, 32});
  REQUIRE(table.rows.size() == 1);
  CHECK(table.rows[0].cells[4].text == "–");
  CHECK(table.rows[0].cells[6].text == "–");
}

TEST_CASE("numbers are said the way one says them", "[lines]") {
  CHECK(format_multiple(0.25) == "1/4×");
  CHECK(format_multiple(1) == "1×");
  CHECK(format_multiple(1.5) == "1.5×");
  CHECK(format_multiple(0.75) == "0.75×");
  CHECK(format_length(512) == "512");
  CHECK(format_length(32768) == "32k");
  CHECK(format_length(1500) == "1500");
  CHECK(format_duration(0.00021) == "210 µs");
  CHECK(format_duration(0.9996) == "1 s");
  CHECK(format_duration(0.0123) == "12.3 ms");
  CHECK(format_duration(180) == "180 s");
  CHECK(format_duration(7200) == "120 min");
  CHECK(format_duration(0) == "0 s");
}
