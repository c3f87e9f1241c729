// What a report says beside its tables: unfinished evaluations, how to run it again, LaTeX, and the tables by their names.
#include "data/stats.h"
#include "eval/report/provenance.h"
#include "eval/report/report.h"
#include "eval/report/reproduction.h"
#include "eval/report/table5.h"
#include "eval/report/unfinished.h"
#include "tests/eval/report_runs.h"

using namespace smooth;
using Catch::Contains;
using Texts = std::vector<std::string>;

namespace {

const char* const kConfig =
    "out: x\nseed: 42\ntraining_length: 512\nbenchmark: niah\nlengths: [512, 1024]\nsamples: 100\nmodels:\n  - name: SWA SR\n    checkpoint: gone\n  "
    "- name: dense OS\n    checkpoint: gone\n"
    "    lengths: [512]\n";

std::string lines(int64_t count) {
  std::string text;
  for (int64_t i = 0; i < count; ++i) text += "{\"score\": 1}\n";
  return text;
}

}  // namespace

TEST_CASE("a table as LaTeX, escaped", "[table]") {
  Table table{"About `a_b` & 5 %", {"name", "1×"}, 1, {}, "t"};
  table.add({"a_b & {c} \\ # $ ^ ~", {"1.0", "[0.5, 2.0]"}});
  table.add({"[x]", "−2 µs ÷ β"});
  table.add({"theirs <b>", "50 %"}, RowKind::kPaper);
  const std::string latex = to_latex(table);
  CHECK_THAT(latex, Contains("\\begin{tabular}{@{}lr@{}}\n\\toprule\nname & 1\\ensuremath{\\times} \\\\\n\\midrule\n"));
  CHECK_THAT(latex,
             Contains("a\\_b \\& \\{c\\} \\textbackslash{} \\# \\$ \\textasciicircum{} \\textasciitilde{} & 1.0 {\\scriptsize [0.5, 2.0]} \\\\\n"));
  CHECK_THAT(latex, Contains("\n{}[x] & \\ensuremath{-}2 \\ensuremath{\\mu}s \\ensuremath{\\div} \\ensuremath{\\beta} \\\\\n"));
  CHECK_THAT(latex, Contains("\\textit{theirs \\textless{}b\\textgreater{}} & \\textit{50 \\%} \\\\\n\\bottomrule"));
  CHECK_THAT(latex, Contains("\\caption{About \\texttt{a\\_b} \\& 5 \\%}\n\\label{tab:t}\n\\end{table}\n"));
}

TEST_CASE("differences have a true minus, and none where they round to nothing", "[table]") {
  CHECK(format_difference(1.25, 1) == "+1.2");
  CHECK(format_difference(-0.4, 1) == "−0.4");
  CHECK(format_difference(-0.04, 1) == "0.0");
  CHECK(format_difference(12, 0) == "+12");
}

TEST_CASE("tables fold away, and Markdown keeps names from being markup", "[table]") {
  Table table{"With *stars* and <tags>", {"name"}, 1, {}, "", "More & more"};
  table.add({"*a* [x](http://y) `z`"});
  CHECK_THAT(to_html(table), Contains("<details class=\"fold\"><summary>More &amp; more</summary><figure") && Contains("</figure>\n</details>"));
  const std::string markdown = to_markdown(table);
  CHECK_THAT(markdown, Contains("<details><summary>More &amp; more</summary>\n\n| name |") && Contains("\\*a\\* [x]\\(http://y) \\`z\\`") &&
                           Contains("With \\*stars\\* and &lt;tags>"));
}

