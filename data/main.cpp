// smooth-data VERB ...: building the set and looking at it, needles, tokens, scores.
#include <CLI/CLI.hpp>
#include <ctime>
#include <iostream>
#include <nlohmann/json.hpp>

#include "configs/load.h"
#include "configs/run.h"
#include "data/build.h"
#include "data/in_order.h"
#include "data/niah.h"
#include "data/niah_wording.h"
#include "data/scores/longbench_folder.h"
#include "data/scores/metrics.h"
#include "data/scores/predictions.h"
#include "data/show.h"
#include "data/sources/fetch.h"
#include "data/stats.h"
#include "data/tokenizers/markers.h"

namespace {

using namespace smooth;
using Json = nlohmann::ordered_json;

// What of an evaluation's config a file of needle tasks has otherwise.
struct NiahFile {
  std::string tokenizer, out;
  int64_t length = 4096;
  std::optional<int64_t> samples, seed;
};

// RULER's record, one line a task, so that its own scripts read it.
std::string ruler_line(const Task& task, const NiahConfig& config, int64_t index) {
  const NiahWording wording(config.value_type, task.answers.size() == 1);
  const Json json = {{"index", index}, {"input", task.instruction + "\n" + task.context + "\n" + task.question}, {"outputs", task.answers}, {"length", task.length},
                     {"answer_prefix", wording.answer_prefix(task.subject.substr(wording.subject("").size()))}};
  return json.dump() + "\n";
}

void write_niah(const EvalConfig& config, const NiahFile& file) {
  if (!config.niah.file.empty()) throw ConfigError("niah.file: " + config.niah.file + " holds tasks already; leave it out to make some");
  if (config.niah.distance.size() > 1) throw ConfigError("niah.distance: a file has its needles at one distance; choose it by --set niah.distance=[N]");
  const Niah niah(config.niah, load_tokenizer(file.tokenizer));
  const int64_t samples = file.samples.value_or(config.samples), seed = file.seed.value_or(config.seed);
  Progress progress("niah", samples, "tasks");
  InOrder<std::string> lines(samples, config.threads, [&](int64_t i) { return ruler_line(niah.task(seed, file.length, i), config.niah, i); });
  write_file(file.out, [&](const Append& append) {
    for (int64_t i = 0; i < samples; ++i) {
      append(lines.next());
      progress.advance(1);
    }
  });
  progress.finish();
}

// One text a line in, ids out; or the reverse. With --jsonl JSON strings and arrays.
void tokenize(const std::string& folder, bool jsonl, bool reverse) {
  const auto tokenizer = load_tokenizer(folder);
  for (std::string line; std::getline(std::cin, line);) {
    if (!reverse) {
      const std::vector<int64_t> ids = tokenizer->encode(jsonl ? Json::parse(line).get<std::string>() : line);
      std::string plain;
      for (const int64_t id : ids) plain += (plain.empty() ? "" : " ") + std::to_string(id);
      std::cout << (jsonl ? Json(ids).dump() : plain) << "\n";
    } else {
      std::vector<int64_t> ids;
      if (jsonl) {
        ids = Json::parse(line).get<std::vector<int64_t>>();
      } else {
        std::istringstream words(line);
        for (int64_t id; words >> id;) ids.push_back(id);
      }
      const std::string text = tokenizer->decode(ids);
      std::cout << (jsonl ? Json(text).dump() : text) << "\n";
    }
  }
}

void fetch_raw(const std::string& row, const std::string& folder, bool download) {
  if (download) {
    fetch(raw_home(row), folder);
  } else {
    std::cout << fetch_commands(raw_home(row), folder);
  }
}

// How fast: texts as JSON strings on standard input, one JSON object out, in seconds of processor time. Reading the texts is not
// counted.
void time_tokenizer(const std::string& folder) {
  const auto since = [](std::clock_t start) { return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC; };
  const std::clock_t start = std::clock();
  const auto tokenizer = load_tokenizer(folder);
  const double load_seconds = since(start);
  std::vector<std::string> texts;
  for (std::string line; std::getline(std::cin, line);) texts.push_back(Json::parse(line).get<std::string>());
  size_t bytes = 0, tokens = 0;
  const std::clock_t begun = std::clock();
  for (const std::string& text : texts) {
    bytes += text.size();
    tokens += tokenizer->encode(text).size();
  }
  const Json json = {{"texts", texts.size()}, {"bytes", bytes}, {"tokens", tokens}, {"seconds", since(begun)}, {"load_seconds", load_seconds}};
  std::cout << json.dump() << "\n";
}

void score_folder(const std::string& folder, bool e, const std::string& code_backend) {
  const LongBenchResult result = score_longbench(folder, e, code_backend, [](const std::string& warning) { std::cerr << "smooth: warning: " << warning << "\n"; });
  std::cout << result.json() << "\n";
  if (result.tasks.contains("lcc") || result.tasks.contains("repobench-p")) std::cerr << "smooth: code similarity by " << code_backend << "\n";
  std::cerr << result.averages();
}

// {metric, pred, answers, classes} on each line of standard input, its score out: for comparing with other implementations.
void score_pairs(const std::string& code_backend) {
  for (std::string line; std::getline(std::cin, line);) {
    const auto pair = parse_line(line);
    const auto classes = pair.find("classes");
    std::cout << Json(score(pair.at("metric"), pair.at("pred"), strings(pair.at("answers"), "answers"),
                            classes == pair.end() ? std::vector<std::string>() : strings(*classes, "classes"), code_backend))
              << "\n";
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::string called = argc > 1 ? argv[1] : "";
  const bool by_itself = called == "niah" || called == "tokenize" || called == "detokenize" || called == "score";  // without `data` before it
  CLI::App app("Builds training sets and looks at them.", by_itself ? "./smooth" : "./smooth data");
  app.require_subcommand(1);
  std::string config, out, folder, file, id, row, chat_template, code_backend = "difflib";
  std::vector<std::string> overrides;
  bool replace = false, jsonl = false, tokens = false, timed = false, download = false, price = false, e = false, pairs = false;
  NiahFile needles;

  CLI::App* build = app.add_subcommand("build", "raw data -> teacher -> transcripts in SR, OS and UR forms; run again, it resumes");
  build->add_option("CONFIG", config, "the set's YAML; configs/reference.md lists every key")->required();
  build->add_option("--set", overrides, "key=value over the file's, e.g. seed=2")->allow_extra_args(false);
  build->add_flag("--replace", replace, "begin anew where the folder holds a set of another config");
  build->add_flag("--price", price, "only say what the language model would be asked, and at what price");

  CLI::App* raw = app.add_subcommand("fetch", "where a row's raw data has its home: the commands that bring its training split, or bring it");
  raw->add_option("ROW", row, "row of Table 5, e.g. hotpotqa, or longbench")->required();
  raw->add_option("--out", out, "folder for the row's folder; raw unless given");
  raw->add_flag("--download", download, "run them; a broken download goes on where it broke");

  CLI::App* stats = app.add_subcommand("stats", "a set beside Table 5: samples, lengths, what is written, by row and form, with histograms; its overlap with LongBench");
  stats->add_option("DIR", folder, "the set's folder")->required();

  CLI::App* show = app.add_subcommand("show", "one sample of a set");
  show->add_option("FILE", file, "a ROW.FORM.jsonl of a set")->required();
  show->add_option("--id", id, "which sample; the first if not given");
  show->add_flag("--tokens", tokens, "as coloured tokens: what carries loss stands out");

  for (CLI::App* verb : {stats, show}) {
    verb->add_option("--chat-template", chat_template, "how turns are laid out: chatml, qwen2.5, mistral, rwkv-world or plain; the set's own unless given");
  }

  CLI::App* niah = app.add_subcommand("niah", "RULER's needle tasks, as RULER's jsonl: the tasks of an evaluation's config at one length, on all cores. "
                                              "niah.variant names RULER's eight tasks, configs/reference.md has every key (eval, niah.*)");
  niah->add_option("--config", config, "an evaluation's YAML: its niah section, samples, seed and threads")->required();
  niah->add_option("--set", overrides, "key=value over the file's, e.g. niah.variant=multikey_1 or niah.distance=[2048]")->allow_extra_args(false);
  niah->add_option("--model", needles.tokenizer, "folder whose tokenizer counts lengths")->required();
  niah->add_option("--length", needles.length, "tokens per task, 4096 unless given")->check(CLI::PositiveNumber);
  niah->add_option("--samples", needles.samples, "tasks; the config's unless given")->check(CLI::PositiveNumber);
  niah->add_option("--seed", needles.seed, "seed; the config's unless given")->check(CLI::NonNegativeNumber);
  niah->add_option("--out", needles.out, "file to write: index, input, outputs, length and answer_prefix on each line")->required();

  CLI::App* encode = app.add_subcommand("tokenize", "standard input to ids, one text a line");
  CLI::App* decode = app.add_subcommand("detokenize", "ids on standard input to text, one list a line");
  for (CLI::App* verb : {encode, decode}) {
    verb->add_option("--model", folder, "folder of the tokenizer")->required();
    verb->add_flag("--jsonl", jsonl, "JSON strings and arrays instead of plain lines");
  }
  CLI::App* markers = app.add_subcommand("markers", "a published tokenizer with the tokens <CONTINUE> and <STOP> added");
  markers->add_option("--model", folder, "folder of the tokenizer")->required();
  markers->add_option("--out", out, "new folder for the tokenizer's files")->required();
  encode->add_flag("--time", timed, "only say how long encoding the lines (JSON strings) takes, as one JSON object");
  CLI::App* scores = app.add_subcommand("score", "LongBench's score of each DATASET.jsonl in a folder, as its result.json; averages on standard error");
  scores->add_option("DIR", folder, "folder of predictions, a line each: pred, answers, all_classes, length");
  scores->add_flag("--e", e, "LongBench-E: by length");
  scores->add_option("--code-backend", code_backend, "of code_sim: difflib (unless given) is the official script without python-Levenshtein, levenshtein with it")
      ->check(CLI::IsMember({"difflib", "levenshtein"}));
  scores->add_flag("--pairs", pairs)->group("");
  CLI::App* reference = app.add_subcommand("reference", "every key of every config, as Markdown");

  try {
    app.parse(argc, argv);
    if (*scores && folder.empty() && !pairs) throw CLI::RequiredError("DIR");
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  return run_main([&] {
    if (*build && price) std::cout << price_set(load_config<DataConfig>(config, overrides));
    if (*build && !price) build_set(load_config<DataConfig>(config, overrides), replace);
    if (*raw) fetch_raw(row, (out.empty() ? "raw" : out) + "/" + row, download);
    if (*stats) std::cout << set_stats(folder, chat_template);
    if (*show) std::cout << show_sample(file, id, tokens, chat_template);
    if (*niah) write_niah(load_config<EvalConfig>(config, overrides, Paths::as_given), needles);
    if (*encode && timed) time_tokenizer(folder);
    if ((*encode && !timed) || *decode) tokenize(folder, jsonl, static_cast<bool>(*decode));
    if (*markers) add_markers(folder, out);
    if (*scores && pairs) score_pairs(code_backend);
    if (*scores && !pairs) score_folder(folder, e, code_backend);
    if (*reference) std::cout << config_reference();
    return 0;
  });
}
