// What a config file may say, and the exact message and place for everything that it may not.
#include "configs/load.h"

#include <catch2/catch.hpp>

#include "configs/read.h"
#include "tests/configs/folder.h"
#include "tests/configs/sample.h"

using namespace smooth;
using Catch::Matchers::Contains;
using Catch::Matchers::Equals;
using Catch::Matchers::StartsWith;

namespace {

// What the sample has not: a list that has to be given, an optional that has a default.
struct Needy {
  std::vector<std::string> files;
  std::optional<double> rate = 0.5;

  template <class V>
  void visit(V& v) {
    v("files", files, "what to read", existing());
    v("rate", rate, "how fast");
  }
};

Sample load_sample(const std::string& file, const std::vector<std::string>& overrides = {}) {
  Item root = read_document(file);
  for (const std::string& text : overrides) apply_override(root, text);
  return read_config<Sample>(root);
}

Sample sample(const std::string& text, const std::vector<std::string>& overrides = {}) {
  const TestFolder folder;
  return load_sample(folder.file("a.yaml", text), overrides);
}

// The message for a file "a.yaml" with this text.
std::string mistake(const std::string& text, const std::vector<std::string>& overrides = {}) {
  const TestFolder folder;
  const std::string file = folder.file("a.yaml", text);
  return folder.short_form(message_of<ConfigError>([&] { load_sample(file, overrides); }));
}

}  // namespace

TEST_CASE("load: every kind of field is read") {
  const Sample s = sample(R"(
run: runs/one
mode: ur
stop: false
depth: 12.5
note: "null"
tags: [os, sr]
weights: [1, 4e-5, -.5, +2.]
lengths:
  - 8
  - 9223372036854775807
optim: {lr: 4e-5, warmup_steps: +10}
extra: {name: x}
rows:
  - name: first
    count: 3
  - {name: "2", optim: {lr: 3}}
)");
  CHECK(s.run == "runs/one");
  CHECK(s.mode == "ur");
  CHECK_FALSE(s.stop);
  CHECK(s.depth == 12.5);
  CHECK(s.note == "null");
  CHECK(s.tags == std::vector<std::string>{"os", "sr"});
  CHECK(s.weights == std::vector<double>{1, 4e-5, -0.5, 2});
  CHECK(s.lengths == std::vector<int64_t>{8, INT64_MAX});
  CHECK(s.optim.lr == 4e-5);
  CHECK(s.optim.warmup_steps == 10);
  REQUIRE(s.extra);
  CHECK(s.extra->name == "x");
  CHECK(s.extra->optim.lr == 0.5);
  REQUIRE(s.rows.size() == 2);
  CHECK(s.rows[0].count == 3);
  CHECK(s.rows[1].name == "2");
  CHECK(s.rows[1].optim.lr == 3);
}

TEST_CASE("load: what is not given keeps its default, null empties an optional") {
  const Sample s = sample("run: a\ndepth: null\nnote: ~\nextra:\n");
  CHECK(s.mode == "sr");
  CHECK(s.stop);
  CHECK_FALSE(s.depth);
  CHECK_FALSE(s.note);
  CHECK_FALSE(s.extra);
  CHECK(s.optim.lr == 0.5);
  CHECK(s.rows.empty());
}

TEST_CASE("load: unknown keys are named with their nearest neighbour") {
  CHECK_THAT(mistake("run: a\noptim:\n  lrr: 1\n"),
             Equals("a.yaml:3:3: optim.lrr: no such key; did you mean optim.lr? (keys here: lr, "
                    "min_lr, warmup_steps)"));
  CHECK_THAT(mistake("rum: a\n"),
             StartsWith("a.yaml:1:1: rum: no such key; did you mean run? (keys here: run, mode"));
  CHECK_THAT(mistake("run: a\nrows:\n- name: b\n- name: c\n  cuont: 2\n"),
             StartsWith("a.yaml:5:3: rows.1.cuont: no such key; did you mean rows.1.count? ("));
  CHECK_THAT(mistake("run: a\nwarmup: 2\n"),
             StartsWith("a.yaml:2:1: warmup: no such key (keys here: run"));
  CHECK_THAT(
      mistake("run: a\noptim: {warmup: 2}\n"),
      StartsWith("a.yaml:2:9: optim.warmup: no such key; did you mean optim.warmup_steps? ("));
  CHECK_THAT(mistake("run: a\noptim: {zebra: 2}\n"),
             StartsWith("a.yaml:2:9: optim.zebra: no such key (keys here"));
}