TEST_CASE("an evaluation that has not finished is named with how far it is", "[unfinished]") {
  const ReportFolder folder;
  write_file(folder / "eval/config.yaml", kConfig);
  write_file(folder / "eval/inputs/swa-sr.512.json", "{\"weights\": \"0123\", \"data\": \"\"}");
  CHECK(unfinished_of(folder / "eval", {}).text() == "has 0 of 3 cells; 3 have not begun");
  write_file(folder / "eval/pred/swa-sr.512.jsonl", lines(100));
  write_file(folder / "eval/pred/swa-sr.1024.jsonl", lines(37) + "{\"cut");
  CHECK(unfinished_of(folder / "eval", {smooth_cell(128, 64, 512, 99)}).text() ==
        "has 1 of 3 cells; SWA SR at 1024 has 37 of 100 tasks; 1 has not begun");
  CHECK(unfinished_of(folder / "eval", {smooth_cell(128, 64, 512, 99), smooth_cell(128, 64, 1024, 99), one_step_cell(512, 9, 1)}).text().empty());
  // Without results.json it has no cells, but it is in the report.
  write_report({folder.path}, folder / "report.html");
  CHECK_THAT(read_file(folder / "report.html"), Contains("<p class=\"notice\">Unfinished: eval has 0 of 3 cells; SWA SR at 512 has 100 of 100 tasks; "
                                                         "SWA SR at 1024 has 37 of 100 tasks; 1 has not begun.</p>"));
  write_file(folder / "eval/results.json", cells_to_json({smooth_cell(128, 64, 512, 99)}));
  CHECK_THROWS_WITH(write_report({folder.path}, folder / "report.html"), Contains("environment.json"));
  write_file(folder / "eval/environment.json", "{}");
  write_report({folder.path}, folder / "report.html");
  CHECK_THAT(read_file(folder / "report.html"), Contains("Unfinished: eval has 1 of 3 cells") && Contains(">99.0 <small>"));
  write_file(folder / "eval/config.yaml", "seed: 1\ntraining_length: 1\nsamples: many\nlengths: [5]\nmodels: [{name: a}]\n");
  CHECK_THROWS_WITH(unfinished_of(folder / "eval", {}), Contains("config.yaml:3:10: samples: expected a whole number, got"));
}

TEST_CASE("shards that are not merged are one unfinished evaluation, and merged ones none of their own", "[unfinished]") {
  const ReportFolder folder;
  for (const char* shard : {"0-of-2", "1-of-2"}) {
    const std::string part = folder / ("eval/shards/" + std::string(shard));
    write_evaluation(part, {smooth_cell(128, 64, 512, 99)});
    write_file(part + "/config.yaml", kConfig);
    write_file(part + "/pred/swa-sr.512.jsonl", lines(50));
  }
  const Runs runs = find_runs({folder.path});
  REQUIRE(runs.evaluations.size() == 1);
  CHECK((runs.evaluations[0].cells.empty() && runs.evaluations[0].seed == 42));
  CHECK(runs.evaluations[0].unfinished.text() ==
        "has 0 of 3 cells; SWA SR at 512 has 100 of 100 tasks; 2 have not begun; 2 shards are not merged (`./smooth eval CONFIG --merge`)");
  write_evaluation(folder / "eval", {smooth_cell(128, 64, 512, 99)});
  const Runs merged = find_runs({folder.path});
  REQUIRE(merged.evaluations.size() == 1);
  CHECK((merged.evaluations[0].cells.size() == 1 && merged.evaluations[0].unfinished.text().empty()));
}

TEST_CASE("LongBench's tasks are wanted too", "[unfinished]") {
  const ReportFolder folder;
  const std::string head = "seed: 1\ntraining_length: 0\nbenchmark: longbench\nmodels: [{name: SWA}]\n";
  write_file(folder / "config.yaml", head + "longbench: {path: gone}\n");
  CHECK(unfinished_of(folder.path, {}).cells == 16);
  write_file(folder / "config.yaml", head + "longbench: {path: gone, e: true, samples: null}\n");
  CHECK(unfinished_of(folder.path, {}).cells == 13);
  write_file(folder / "config.yaml", head + "longbench: {path: gone, tasks: [trec, lcc], samples: 5}\n");
  write_file(folder / "pred/swa/lcc.jsonl", lines(2));
  CHECK(unfinished_of(folder.path, {}).text() == "has 0 of 2 cells; SWA on lcc has 2 of 5 tasks; 1 has not begun");
}

