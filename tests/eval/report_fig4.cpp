#include "eval/report/fig4.h"

#include "tests/eval/report_runs.h"

using namespace smooth;
using Catch::Contains;
using Texts = std::vector<std::string>;

namespace {

// Smooth reading in 1 ms a token, one-step reading in l^2 microseconds.
std::vector<Line> inference_lines() {
  std::vector<Cell> cells;
  for (const int64_t length : {512, 1024, 2048, 4096}) {
    const auto l = static_cast<double>(length);
    cells.push_back(one_step_cell(length, 50, l * l * 1e-6));
    cells.push_back(smooth_cell(128, 64, length, 100));
    cells.back().seconds = l * 1e-3 * 100;
    if (length == 4096) continue;
    Cell stops = cells.back();
    stops.early_stop = true;
    stops.seconds /= 2;
    cells.push_back(stops);
  }
  return lines_of(cells, 512);
}

std::string bench_json(const std::string& architecture, int64_t prompt, double seconds, int64_t rows = 1) {
  return nlohmann::json{{"bench", "train"}, {"architecture", architecture}, {"dtype", "bfloat16"}, {"device", "cuda"}, {"rows", rows},
                        {"prompt", prompt}, {"seconds", seconds},           {"peak_bytes", 7}}
      .dump(2);
}

}  // namespace

TEST_CASE("inference: exponents, and how many times as fast windows are", "[fig4]") {
  const auto curves = inference_curves(inference_lines());
  REQUIRE(curves.size() == 3);
  const Table table = time_table(curves, "inference", 1024);
  CHECK(table.head == Texts{"line", "512", "1k", "2k", "4k", "exponent", "longest two"});
  CHECK(row_named(table, "dense OS") == Texts{"dense OS", "262 ms", "1.05 s", "4.19 s", "16.8 s", "2.00", "2.00"});
  CHECK(row_named(table, "SWA SR (no early stop)") == Texts{"SWA SR (no early stop)", "512 ms", "1.02 s", "2.05 s", "4.1 s", "1.00", "1.00"});
  CHECK(row_named(table, "SWA SR (no early stop): times as fast as dense OS") ==
        Texts{"SWA SR (no early stop): times as fast as dense OS", "0.51", "1.02", "2.05", "4.10", "", ""});
  CHECK(row_named(table, "SWA SR (early stop): times as fast as dense OS")[4] == "–");
  REQUIRE(table.rows.size() == 9);
  CHECK((table.rows[4].kind == RowKind::kPaper && table.rows[4].cells[2].text == "2" && table.rows[5].cells[2].text == "−0.98"));
  CHECK(table.rows[7].cells[2].text == "4");  // with early stop
  CHECK_THAT(growth_sentence(curves, "inference"),
             Contains("dense OS as length^2.00 from 512 to 4k tokens") && Contains("SWA SR (early stop) as length^1.00 from 512 to 2k"));
  CHECK_THAT(factor_sentence(curves, "inference"), Contains("At 4k tokens, the longest that both have, SWA SR (no early stop) takes 0.24 of the time "
                                                            "of dense OS: 4.1 times as fast (the paper, at 64k: about 2)") &&
                                                       Contains("At 2k tokens, the longest that both have, SWA SR (early stop)") &&
                                                       Contains("about 4)"));
}

TEST_CASE("training: what bench train told, by architecture", "[fig4]") {
  const ReportFolder folder;
  write_file(folder / "bench-dense-4k.json", bench_json("dense", 4096, 2));
  write_file(folder / "bench-dense-64k.json", bench_json("dense", 65536, 200));
  write_file(folder / "bench-swa-4k.json", bench_json("SWA-4096", 4096, 8, 4));
  write_file(folder / "bench-swa-64k.json", bench_json("SWA-4096", 65536, 50));
  write_file(folder / "bench-prefill.json", "{\"bench\": \"prefill\"}");
  write_file(folder / "other.json", "[]");
  const auto benches = read_benches(folder.path);
  REQUIRE(benches.size() == 4);
  const auto curves = training_curves(benches);
  REQUIRE(curves.size() == 2);
  const Table table = time_table(curves, "training", 65536);
  CHECK(row_named(table, "SWA-4096, bfloat16 (cuda)") == Texts{"SWA-4096, bfloat16 (cuda)", "2 s", "50 s", "1.16", "1.16"});  // log 25 / log 16
  CHECK(row_named(table, "ours − paper") == Texts{"ours − paper", "", "+1.00", "", ""});
  CHECK_THAT(factor_sentence(curves, "training"), Contains("4.0 times as fast (the paper, at 64k: about 3)"));
  const auto blocks = fig4_blocks({}, benches);
  CHECK_THAT(std::get<Prose>(blocks.back()).text, Contains("Inference is lacking"));
  CHECK_THAT(std::get<Prose>(fig4_blocks(inference_lines(), {}).back()).text, Contains("Training is lacking"));
  CHECK_THROWS_WITH(fig4_blocks({}, {}), Contains("fig4: the folders hold neither"));
  write_file(folder / "bench-again.json", bench_json("dense", 4096, 3));
  CHECK_THROWS_WITH(training_curves(read_benches(folder.path)),
                    Contains("bench-again.json and ") && Contains("bench-dense-4k.json both time dense, bfloat16 at 4096 tokens on cuda"));
}

TEST_CASE("what is no timing is refused by file and field", "[fig4]") {
  const ReportFolder folder;
  const auto refused = [&](const std::string& text, const std::string& reason) {
    write_file(folder / "bench.json", text);
    CHECK_THROWS_WITH(read_benches(folder.path), Contains("bench.json: ") && Contains(reason));
  };
  refused("[]", "expected a JSON object");
  refused("{}", "bench: is missing");
  refused("{\"bench\": \"train\", \"architecture\": 3}", "architecture: not of its type: 3");
  refused(bench_json("dense", 0, 2), "expected numbers above 0");
}