TEST_CASE("load: a key in the wrong struct is sent to the right one") {
  CHECK_THAT(
      mistake("run: a\nwarmup_steps: 2\n"),
      StartsWith("a.yaml:2:1: warmup_steps: no such key; did you mean optim.warmup_steps? ("));
  CHECK_THAT(mistake("run: a\nrows: [{name: x, warmup_steps: 2}]\n"),
             StartsWith("a.yaml:2:18: rows.0.warmup_steps: no such key; did you mean "
                        "rows.0.optim.warmup_steps? ("));
  CHECK_THAT(
      mistake("run: a\noptim: {tokenizer: 2}\n"),
      StartsWith("a.yaml:2:9: optim.tokenizer: no such key; did you mean tokenizer at the top? ("));
}

TEST_CASE("load: a wrong type says what was expected and what came") {
  const auto [text, expected] = GENERATE(table<std::string, std::string>({
      {"run: a\nlengths: [8, 9.5]",
       "2:14: lengths.1: expected a whole number, got `9.5` (lengths)"},
      {"run: a\nlengths: [1e3]", "2:11: lengths.0: expected a whole number, got `1e3` (lengths)"},
      {"run: a\nlengths: ['8']",
       "2:11: lengths.0: expected a whole number, got the text \"8\" (lengths)"},
      {"run: a\nlengths: [99999999999999999999]",
       "2:11: lengths.0: expected a whole number that fits into 64 bits, got "
       "`99999999999999999999` (lengths)"},
      {"run: a\nlengths: 8", "2:10: lengths: expected a list, got `8` (lengths)"},
      {"run: a\nlengths:", "2:1: lengths: expected a list, got nothing (lengths)"},
      {"run: a\noptim: {lr: fast}", "2:13: optim.lr: expected a number, got `fast` (peak rate)"},
      {"run: a\noptim: {lr: 4e-5x}", "2:13: optim.lr: expected a number, got `4e-5x` (peak rate)"},
      {"run: a\noptim: {lr: +-1}", "2:13: optim.lr: expected a number, got `+-1` (peak rate)"},
      {"run: a\noptim: {lr: \"\"}",
       "2:13: optim.lr: expected a number, got the text \"\" (peak rate)"},
      {"run: a\noptim: {lr: [1]}", "2:13: optim.lr: expected a number, got a list (peak rate)"},
      {"run: a\noptim: {lr: {a: 1}}",
       "2:13: optim.lr: expected a number, got a map of keys (peak rate)"},
      {"run: a\noptim: {lr: nan}",
       "2:13: optim.lr: expected a finite number, got `nan` (peak rate)"},
      {"run: a\noptim: {lr: inf}",
       "2:13: optim.lr: expected a finite number, got `inf` (peak rate)"},
      {"run: a\noptim: {lr: .inf}", "2:13: optim.lr: expected a number, got `.inf` (peak rate)"},
      {"run: a\noptim: {lr: 1e999}",
       "2:13: optim.lr: expected a number that fits into 64 bits, got `1e999` (peak rate)"},
      {"run: a\nstop: yes", "2:7: stop: expected true or false, got `yes` (may stop)"},
      {"run: a\nstop: 'true'",
       "2:7: stop: expected true or false, got the text \"true\" (may stop)"},
      {"run: a\nstop: 1", "2:7: stop: expected true or false, got `1` (may stop)"},
      {"run: [a]", "1:6: run: expected a text, got a list (run folder)"},
      {"run: null", "1:1: run: expected a text (\"\" for an empty one), got nothing (run folder)"},
      {"run: ''", "1:6: run: expected a text that is not empty, got the text \"\" (run folder)"},
      {"run: a\nrows: {name: x}", "2:7: rows: expected a list, got a map of keys (rows)"},
      {"run: a\nrows: [x]", "2:8: rows.0: expected a map of keys, got `x` (rows)"},
      {"run: a\noptim: 3", "2:8: optim: expected a map of keys, got `3` (rates)"},
      {"run: a\noptim: null", "2:1: optim: expected a map of keys, got nothing (rates)"},
      {"run: a\nextra: 3", "2:8: extra: expected a map of keys, got `3` (one more row)"},
      {"- run", "1:1: expected `key: value` lines, got a list"},
      {"run", "1:1: expected `key: value` lines, got `run`"},
  }));
  CHECK_THAT(mistake(text), Equals("a.yaml:" + expected));
}

