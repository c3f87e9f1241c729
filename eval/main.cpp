// smooth-eval VERB ...: evaluation and reports.
#include <CLI/CLI.hpp>
#include <iostream>

#include "configs/load.h"
#include "configs/run.h"
#include "eval/read.h"
#include "eval/report/report.h"
#include "eval/run.h"

int main(int argc, char** argv) {
  CLI::App app("Evaluates models and reports on runs.", "./smooth");
  app.require_subcommand(1);

  std::string file;
  std::vector<std::string> overrides;
  bool replace = false;
  CLI::App* eval = app.add_subcommand("eval", "run a benchmark in one-step, unsmooth or smooth reading; run again, it resumes");
  eval->add_option("CONFIG", file, "the evaluation's YAML; configs/reference.md lists every key")->required();
  eval->add_option("--set", overrides, "key=value over the file's, e.g. samples=100")->allow_extra_args(false);
  eval->add_flag("--replace", replace, "do cells again that were made with another config or other weights");

  std::vector<std::string> runs;
  std::string out = "report.html";
  CLI::App* report = app.add_subcommand("report", "tables and plots of training runs and evaluations, with the paper's numbers beside");
  report->add_option("RUN", runs, "run folders, or folders that hold them")->required();
  report->add_option("--out", out, "the report's file; .md and .csv are written beside it");

  smooth::ReadOptions options;
  CLI::App* read = app.add_subcommand("read", "read a document with a model, showing each summary as it is written");
  read->add_option("--model", options.model, "model folder or run folder")->required();
  read->add_option("--document", options.document, "text file")->required();
  read->add_option("--question", options.question, "what is asked")->required();
  read->add_option("--instruction", options.instruction, "what is said before the question");
  read->add_option("--mode", options.reading.mode, "os, ur or sr");
  read->add_option("--chunk", options.reading.chunk, "largest chunk, in estimated tokens");
  read->add_option("--template", options.chat_template, "chatml, qwen2.5, mistral, rwkv-world or plain");
  read->add_option("--device", options.device, "cpu or cuda");
  bool read_all = false;
  read->add_flag("--no-early-stop", read_all, "read all chunks before answering");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  return smooth::run_main([&] {
    if (*eval) {
      const auto config = smooth::load_config<smooth::EvalConfig>(file, overrides);
      std::cout << smooth::table3(smooth::evaluate(config, replace), config.training_length);
    }
    options.reading.early_stop = !read_all;
    if (*read) smooth::read_document(options);
    if (*report) smooth::write_report(runs, out);
    return 0;
  });
}
