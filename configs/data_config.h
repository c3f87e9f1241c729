// The options of data: tasks, readings, raw sets and teachers.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "configs/field.h"
#include "configs/niah_config.h"

namespace smooth {

// How a reading is laid out. Sizes of chunks are in estimated tokens, Int(1.5 x words), as in the paper's A.1.1.
struct ReadingConfig {
  std::string mode = "sr";  // os | ur | sr
  int64_t chunk = 1024;
  bool early_stop = true;
  int64_t max_summary_tokens = 512, max_answer_tokens = 128;

  template <class V>
  void visit(V& v) {
    v("mode", mode, "one-step, unsmooth or smooth reading", one_of({"os", "ur", "sr"}));
    v("chunk", chunk, "largest chunk, in estimated tokens (1.5 x words)", at_least(1));
    v("early_stop", early_stop, "may the reader stop before the last chunk");
    v("max_summary_tokens", max_summary_tokens, "longest summary that is written", at_least(1));
    v("max_answer_tokens", max_answer_tokens, "longest answer of one-step reading", at_least(1));
  }
};

// A SentencePiece tokenizer trained on the set's own text, or a folder that holds a tokenizer already.
struct TokenizerConfig {
  std::string path;
  int64_t vocab_size = 1024;
  std::string model_type = "unigram";
  bool split_punctuation = false;
  int64_t training_documents = 500;

  template <class V>
  void visit(V& v) {
    v("path", path, "folder of a tokenizer to use; empty: train one on the set's text", existing_if_given());
    v("vocab_size", vocab_size, "pieces of the trained tokenizer", between(300, 200000));
    v("model_type", model_type, "how the trained tokenizer finds its pieces", one_of({"unigram", "bpe"}));
    v("split_punctuation", split_punctuation, "pieces of the trained tokenizer hold letters or punctuation, not both");
    v("training_documents", training_documents, "documents of text that it is trained on", between(10, 1000000));
  }
};

// Where a row's raw data lies, and how its tasks are made of it.
struct SourceConfig {
  std::string path;
  std::string bad_rows = "stop";  // stop | skip
  int64_t max_field_mb = 16;
  int64_t mean_tokens = 0, max_tokens = 32768;
  std::string spool;

  template <class V>
  void visit(V& v) {
    v("path", path, "a file or folder of the raw set's training split; where there is none, its rows are left out and named", required());
    v("bad_rows", bad_rows, "a row that is not what it should be stops the build, or is skipped and counted", one_of({"stop", "skip"}));
    v("max_field_mb", max_field_mb, "largest text of a raw row, in MiB; a larger one is a bad row", between(1, 512));
    v("mean_tokens", mean_tokens, "mean length of contexts, in estimated tokens (1.5 x words); 0: as in Table 5", at_least(0));
    v("max_tokens", max_tokens, "longest context, in estimated tokens", at_least(64));
    v("spool", spool, "folder for temporary files as large as the raw texts; empty: the system's");
  }
  std::optional<Problem> problem() const {
    if (mean_tokens > max_tokens) return Problem{"mean_tokens", "is larger than max_tokens"};
    return {};
  }
};

// Table 5's rows: a rule teacher writes the first three, a language model the others.
inline const std::vector<std::string> kRuleRows = {"niah-a", "niah-b", "passage-count"};
inline const std::vector<std::string> kChatRows = {"hotpotqa", "narrativeqa", "govreport", "qmsum", "trec", "triviaqa", "samsum", "passage-retrieval", "lcc"};

// A row whose tasks the project makes itself, as those of the tiny LongBench (data/tiny/tiny.h).
struct TinyConfig {
  bool kin = false;
  int64_t drill = 0;
  std::string split = "train";