TEST_CASE("load: numbers out of range") {
  CHECK_THAT(
      mistake("run: a\noptim: {lr: 0}"),
      Equals("a.yaml:2:13: optim.lr: expected a number that is above 0, got `0` (peak rate)"));
  CHECK_THAT(mistake("run: a\noptim: {lr: 20, min_lr: 10.5}"),
             Equals("a.yaml:2:25: optim.min_lr: expected a number that is from 0 to 10, got `10.5` "
                    "(last rate)"));
  CHECK_THAT(
      mistake("run: a\nlengths: [9, 7]"),
      Equals("a.yaml:2:14: lengths.1: expected a number that is at least 8, got `7` (lengths)"));
  CHECK_THAT(mistake("run: a\ndepth: 0"), Equals("a.yaml:2:8: depth: expected a number that is "
                                                 "above 0 and at most 100, got `0` (fixed depth)"));
  CHECK_THAT(mistake("run: a\ndepth: 100.5"),
             StartsWith("a.yaml:2:8: depth: expected a number that is above 0 and at most 100"));
  CHECK(sample("run: a\ndepth: 100\nlengths: [8]\noptim: {min_lr: 0}").depth == 100);
}

TEST_CASE("load: values that are not among the choices") {
  CHECK_THAT(mistake("run: a\nmode: srr"),
             Equals("a.yaml:2:7: mode: expected one of os, ur, sr; got `srr`; did you mean sr?"));
  CHECK_THAT(mistake("run: a\nmode: smooth"),
             Equals("a.yaml:2:7: mode: expected one of os, ur, sr; got `smooth`"));
  CHECK_THAT(mistake("run: a\ntags: [os, OS]"),
             Equals("a.yaml:2:12: tags.1: expected one of os, ur, sr; got `OS`; did you mean os?"));
}

TEST_CASE("load: a key given twice in one map") {
  CHECK_THAT(mistake("run: a\noptim:\n  lr: 1\n  lr: 2\n"),
             Equals("a.yaml:4:3: optim.lr: given twice, first at a.yaml:3:3; keep one"));
  CHECK_THAT(mistake("run: a\nrun: a\n"),
             Equals("a.yaml:2:1: run: given twice, first at a.yaml:1:1; keep one"));
  CHECK_THAT(mistake("run: a\n", {"optim={lr: 1, lr: 2}"}),
             Equals("--set optim={lr: 1, lr: 2}: optim.lr: given twice, first at --set optim={lr: "
                    "1, lr: 2}; keep one"));
}

TEST_CASE("load: a required key that is missing is named at the map around it") {
  CHECK_THAT(mistake("# only a comment\n\nstop: true\n"),
             Equals("a.yaml:3:1: run: missing; it has no default, so give it (run folder)"));
  CHECK_THAT(mistake(""),
             Equals("a.yaml:1:1: run: missing; it has no default, so give it (run folder)"));
  CHECK_THAT(mistake("# nothing\n"),
             Equals("a.yaml:1:1: run: missing; it has no default, so give it (run folder)"));
  CHECK_THAT(
      mistake("run: a\nrows:\n  - name: x\n  - count: 2\n"),
      Equals("a.yaml:4:5: rows.1.name: missing; it has no default, so give it (name of the row)"));
  CHECK_THAT(
      mistake("run: a\nextra: {count: 2}\n"),
      Equals("a.yaml:2:8: extra.name: missing; it has no default, so give it (name of the row)"));
}

