// smooth-eval VERB ...: evaluation and reports.
#include <CLI/CLI.hpp>
#include <iostream>

#include "configs/load.h"
#include "configs/run.h"
#include "eval/bench.h"
#include "eval/generate.h"
#include "eval/read.h"
#include "eval/report/report.h"
#include "eval/reproduce.h"
#include "eval/run.h"
#include "eval/watch.h"
#include "model/convert.h"

namespace {

void add_choice(CLI::App* verb, smooth::ModelChoice& choice) {
  verb->add_option("--model", choice.model, "model folder, run folder, or a file of weights")->required();
  verb->add_option("--device", choice.device, "cpu (unless given) or cuda");
  verb->add_option("--dtype", choice.dtype, "of weights and activations: float32 (unless given) or bfloat16");
  verb->add_option("--window", choice.sliding_window, "a window of so many keys on every layer; 0: dense");
  verb->add_option("--window-edge", choice.window_edge, "hf: the token is one of the window's keys (unless given); flash: one more");
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Evaluates models and reports on runs.", "./smooth");
  app.require_subcommand(1);

  std::string file;
  std::vector<std::string> overrides;
  bool replace = false;
  CLI::App* eval = app.add_subcommand("eval", "run a benchmark in one-step, unsmooth or smooth reading; run again, it resumes");
  eval->add_option("CONFIG", file, "the evaluation's YAML; configs/reference.md lists every key")->required();
  eval->add_option("--set", overrides, "key=value over the file's, e.g. samples=100")->allow_extra_args(false);
  std::string watched;
  CLI::Option* watching = eval->add_option("--watch", watched, "evaluate every checkpoint of this training run as it appears, up to its last step. Every line reads that "
                                           "checkpoint, whatever its own `checkpoint` says. Results: OUT/step-N; curves: RUN/accuracies.jsonl, TensorBoard, ./smooth report RUN");
  watching->type_name("RUN");
  std::string shard;
  bool merging = false;
  CLI::Option* sharing = eval->add_option("--shard", shard, "do the i-th of n parts, as 0/8 to 7/8: jobs of an array share the work so");
  eval->add_flag("--merge", merging, "put the parts of all shards together")->excludes(sharing)->excludes(watching);
  sharing->type_name("i/n")->excludes(watching);
  eval->add_flag("--replace", replace, "do cells again that were made with another config or other weights");

  std::vector<std::string> runs;
  std::string out = "report.html", as;
  CLI::App* report = app.add_subcommand("report", "tables and plots of training runs and evaluations, with the paper's numbers beside");
  report->add_option("RUN", runs, "run folders, or folders that hold them")->required();
  report->add_option("--out", out, "the report's file; beside it the same as .md, pictures as .svg, tables as .csv and .tex");
  report->add_option("--as", as, "lead with one of the paper's tables or figures: table2 to table7, fig4 to fig6");

  CLI::App* reproduce = app.add_subcommand("reproduce", "what ./smooth reproduce runs for one table or figure: its commands, a line each, fields separated by tabs");
  reproduce->add_option("FILE", file, "its YAML, as those in configs/reproduce")->required();

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

  smooth::GenerateOptions text;
  CLI::App* generate = app.add_subcommand("generate", "go on with a text, streaming it; prefill and decode rates at the end");
  add_choice(generate, text.choice);
  generate->add_option("--prompt", text.prompt, "what is gone on with")->required();
  generate->add_option("--template", text.chat_template, "chat template around the prompt; the prompt as it is unless given");
  generate->add_option("--tokenizer", text.tokenizer, "folder of the tokenizer; the model's unless given");
  generate->add_option("--max-tokens", text.max_tokens, "most tokens that are written, 256 unless given")->check(CLI::PositiveNumber);
  generate->add_option("--temperature", text.sampling.temperature, "0 (unless given) is greedy")->check(CLI::NonNegativeNumber);
  generate->add_option("--top-p", text.sampling.top_p, "smallest set of tokens with this probability")->check(CLI::Range(1e-9, 1.0));
  generate->add_option("--top-k", text.sampling.top_k, "most probable tokens kept, 0 for all")->check(CLI::NonNegativeNumber);
  generate->add_option("--seed", text.seed, "of the sampling");
  generate->add_flag("--ignore-end", text.ignore_end, "go on past the model's end of text");

  smooth::ModelChoice choice;
  std::string ids, tensors;
  CLI::App* logits = app.add_subcommand("logits", "logits [T, V] of given token ids, for comparing with other implementations");
  add_choice(logits, choice);
  logits->add_option("--ids", ids, "file of token ids separated by blanks")->required();
  logits->add_option("--out", tensors, "safetensors file to write: fp32 tensor `logits`")->required();

  smooth::ConvertOptions conversion;
  CLI::App* convert = app.add_subcommand("convert", "a checkpoint in another layout or dtype, bit for bit");
  convert->add_option("--from", conversion.from, "model or run folder, or a file of weights (.pth, .bin, .safetensors)")->required();
  convert->add_option("--to", conversion.to, "folder (layout hf), or .pth or .safetensors file (layout blinkdl)")->required();
  convert->add_option("--layout", conversion.layout, "hf (unless given), or blinkdl: RWKV-LM's names for RWKV-7");
  convert->add_option("--dtype", conversion.dtype, "stored (unless given), float32 or bfloat16");
  convert->add_option("--shard-bytes", conversion.shard_bytes, "largest file of a folder, 5 GB unless given")->check(CLI::PositiveNumber);

  std::string timed;
  CLI::App* bench = app.add_subcommand("bench", "throughput, memory and share of the machine's limits, as a JSON object");
  bench->add_option("WHAT", timed, "prefill or decode; a training step: ./smooth bench train CONFIG")->required()->check(CLI::IsMember({"prefill", "decode"}));
  bench->add_option("CONFIG", file, "the benchmark's YAML; configs/reference.md lists every key")->required();
  bench->add_option("--set", overrides, "key=value over the file's, e.g. prompt=2048")->allow_extra_args(false);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  return smooth::run_main([&] {
    if (*watching) {
      smooth::watch(smooth::load_watching(file, overrides), watched, replace);
    } else if (*eval) {
      const auto config = smooth::load_config<smooth::EvalConfig>(file, overrides);
      const smooth::Shard part = *sharing ? smooth::Shard::from_text(shard) : smooth::Shard();
      std::cout << smooth::results_table(merging ? smooth::merge_shards(config) : smooth::evaluate(config, replace, part), config.training_length);
    }
    options.reading.early_stop = !read_all;
    if (*read) smooth::read_document(options);
    if (*generate) smooth::generate(text);
    if (*logits) smooth::write_logits(choice, ids, tensors);
    if (*convert) smooth::convert_weights(conversion);
    if (*bench) std::cout << smooth::bench(timed, smooth::load_config<smooth::BenchConfig>(file, overrides)) << std::endl;
    if (*reproduce) {
      const smooth::ReproductionPlan plan = smooth::plan_reproduction(file);
      smooth::note(plan.time);
      std::cout << plan.commands;
    }
    if (*report) {
      smooth::write_report(runs, out, as);
      smooth::note("the report: " + out);
    }
    return 0;
  });
}