  template <class V>
  void visit(V& v) {
    v("kin", kin, "words of the row's kin too: of the tasks of LongBench that no row trains");
    v("drill", drill, "in place of the task, so many things that tasks tell, to be found one after another, a quarter of them not there; 0: the task", at_least(0));
    v("split", split, "subjects, values and sentences of train and test never meet", one_of({"train", "test", "all"}));
  }
};

// The tiny LongBench beside a set: OUT/longbench/DATASET.jsonl of all sixteen tasks, whose subjects, values and sentences no row with
// split: train has.
struct TinyBenchmarkConfig {
  int64_t samples = 50, min_tokens = 512, max_tokens = 2048;

  template <class V>
  void visit(V& v) {
    v("samples", samples, "records of each task", between(1, 1000000));
    v("min_tokens", min_tokens, "shortest context, in the tokenizer's tokens", at_least(64));
    v("max_tokens", max_tokens, "longest context, in the tokenizer's tokens", at_least(64));
  }
  std::optional<Problem> problem() const {
    if (min_tokens > max_tokens) return Problem{"min_tokens", "is larger than max_tokens"};
    return {};
  }
};

// One row of the set: a kind of task, its teacher and how many samples of which length.
struct RowConfig {
  std::string row, name;
  int64_t samples = 1667;
  std::vector<std::string> forms = {"sr", "os", "ur"};
  std::optional<SourceConfig> source;
  double min_score = 0;
  int64_t min_tokens = 512, max_tokens = 32768;
  int64_t min_chunk = 128, max_chunk = 4096;
  NiahConfig niah;
  std::optional<TinyConfig> tiny;

  const std::string& file() const { return name.empty() ? row : name; }
  bool needles() const { return row == "niah-a" || row == "niah-b"; }
  bool by_rules() const { return tiny || std::count(kRuleRows.begin(), kRuleRows.end(), row) > 0; }

  template <class V>
  void visit(V& v) {
    std::vector<std::string> rows = kRuleRows;
    rows.insert(rows.end(), kChatRows.begin(), kChatRows.end());
    v("row", row, "row of Table 5", Allowed{.choices = rows, .required = true});
    v("name", name, "name of its files where a set holds a row twice; empty: the row's");
    v("samples", samples, "samples to build; fewer where the raw set has no more", between(1, 10000000));
    v("forms", forms, "forms that are written, all from one teacher", one_of({"sr", "os", "ur"}));
    v("source", source, "the raw set; niah-a, niah-b and tiny rows have none");
    v("min_score", min_score, "cleaning, rows of a language model: answers that score less by the row's metric are dropped", between(0, 1));
    v("min_tokens", min_tokens, "niah-a, niah-b, tiny rows: shortest context, in the tokenizer's tokens", at_least(8));
    v("max_tokens", max_tokens, "niah-a, niah-b, tiny rows: longest context, in the tokenizer's tokens", at_least(8));
    v("min_chunk", min_chunk, "rows of the rule teacher: smallest chunk size drawn, in estimated tokens", at_least(1));
    v("max_chunk", max_chunk, "rows of the rule teacher: largest chunk size drawn, in estimated tokens", at_least(1));
    v("niah", niah, "niah-a, niah-b: the needles");
    v("tiny", tiny, "the row in miniature, made and taught by rules without a raw set: the tiny LongBench's training data");
  }
  std::optional<Problem> problem() const {
    if (needles() && source) return Problem{"source", row + " hides needles; its haystack is niah.haystack"};
    if (tiny && tiny->drill > 0 && forms != std::vector<std::string>{"os"}) return Problem{"forms", "a drill is read in one step, [os]"};
    if (tiny && needles()) return Problem{"tiny", row + " hides needles, which are made already; leave it out"};
    if (tiny && source) return Problem{"source", "a tiny row is made without a raw set; leave source or tiny out"};
    if (!needles() && !tiny && !source) return Problem{"source", row + " is made of a raw set; say where its training split lies, source: {path: ...}"};
    if (!niah.file.empty()) return Problem{"niah.file", "RULER's files are for evaluation; a row makes its tasks"};
    if (niah.distance.size() > 1) return Problem{"niah.distance", "give one: all needles of a row stand at the same distance"};
    if (!niah.distance.empty() && niah.distance[0] >= min_tokens) return Problem{"niah.distance", "is not inside of a context of min_tokens, " + std::to_string(min_tokens)};
    if (min_tokens > max_tokens) return Problem{"min_tokens", "is larger than max_tokens"};
    if (min_chunk > max_chunk) return Problem{"min_chunk", "is larger than max_chunk"};
    if (forms.empty()) return Problem{"forms", "is empty"};
    for (size_t i = 0; i < forms.size(); ++i) {
      if (std::count(forms.begin(), forms.end(), forms[i]) > 1) return Problem{"forms", forms[i] + " is given twice"};
    }
    const bool chunked = std::any_of(forms.begin(), forms.end(), [](const std::string& form) { return form != "os"; });
    if (!source && chunked && max_chunk > max_tokens) return Problem{"max_chunk", "is larger than max_tokens, the longest context"};
    return {};
  }
};

// The chat teacher: a language model behind an OpenAI-compatible API, `POST {base_url}/chat/completions` (DeepSeek, vLLM, SGLang,
// LMDeploy, llama.cpp's server). Money is in whatever the prices are in.
struct TeacherConfig {
  std::string base_url, model, key_env, certificates, extra_body, cache;
  double temperature = 0;
  int64_t chunk = 512, max_tokens = 2048;
  int64_t in_flight = 64, retries = 8, corrections = 2;
  double timeout = 600, connect_timeout = 30, first_wait = 1, longest_wait = 60;
  double price_in = 0, price_out = 0;
  std::optional<double> price_cached_in;
  std::optional<int64_t> budget_tokens;
  std::optional<double> budget_money;