TEST_CASE("load: paths are looked up") {
  const TestFolder folder;
  const std::string here = folder.path.string();
  const std::string file = folder.file("a.yaml", "run: a\ntokenizer: " + here + "/tok\n");
  CHECK_THAT(folder.short_form(message_of<ConfigError>([&] { load_sample(file); })),
             StartsWith("a.yaml:2:12: tokenizer: no such file or folder: tok; needed here: folder "
                        "of the tokenizer (looked up from "));
  std::filesystem::create_directory(folder.path / "tok");
  CHECK(load_sample(file).tokenizer == here + "/tok");

  const std::string list =
      folder.file("b.yaml", "run: a\nfiles:\n  - " + here + "/a.yaml\n  - " + here + "/c.jsonl\n");
  CHECK_THAT(folder.short_form(message_of<ConfigError>([&] { load_sample(list); })),
             StartsWith("b.yaml:4:5: files.1: no such file or folder: c.jsonl; needed here: "
                        "transcripts to read ("));
  folder.file("c.jsonl", "");
  CHECK(load_sample(list).files.size() == 2);
}

TEST_CASE("load: a required list has an item; null empties an optional that has a default") {
  const TestFolder folder;
  const std::string file = folder.file("a.yaml", "files: []\n");
  CHECK_THAT(
      folder.short_form(message_of<ConfigError>([&] { read_config<Needy>(read_document(file)); })),
      Equals("a.yaml:1:8: files: expected at least one item, got a list (what to read)"));
  folder.file("a.yaml", "files: [" + file + "]\n");
  CHECK(read_config<Needy>(read_document(file)).rate == 0.5);
  folder.file("a.yaml", "files: [" + file + "]\nrate: null\n");
  CHECK_FALSE(read_config<Needy>(read_document(file)).rate);
}

TEST_CASE("load: problems of a struct are told at the key, if it is given, else at the struct") {
  CHECK_THAT(mistake("run: a\noptim:\n  min_lr: 2\n  lr: 1\n"),
             Equals("a.yaml:3:3: optim.min_lr: is larger than lr (got `2`)"));
  CHECK_THAT(mistake("run: a\noptim:\n  lr: 1\n", {"optim.min_lr=2"}),
             Equals("--set optim.min_lr=2: optim.min_lr: is larger than lr (got `2`)"));
  CHECK_THAT(mistake("run: a\nnote: late\noptim:\n  warmup_steps: 0\n"),
             Equals("a.yaml:4:3: optim.warmup_steps: a late run has to warm up (got `0`)"));
  CHECK_THAT(mistake("run: a\nnote: late\noptim:\n  lr: 1\n"),
             Equals("a.yaml:3:1: optim.warmup_steps: a late run has to warm up"));
  CHECK_THAT(mistake("\nrun: a\nnote: late\n"),
             Equals("a.yaml:2:1: optim.warmup_steps: a late run has to warm up"));
}

TEST_CASE("load: YAML that is not YAML") {
  CHECK_THAT(mistake("run: a\noptim: {lr: 1\n"), StartsWith("a.yaml:3:1: not valid YAML: "));
  CHECK_THAT(mistake("run: a\n\tmode: sr\n"), StartsWith("a.yaml:2:1: not valid YAML: "));
  CHECK_THAT(mistake("run: *nowhere\n"), StartsWith("a.yaml:1:6: not valid YAML: "));
  CHECK_THAT(mistake("run: a\n---\nrun: b\n"),
             Equals("a.yaml:3:1: a second YAML document begins; a config is one document"));
  CHECK_THAT(mistake("run: a\n[1, 2]: b\n"), Equals("a.yaml:2:1: expected a plain word as key"));
  CHECK_THAT(mistake("run: &a [*a]\n"),
             Contains("nested more than 32 deep, or an alias of itself"));
}

TEST_CASE("load: files that cannot be read") {
  const TestFolder folder;
  const std::string none = (folder.path / "none.yaml").string();
  CHECK_THAT(
      folder.short_form(message_of<ConfigError>([&] { load_sample(none); })),
      StartsWith("none.yaml: no such file in ") && Contains("give the path of a YAML config"));
  CHECK_THAT(message_of<ConfigError>([&] { load_sample(folder.path.string()); }),
             Equals(folder.path.string() + ": is a folder; give a YAML file in it"));
}

