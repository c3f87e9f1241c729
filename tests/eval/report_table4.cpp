#include "eval/report/table4.h"

#include "eval/report/fig5.h"
#include "eval/report/paper.h"
#include "tests/eval/report_runs.h"

using namespace smooth;
using Catch::Contains;
using Texts = std::vector<std::string>;

namespace {

// Windows and chunks of 64 to 512 at 4096 tokens: the paper's ratios, an eighth of its sizes, with accuracies of its kind.
std::vector<Cell> grid_cells() {
  const double accuracy[4][4] = {{97, 78, 0, 0}, {99, 89, 26, 13}, {100, 100, 90, 31}, {100, 100, 99, 83}};
  std::vector<Cell> cells;
  for (int w = 0; w < 4; ++w) {
    for (int c = 0; c < 4; ++c) cells.push_back(smooth_cell(64 << w, 64 << c, 4096, accuracy[w][c], 1e-4 * (1 + 0.1 * w), 5e-3));
  }
  return cells;
}

}  // namespace

TEST_CASE("Table 4 stands beside the paper's cells of the same ratio", "[table4]") {
  const auto grids = windows_and_chunks(lines_of(grid_cells(), 512));
  REQUIRE(grids.size() == 1);
  CHECK(table4_scale(grids[0]) == 8);
  const Table table = table4(grids[0]);
  CHECK(table.head == Texts{"window", "chunk 64", "chunk 128", "chunk 256", "chunk 512"});
  CHECK(row_named(table, "window 128") == Texts{"window 128", "99.0", "89.0", "26.0", "13.0"});
  CHECK(row_named(table, "paper: window 1024") == Texts{"paper: window 1024", "99.2", "89.0", "26.4", "12.6"});
  REQUIRE(table.rows.size() == 12);
  CHECK((table.rows[1].kind == RowKind::kPaper && table.rows[2].kind == RowKind::kDifference));
  CHECK(table.rows[5].cells[1].text == "−0.2");
  CHECK(table.rows[5].cells[2].text == "0.0");
  CHECK(table.rows[5].cells[4].text == "+0.4");
  CHECK(table.rows[0].cells[1].note == "[91.5, 99.0]");
}

TEST_CASE("the paper's own sizes stand beside themselves, and what it lacks is left open", "[table4]") {
  const auto grids =
      windows_and_chunks(lines_of({smooth_cell(2048, 1024, 8192, 100), smooth_cell(2048, 256, 8192, 90), smooth_cell(4096, 1024, 8192, 99)}, 0));
  REQUIRE(grids.size() == 1);
  CHECK(table4_scale(grids[0]) == 1);
  const Table table = table4(grids[0]);
  CHECK(row_named(table, "window 4k") == Texts{"window 4k", "–", "99.0"});
  CHECK(row_named(table, "paper: window 2048") == Texts{"paper: window 2048", "", "100.0"});
  CHECK(table.rows[2].cells[1].text.empty());
}

TEST_CASE("lengths, haystacks and early stop are tables of their own, single cells none", "[table4]") {
  std::vector<Cell> cells = {smooth_cell(128, 64, 1024, 90), smooth_cell(128, 128, 1024, 10), smooth_cell(128, 64, 2048, 90),
                             smooth_cell(128, 64, 1024, 95)};
  cells[3].early_stop = true;
  const auto grids = windows_and_chunks(lines_of(cells, 512));
  REQUIRE(grids.size() == 1);
  CHECK(grids[0].title() == "sentences, 1k tokens, no early stop");
  Cell again = cells[0];
  again.model = "other";
  cells.push_back(again);
  CHECK_THROWS_WITH(windows_and_chunks(lines_of(cells, 512)),
                    Contains("SWA SR (") && Contains("and other both have window 128 and chunk 64 at length 1024"));
  CHECK_THROWS_WITH(table4_blocks(lines_of({smooth_cell(128, 64, 1024, 90)}, 512)), Contains("table4: the runs hold no cells"));
}

TEST_CASE("the collapse is said from the cells", "[table4]") {
  const auto sentence = [](const std::vector<Cell>& cells) { return collapse_sentence(windows_and_chunks(lines_of(cells, 512)).at(0)); };
  const std::string collapses = sentence(grid_cells());
  CHECK_THAT(collapses, Contains("A chunk as large as the window collapses (") && Contains("for 3 of 3 windows"));
  // At or above the diagonal 97, 78, 0, 0, 89, 26, 13, 90, 31, 83; below it 99, 100, 100, 100, 100, 99.
  CHECK_THAT(collapses, Contains("Mean accuracy 50.7 % against 99.7 %; the paper's are 51.3 % and 99.8 %"));
  std::vector<Cell> fine = grid_cells();
  for (Cell& cell : fine) cell.score = 99, cell.ci_low = 95, cell.ci_high = 100;
  CHECK_THAT(sentence(fine), Contains("does not collapse") && Contains("for 0 of 3 windows"));
  std::vector<Cell> some = fine;
  some[15].score = 10, some[15].ci_low = 5, some[15].ci_high = 20;  // window 512, chunk 512
  CHECK_THAT(sentence(some), Contains("with some windows, not with all") && Contains("for 1 of 3 windows"));
  CHECK(sentence({smooth_cell(128, 64, 1024, 90), smooth_cell(128, 32, 1024, 10)}).empty());
}