  template <class V>
  void visit(V& v) {
    v("base_url", base_url, "address of the API without /chat/completions, e.g. https://api.deepseek.com or http://localhost:8000/v1", required());
    v("model", model, "the model, as the server calls it", required());
    v("key_env", key_env, "environment variable that holds the key; empty: no key is sent");
    v("certificates", certificates, "file of certificates (PEM) to trust instead of the system's", existing_if_given());
    v("cache", cache, "folder of the answers, kept for good: an answer in it is never asked for again", required());
    v("chunk", chunk, "largest chunk that it reads, in estimated tokens", at_least(1));
    v("temperature", temperature, "0 is greedy", between(0, 2));
    v("max_tokens", max_tokens, "longest summary, with its answer, that it may write; reasoning counts too", at_least(16));
    v("extra_body", extra_body, "more fields of the request as a JSON object in quotes, e.g. '{\"thinking\": {\"type\": \"disabled\"}}'");
    v("in_flight", in_flight, "most requests in flight; fewer when the server says that it is too many", between(1, 4096));
    v("retries", retries, "times that a request is sent again when the server is busy or breaks off", between(0, 100));
    v("corrections", corrections, "times that a malformed summary is sent back with what is wrong with it", between(0, 10));
    v("timeout", timeout, "seconds that one request may take, queueing included", more_than(0));
    v("connect_timeout", connect_timeout, "seconds until a connection stands", more_than(0));
    v("first_wait", first_wait, "seconds of the first wait before a retry, at most; each next one is up to twice as long", more_than(0));
    v("longest_wait", longest_wait, "seconds of the longest wait; a server's Retry-After may be longer", more_than(0));
    v("price_in", price_in, "price of a million tokens of input", at_least(0));
    v("price_cached_in", price_cached_in, "price of a million tokens of input that the server had cached; null: price_in", at_least(0));
    v("price_out", price_out, "price of a million tokens of output", at_least(0));
    v("budget_tokens", budget_tokens, "stop before the answers in the cache cost more tokens, input and output; null: no limit", at_least(1));
    v("budget_money", budget_money, "stop before the answers in the cache cost more money; null: no limit", more_than(0));
  }
  std::optional<Problem> problem() const {
    const auto begins = [&](const std::string& scheme) { return base_url.compare(0, scheme.size(), scheme) == 0 && base_url.size() > scheme.size(); };
    if (base_url.find('@') != std::string::npos) return Problem{"base_url", "holds a password; give the key by key_env", true};
    if (!begins("http://") && !begins("https://")) return Problem{"base_url", "expected an address that begins with http:// or https://"};
    if (base_url.find_first_of("?# \t\r\n") != std::string::npos) return Problem{"base_url", "expected an address without `?`, `#` and blanks"};
    if (base_url.ends_with("/chat/completions")) return Problem{"base_url", "leave /chat/completions out; it is added"};
    if (key_env.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") != std::string::npos) {
      return Problem{"key_env", "expected the name of an environment variable in capital letters, digits and `_`, not the key itself", true};
    }
    if (longest_wait < first_wait) return Problem{"longest_wait", "is shorter than first_wait"};
    if (price_cached_in.value_or(price_in) > price_in) return Problem{"price_cached_in", "is higher than price_in"};
    if (budget_money && price_in == 0 && price_out == 0) return Problem{"budget_money", "needs price_in and price_out"};
    return {};
  }
};

// What of LongBench's test data may stand in the set: 13-grams of words that a task has and LongBench too (data/overlap.h).
struct DecontaminationConfig {
  std::string benchmark;
  std::string remove = "none";  // none | questions | all
  double share = 0.2;