TEST_CASE("load: includes lie below the file, key by key") {
  const TestFolder folder;
  folder.file("base.yaml",
              "run: base\nmode: os\noptim: {lr: 1, min_lr: 0.5}\nlengths: [8, 9]\ntags: [os]\n");
  folder.file("sub/more.yaml", "include: ../base.yaml\nmode: ur\noptim: {warmup_steps: 7}\n");
  folder.file("sub/last.yaml", "lengths: [10]\nnote: last\n");
  const Sample s = load_sample(
      folder.file("a.yaml", "run: top\ninclude: [sub/more.yaml, sub/last.yaml]\noptim: {lr: 2}\n"));
  CHECK(s.run == "top");
  CHECK(s.mode == "ur");
  CHECK(s.optim.lr == 2);
  CHECK(s.optim.min_lr == 0.5);
  CHECK(s.optim.warmup_steps == 7);
  CHECK(s.lengths == std::vector<int64_t>{10});
  CHECK(s.note == "last");
  CHECK(s.tags == std::vector<std::string>{"os"});
}

TEST_CASE("load: a mistake in an included file is told there") {
  const TestFolder folder;
  folder.file("sub/base.yaml", "run: base\noptim:\n  lr: slow\n");
  const std::string file = folder.file("a.yaml", "include: sub/base.yaml\nmode: ur\n");
  CHECK_THAT(folder.short_form(message_of<ConfigError>([&] { load_sample(file); })),
             StartsWith("sub/base.yaml:3:7: optim.lr: expected a number, got `slow`"));
  folder.file("a.yaml", "include: sub/base.yaml\noptim: {lr: 3}\n");
  CHECK(load_sample(file).optim.lr == 3);
  folder.file("a.yaml", "include: sub/base.yaml\noptim: {lr: 3,\n  min_lr: 4}\n");
  CHECK_THAT(folder.short_form(message_of<ConfigError>([&] { load_sample(file); })),
             StartsWith("a.yaml:3:3: optim.min_lr: is larger than lr"));
}

TEST_CASE("load: includes that are missing, circular or no files") {
  const TestFolder folder;
  const auto told = [&](const std::string& file) {
    return folder.short_form(message_of<ConfigError>([&] { load_sample(file); }));
  };
  CHECK_THAT(told(folder.file("a.yaml", "run: a\ninclude: sub/none.yaml\n")),
             Equals("a.yaml:2:10: include: no such file: sub/none.yaml; the path is relative to "
                    "the including file"));
  CHECK_THAT(told(folder.file("b.yaml", "include:\n  - {a: 1}\n")),
             Equals("b.yaml:2:5: include: expected a file or a list of files, got a map of keys"));
  CHECK_THAT(told(folder.file("b.yaml", "include:\n")),
             Equals("b.yaml:1:1: include: expected a file or a list of files, got nothing"));
  folder.file("x.yaml", "include: sub/y.yaml\n");
  folder.file("sub/y.yaml", "mode: sr\ninclude: [../z.yaml]\n");
  CHECK_THAT(told(folder.file("z.yaml", "include: x.yaml\nrun: z\n")),
             Equals("sub/y.yaml:2:11: include: files include each other in a circle: z.yaml -> "
                    "x.yaml -> sub/y.yaml -> z.yaml"));
  std::filesystem::create_directory_symlink(".", folder.path / "loop");  // one file, many names
  CHECK_THAT(told(folder.file("s.yaml", "include: loop/s.yaml\n")),
             Equals("s.yaml:1:10: include: files include each other in a circle: "
                    "s.yaml -> loop/s.yaml"));
}

TEST_CASE("load: a file that is included twice is no circle") {
  const TestFolder folder;
  folder.file("ground.yaml", "run: ground\n");
  folder.file("base.yaml", "include: ground.yaml\n");
  folder.file("left.yaml", "include: base.yaml\n");
  folder.file("right.yaml", "include: base.yaml\nmode: os\n");
  const Sample s = load_sample(folder.file("a.yaml", "include: [left.yaml, right.yaml]\n"));
  CHECK(s.run == "ground");
  CHECK(s.mode == "os");
}

TEST_CASE("load: what is missing in a map is told at the last file that wrote it") {
  const TestFolder folder;
  folder.file("base.yaml", "run: base\nextra: {count: 2}\n");
  const auto told = [&](const std::string& text) {
    const std::string file = folder.file("a.yaml", text);
    return folder.short_form(message_of<ConfigError>([&] { load_sample(file); }));
  };
  CHECK_THAT(told("include: base.yaml\n"), StartsWith("base.yaml:2:8: extra.name: missing"));
  CHECK_THAT(told("include: base.yaml\nextra:\n  count: 3\n"),
             StartsWith("a.yaml:3:3: extra.name: missing"));
}