TEST_CASE("the formula is fitted on the window's other cells and meets cells that follow it", "[table4]") {
  std::vector<Cell> cells = grid_cells();
  auto grid = windows_and_chunks(lines_of(cells, 512)).at(0);
  const Table exact = table4b(grid);
  REQUIRE(exact.rows.size() == 16);
  for (const TableRow& row : exact.rows) CHECK(row.cells[6].text == "0.0 %");
  CHECK_THAT(formula_sentence(grid), Contains("off by 0.0 % in the median of 16 cells and by 0.0 % at most"));
  // prefill 4096 x 1e-4, decode 64 x 20 x 5e-3
  CHECK(exact.rows[0].cells[2].text == "410 ms");
  CHECK(exact.rows[0].cells[3].text == "6.4 s");
  CHECK(exact.rows[0].cells[8].text == "20.0");
  CHECK(exact.rows[0].cells[9].text == "50.0");
  CHECK(exact.rows[0].cells[10].text == "528");
  // A cell that takes twice as long is off by half, and spoils the prediction of its window's others, not its own.
  for (Cell& cell : grid.cells) {
    if (cell.window == 64 && cell.chunk == 64) cell.prefill_seconds *= 2, cell.decode_seconds *= 2;
  }
  const Table off = table4b(grid);
  CHECK(off.rows[0].cells[6].text == "−50.0 %");
  CHECK(off.rows[1].cells[6].text.starts_with("+"));
  CHECK(off.rows[4].cells[6].text == "0.0 %");
  // One cell alone has no others, and early stop no formula.
  const auto alone = windows_and_chunks(lines_of({smooth_cell(128, 64, 1024, 90), smooth_cell(256, 64, 1024, 90)}, 512)).at(0);
  CHECK(table4b(alone).rows[0].cells[5].text == "–");
  CHECK(formula_sentence(alone).empty());
  for (Cell& cell : cells) cell.early_stop = true;
  const auto stopping = windows_and_chunks(lines_of(cells, 512)).at(0);
  CHECK(table4b(stopping).rows[0].cells[5].text == "–");
  CHECK_THAT(table4b(stopping).caption, Contains("the formula says nothing"));
}

TEST_CASE("the paper's Table 4 as it is printed", "[table4]") {
  CHECK(paper_table4(512, 4096)->seconds == 100);
  CHECK(paper_table4(4096, 512)->accuracy == 99.8);
  CHECK(paper_table4(2048, 2048)->accuracy == 95.4);
  CHECK_FALSE(paper_table4(2048, 8192));
  CHECK_FALSE(paper_table4(100, 512));
}

TEST_CASE("Fig. 5 names the fastest chunk and whether it is a U", "[fig5]") {
  // p_r and d_r grow with the window: T = 4096 (p0 + p1 W) + 4096 / c g (d0 + d1 W) with W = 2 c.
  const auto cells = [](double p1) {
    std::vector<Cell> all;
    for (int64_t chunk = 32; chunk <= 1024; chunk *= 2) {
      const auto window = static_cast<double>(2 * chunk);
      all.push_back(smooth_cell(2 * chunk, chunk, 4096, 100, 1e-4 + p1 * window, 1e-3 + 1e-7 * window));
    }
    all.push_back(smooth_cell(512, 64, 4096, 100, 1, 1));  // not 1 : 2
    return all;
  };
  const auto half = half_window_chunks(lines_of(cells(1e-6), 512));
  REQUIRE(half.size() == 1);
  REQUIRE(half[0].cells.size() == 6);
  const ChunkCosts costs = chunk_costs(half[0]);
  REQUIRE(costs.by_window);
  CHECK(costs.prefill.at_zero == Approx(1e-4));
  CHECK(costs.prefill.slope == Approx(1e-6));
  CHECK(costs.decode.slope == Approx(1e-7));
  for (const Cell& cell : half[0].cells) CHECK(costs.seconds_by_window(cell) == Approx(read_seconds(cell)));
  const Table table = fig5_table(half[0]);
  for (size_t i = 0; i < 6; ++i) CHECK(table.rows[i].cells[8].text == "0.0 %");
  CHECK(table.rows[0].cells[6].text != "0.0 %");
  CHECK_THAT(fastest_sentence(half[0]), Contains("The fastest chunk is 128 with a window of 256") && Contains("a U, as the paper's") &&
                                            Contains("The paper's is 4096 with 8192"));
  CHECK_THAT(fastest_sentence(half_window_chunks(lines_of(cells(0), 512))[0]),
             Contains("is 1024 with") && Contains("a minimum beyond it is not ruled out"));
  CHECK_THAT(fastest_sentence(half_window_chunks(lines_of(cells(1e-3), 512))[0]), Contains("is 32 with") && Contains("there is no U"));
  CHECK_THROWS_WITH(fig5_blocks(lines_of({smooth_cell(512, 64, 4096, 100), smooth_cell(512, 128, 4096, 100)}, 512)),
                    Contains("fig5: the runs hold no two cells"));
  CHECK(fig5_blocks(lines_of(cells(1e-6), 512)).size() == 3);
}
