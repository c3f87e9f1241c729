// smooth-eval VERB ...: evaluation and reports.
#include <CLI/CLI.hpp>
#include <iostream>

#include "configs/load.h"
#include "configs/run.h"
#include "eval/report/report.h"
#include "eval/report/table3.h"
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
    if (*report) smooth::write_report(runs, out);
    return 0;
  });
}