  template <class V>
  void visit(V& v) {
    v("benchmark", benchmark, "folder of LongBench's data.zip, unpacked: hotpotqa.jsonl and the others", required());
    v("remove", remove, "tasks that are left out: none, overlap is only told; those whose question overlaps; or all whose question or context does", one_of({"none", "questions", "all"}));
    v("share", share, "overlap from which on a task is left out: the share of its 13-grams that the benchmark has", Allowed{.low = 0, .high = 1, .above = true});
  }
};

struct DataConfig {
  std::string out, chat_template = "chatml";
  int64_t seed = 1, max_sample_tokens = 0;
  TokenizerConfig tokenizer;
  std::optional<TeacherConfig> teacher;
  std::optional<DecontaminationConfig> decontamination;
  std::vector<RowConfig> rows;
  std::optional<TinyBenchmarkConfig> tiny_longbench;

  template <class V>
  void visit(V& v) {
    v("out", out, "folder that the set is written to", required());
    v("seed", seed, "every draw follows from it", at_least(0));
    v("tokenizer", tokenizer, "the tokenizer that counts lengths");
    v("max_sample_tokens", max_sample_tokens, "longest sample, in tokens as chat_template lays it out: one that is longer in any form is left out; 0: any length", at_least(0));
    v("chat_template", chat_template, "how turns are laid out for max_sample_tokens", one_of({"chatml", "qwen2.5", "mistral", "rwkv-world", "plain"}));
    v("teacher", teacher, "the language model that writes the rows that no rule can");
    v("decontamination", decontamination, "which tasks stand in LongBench already");
    v("rows", rows, "the rows to build", required());
    v("tiny_longbench", tiny_longbench, "the tiny LongBench, written into OUT/longbench, which an evaluation's longbench.path may name");
  }
  std::optional<Problem> problem() const {
    for (size_t i = 0; i < rows.size(); ++i) {
      if (!rows[i].source && max_sample_tokens > 0 && rows[i].min_tokens > max_sample_tokens) return Problem{"max_sample_tokens", "is less than min_tokens of row " + rows[i].file()};
      if (!rows[i].by_rules() && !teacher) return Problem{"teacher", "row " + rows[i].row + " is written by a language model; say which"};
      if (rows[i].source && tokenizer.path.empty()) {
        return Problem{"tokenizer.path", "row " + rows[i].row + " needs a tokenizer that is there: one is trained on needles and tiny rows only"};
      }
      for (size_t j = 0; j < i; ++j) {
        if (rows[i].file() == rows[j].file()) return Problem{"rows", "two rows are called " + rows[i].file() + "; give one a name"};
      }
    }
    return {};
  }
};

}  // namespace smooth