TEST_CASE("load: --set comes last") {
  const std::string text = "run: a\noptim: {lr: 1, min_lr: 0.5}\nrows: [{name: x}, {name: y}]\n";
  const Sample s = sample(text, {"optim.lr=4e-5", "optim.min_lr=0", "rows.1.count=10",
                                 "rows.1.count=20", "lengths=[8, 16]", "extra.name=new", "note=a=b",
                                 "depth=5", "depth=null", "rows.0={count: 4}"});
  CHECK(s.optim.lr == 4e-5);
  CHECK(s.optim.min_lr == 0);
  CHECK(s.rows[1].count == 20);
  CHECK(s.rows[0].name == "x");
  CHECK(s.rows[0].count == 4);
  CHECK(s.lengths == std::vector<int64_t>{8, 16});
  REQUIRE(s.extra);
  CHECK(s.extra->name == "new");
  CHECK(s.note == "a=b");
  CHECK_FALSE(s.depth);
  CHECK(sample("run: a\nextra: null\n", {"extra.name=new"}).extra->name == "new");
}

TEST_CASE("load: mistakes in --set are told there") {
  const auto [set, expected] = GENERATE(table<std::string, std::string>({
      {"optim.lrr=1",
       "optim.lrr: no such key; did you mean optim.lr? (keys here: lr, min_lr, warmup_steps)"},
      {"optim.lr=fast", "optim.lr: expected a number, got `fast` (peak rate)"},
      {"optim.lr=-1", "optim.lr: expected a number that is above 0, got `-1` (peak rate)"},
      {"optim.lr.x=1", "optim.lr: expected a number, got a map of keys (peak rate)"},
      {"run=", "run: expected a text (\"\" for an empty one), got nothing (run folder)"},
      {"lengths=8", "lengths: expected a list, got `8` (lengths)"},
      {"lengths=[8,", "lengths: not valid YAML: end of sequence flow not found"},
      {"rows.2.count=1", "rows: is a list: expected an item from 0 to 1, got `2`"},
      {"rows.first.count=1", "rows: is a list: expected an item from 0 to 1, got `first`"},
      {"rows.-1.count=1", "rows: is a list: expected an item from 0 to 1, got `-1`"},
      {"tags.0=os", "tags: the list is empty, it has no item `0`"},
      {"lengths.0=8", "lengths: expected a list, got a map of keys (lengths)"},
      {"optim.lr", "expected KEY=VALUE, such as optim.lr=1e-5"},
      {"=1", "expected KEY=VALUE, such as optim.lr=1e-5"},
      {"optim..lr=1", "`optim..lr` has an empty part; expected keys joined by single dots"},
      {"optim.=1", "`optim.` has an empty part; expected keys joined by single dots"},
      {".run=1", "`.run` has an empty part; expected keys joined by single dots"},
      {"include=b.yaml",
       "include: no such key (keys here: run, mode, tokenizer, stop, depth, note, files, tags, "
       "weights, "
       "lengths, optim, extra, rows)"},
  }));
  CHECK_THAT(mistake("run: a\noptim: {lr: 1}\ntags: []\nrows: [{name: x}, {name: y}]\n", {set}),
             Equals("--set " + set + ": " + expected));
}

// The real trees change; what is asked here holds for any of them that requires a key.
TEMPLATE_TEST_CASE("load: the real trees, through the front door", "", DataConfig, TrainConfig,
                   EvalConfig) {
  const TestFolder folder;
  const std::string file = folder.file("real.yaml", "# nothing yet\n");
  const auto told = [&](const std::vector<std::string>& overrides) {
    return folder.short_form(
        message_of<ConfigError>([&] { load_config<TestType>(file, overrides); }));
  };
  CHECK_THAT(told({}), StartsWith("real.yaml:1:1: ") && Contains(": missing; it has no default"));
  CHECK_THAT(told({"zzzz=1"}),
             StartsWith("--set zzzz=1: zzzz: no such key (keys here: ") && Contains("seed"));
}