TEST_CASE("to run it again: commands, seeds, checksums", "[provenance]") {
  const ReportFolder folder;
  write_evaluation(folder / "my eval", {smooth_cell(128, 64, 512, 99)});
  write_file(folder / "my eval/inputs/swa-sr.512.json", "{\"config\": \"\", \"weights\": \"0123\", \"data\": \"\"}");
  write_file(folder / "my eval/inputs/swa-sr.1024.json", "{\"config\": \"\", \"weights\": \"0123\", \"data\": \"\"}");
  write_file(folder / "my eval/inputs/swa-sr/hotpotqa.json", "{\"config\": \"\", \"weights\": \"4567\", \"data\": \"89ab\"}");
  write_file(folder / "swa/metrics.jsonl", "");
  write_file(folder / "swa/config.yaml", "seed: 7\n");
  write_file(folder / "swa/environment.json", "{\"cpu\": \"abacus\"}");
  write_file(folder / "swa/inputs.json", "{\"data/a.jsonl\": \"cdef\"}");
  write_file(folder / "data/manifest.json", "{\"rows\": [{\"file\": \"niah-a.sr.jsonl\", \"checksum\": \"aaaa\"}]}");
  write_file(folder / "data/config.yaml", "out: x\n");
  write_report({folder.path}, folder / "report.html");
  const std::string html = read_file(folder / "report.html"), csv = read_file(folder / "report-checksums.csv");
  CHECK_THAT(html, Contains("./smooth eval &#39;" + (folder / "my eval/config.yaml") + "&#39;") && Contains("<p>Seeds: swa 7, my eval 42.</p>"));
  CHECK_THAT(html, Contains("Versions and machine of swa, my eval."));
  CHECK(csv ==
        "run,of,checksum\ndata,niah-a.sr.jsonl,aaaa\nswa,data/a.jsonl,cdef\nmy eval,weights of swa-sr,0123\nmy eval,weights of swa-sr,4567\nmy "
        "eval,hotpotqa,89ab\n");
  write_file(folder / "swa/inputs.json", "{\"data/a.jsonl\": 3}");
  CHECK_THROWS_WITH(find_runs({folder.path}), Contains("inputs.json: data/a.jsonl: expected a checksum, got 3"));
}

TEST_CASE("a report of one of the paper's tables leads with it, and names those there are", "[reproduction]") {
  const ReportFolder folder;
  write_evaluation(folder / "eval", {smooth_cell(128, 64, 1024, 98), smooth_cell(128, 128, 1024, 12), smooth_cell(256, 64, 1024, 99),
                                     smooth_cell(256, 128, 1024, 97)});
  write_report({folder / "eval"}, folder / "out/window.html", "table4");
  const std::string html = read_file(folder / "out/window.html");
  CHECK_THAT(html, Contains("<h1>Table 4: window and chunk in smooth reading</h1>\n<p class=\"lead\">A chunk as large as the window collapses"));
  CHECK(html.find("by window (rows)") < html.find("<h2>Accuracy beyond"));
  CHECK_THAT(html, Contains("--as table4 --out "));
  for (const char* name :
       {"table4.csv", "table4.tex", "table4b.csv", "table4b.tex", "table3.csv", "table3.tex", "table4-accuracy.svg", "table4-time.svg"})
    CHECK(std::filesystem::exists(folder / ("out/window-" + std::string(name))));
  CHECK_THAT(read_file(folder / "out/window-table4.csv"),
             Contains("window,chunk 64,chunk 64 note,chunk 128,chunk 128 note\nwindow 128,98.0,\"[93.0, 99.4]\","));
  for (const auto& [as, title] : {std::pair("table3", "Table 3: needles"), std::pair("fig5", "Fig. 5: time")}) {
    write_report({folder / "eval"}, folder / "out/other.html", as);
    CHECK_THAT(read_file(folder / "out/other.html"), Contains("<h1>" + std::string(title)));
  }
  const auto refused = [&](const std::string& as, const std::string& reason) {
    CHECK_THROWS_WITH(write_report({folder / "eval"}, folder / "out/x.html", as), Contains(reason));
  };
  refused("table1", "report --as table1 is not known; it can be table2, table3");
  refused("table2", "table2: the runs hold no evaluation of LongBench");
  refused("table5", "table5: the folders hold no data set");
  refused("table7", "table7: the runs hold no model in smooth reading both");
  refused("fig4", "fig4: the folders hold neither");
  CHECK_FALSE(std::filesystem::exists(folder / "out/x.html"));
}

TEST_CASE("Table 5: ours beside the paper's, row by row and together", "[table5]") {
  std::vector<RowStats> counted(3);
  counted[0] = {"hotpotqa", "sr", 5000, 5000 * 4000, 9000, 5000 * 1000};
  counted[1] = {"hotpotqa", "os", 5000, 7, 7, 7};
  counted[2] = {"poems", "sr", 10, 10 * 100, 150, 500};
  const Table table = table5("set", counted, "sr");
  CHECK(row_named(table, "hotpotqa") == Texts{"hotpotqa", "5000", "5652", "−652", "4000", "4249", "−249", "9000", "25.0 %"});
  CHECK(row_named(table, "lcc") == Texts{"lcc", "–", "10000", "–", "–", "3331", "–", "–", "–"});
  CHECK(row_named(table, "poems") == Texts{"poems", "10", "–", "–", "100", "–", "–", "150", "50.0 %"});
  const Texts all = row_named(table, "all");
  CHECK((all[1] == "5010" && all[2] == "48856" && all[7] == "9000"));
  CHECK(table.rows.size() == 14);
}
