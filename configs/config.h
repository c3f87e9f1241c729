// The whole tree of options: what a run is, and the one page of defaults.
//
// A struct names each field once, in `visit(v)`: key, member, help, and what values are allowed. Reading, checking,
// `--set`, the resolved dump, `--help` and the reference page (configs/reference.md) all come from that one list.
// `problem()` of a struct says what no single field can: it returns the offending key with the reason.
// Paths are relative to the folder in which the command is run; `include:` is relative to the file that includes.
#pragma once

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace smooth {

// What a field accepts besides its type. Numbers are checked against [low, high] (low itself excluded if `above`),
// texts against `choices`; a path with `must_exist` is looked up before anything else happens.
struct Allowed {
  std::optional<double> low = {}, high = {};
  bool above = false;
  std::vector<std::string> choices = {};
  bool must_exist = false;
  bool required = false;  // no safe default: the file has to give it
};

inline Allowed any() { return {}; }
inline Allowed at_least(double low) { return {.low = low}; }
inline Allowed more_than(double low) { return {.low = low, .above = true}; }
inline Allowed between(double low, double high) { return {.low = low, .high = high}; }
inline Allowed one_of(std::vector<std::string> choices) { return {.choices = std::move(choices)}; }
inline Allowed required() { return {.required = true}; }
inline Allowed existing() { return {.must_exist = true, .required = true}; }
inline Allowed existing_if_given() { return {.must_exist = true}; }

// A key (relative to the struct, dotted) and why its value cannot stand. What may be a secret is not shown.
struct Problem {
  std::string key, reason;
  bool secret = false;
};

// ---------------------------------------------------------------------------------------------- data

// RULER's needle-in-a-haystack task (NVIDIA/RULER, scripts/data/synthetic/niah.py), with its own k, v and q.
struct NiahConfig {
  std::string haystack = "sentences";  // sentences | noise | needle | essays | passages
  std::string essays;                  // folder of .txt, RULER's JSON or a jsonl; for haystack: essays
  std::string passages;                // HotpotQA's training split; for haystack: passages
  int64_t keys = 4, values = 1, queries = 1;
  std::string key_type = "words", value_type = "numbers";
  int64_t digits = 7;
  int64_t adjectives = 0, nouns = 0;  // how many of the word lists; 0 = all
  std::optional<double> depth_percent;
  std::optional<int64_t> tokens_from_end;
  std::string split = "train";

  template <class V>
  void visit(V& v) {
    v("haystack", haystack, "text that hides the needles", one_of({"sentences", "noise", "needle", "essays", "passages"}));
    v("essays", essays, "essays: a folder of .txt, RULER's PaulGrahamEssays.json, or a .jsonl with text", existing_if_given());
    v("passages", passages, "passages: a file or folder of HotpotQA's training split");
    v("keys", keys, "needle keys per task (RULER's k)", between(1, 1000));
    v("values", values, "values per key (v)", between(1, 1000));
    v("queries", queries, "keys asked for (q)", between(1, 1000));
    v("key_type", key_type, "what a key is", one_of({"words", "numbers", "uuids"}));
    v("value_type", value_type, "what a value is", one_of({"words", "numbers", "uuids"}));
    v("digits", digits, "length of a number", between(2, 18));
    v("adjectives", adjectives, "adjectives that words are made of, 0 for all", at_least(0));
    v("nouns", nouns, "nouns that words are made of, 0 for all", at_least(0));
    v("depth_percent", depth_percent, "fixed depth of the queried needle instead of random ones", between(0, 100));
    v("tokens_from_end", tokens_from_end, "fixed distance of the queried needle from the end", at_least(1));
    v("split", split, "keys, values and sentences of train and test never meet", one_of({"train", "test", "all"}));
  }
  std::optional<Problem> problem() const {
    if (queries > keys) return Problem{"queries", "more keys are asked for than hidden"};
    if (haystack == "essays" && essays.empty()) return Problem{"essays", "haystack: essays needs a folder or file of essays"};
    if ((haystack == "passages") == passages.empty()) return Problem{"passages", "haystack: passages needs HotpotQA's training split, no other does"};
    if (depth_percent && tokens_from_end) return Problem{"tokens_from_end", "give it or depth_percent, not both"};
    return {};
  }
};

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
  int64_t training_documents = 500;

  template <class V>
  void visit(V& v) {
    v("path", path, "folder of a tokenizer to use; empty: train one on the set's text", existing_if_given());
    v("vocab_size", vocab_size, "pieces of the trained tokenizer", between(300, 200000));
    v("model_type", model_type, "how the trained tokenizer finds its pieces", one_of({"unigram", "bpe"}));
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

  const std::string& file() const { return name.empty() ? row : name; }
  bool needles() const { return row == "niah-a" || row == "niah-b"; }
  bool by_rules() const { return std::count(kRuleRows.begin(), kRuleRows.end(), row) > 0; }

  template <class V>
  void visit(V& v) {
    std::vector<std::string> rows = kRuleRows;
    rows.insert(rows.end(), kChatRows.begin(), kChatRows.end());
    v("row", row, "row of Table 5", Allowed{.choices = rows, .required = true});
    v("name", name, "name of its files where a set holds a row twice; empty: the row's");
    v("samples", samples, "samples to build; fewer where the raw set has no more", between(1, 10000000));
    v("forms", forms, "forms that are written, all from one teacher", one_of({"sr", "os", "ur"}));
    v("source", source, "the raw set; niah-a and niah-b have none");
    v("min_score", min_score, "cleaning, rows of a language model: answers that score less by the row's metric are dropped", between(0, 1));
    v("min_tokens", min_tokens, "niah-a, niah-b: shortest context, in the tokenizer's tokens", at_least(8));
    v("max_tokens", max_tokens, "niah-a, niah-b: longest context, in the tokenizer's tokens", at_least(8));
    v("min_chunk", min_chunk, "rows of the rule teacher: smallest chunk size drawn, in estimated tokens", at_least(1));
    v("max_chunk", max_chunk, "rows of the rule teacher: largest chunk size drawn, in estimated tokens", at_least(1));
    v("niah", niah, "niah-a, niah-b: the needles");
  }
  std::optional<Problem> problem() const {
    if (needles() && source) return Problem{"source", row + " hides needles; its haystack is niah.haystack"};
    if (!needles() && !source) return Problem{"source", row + " is made of a raw set; say where its training split lies, source: {path: ...}"};
    if (min_tokens > max_tokens) return Problem{"min_tokens", "is larger than max_tokens"};
    if (min_chunk > max_chunk) return Problem{"min_chunk", "is larger than max_chunk"};
    if (forms.empty()) return Problem{"forms", "is empty"};
    for (size_t i = 0; i < forms.size(); ++i) {
      if (std::count(forms.begin(), forms.end(), forms[i]) > 1) return Problem{"forms", forms[i] + " is given twice"};
    }
    const bool chunked = std::any_of(forms.begin(), forms.end(), [](const std::string& form) { return form != "os"; });
    if (needles() && chunked && max_chunk > max_tokens) return Problem{"max_chunk", "is larger than max_tokens, the longest context"};
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
  }
  std::optional<Problem> problem() const {
    for (size_t i = 0; i < rows.size(); ++i) {
      if (rows[i].needles() && max_sample_tokens > 0 && rows[i].min_tokens > max_sample_tokens) return Problem{"max_sample_tokens", "is less than min_tokens of row " + rows[i].file()};
      if (!rows[i].by_rules() && !teacher) return Problem{"teacher", "row " + rows[i].row + " is written by a language model; say which"};
      if (!rows[i].needles() && tokenizer.path.empty()) return Problem{"tokenizer.path", "row " + rows[i].row + " needs a tokenizer that is there: one is trained on needles only"};
      for (size_t j = 0; j < i; ++j) {
        if (rows[i].file() == rows[j].file()) return Problem{"rows", "two rows are called " + rows[i].file() + "; give one a name"};
      }
    }
    return {};
  }
};

// ------------------------------------------------------------------------------------------ training

// A new model: a Qwen2.5-architecture decoder or an RWKV-7; keys are those of their config.json.
struct ModelConfig {
  std::string architecture = "qwen2";  // qwen2 | rwkv7
  int64_t hidden_size = 128, num_hidden_layers = 2, num_attention_heads = 4, num_key_value_heads = 2;
  std::optional<int64_t> head_dim;
  int64_t intermediate_size = 384;
  double rope_theta = 1e4, rms_norm_eps = 1e-6;
  std::optional<double> initializer_range;
  std::string initial = "normal";
  bool tie_word_embeddings = true;

  template <class V>
  void visit(V& v) {
    v("architecture", architecture, "Qwen2.5's decoder, or RWKV-7", one_of({"qwen2", "rwkv7"}));
    v("hidden_size", hidden_size, "residual width", between(8, 65536));
    v("num_hidden_layers", num_hidden_layers, "layers", between(1, 1024));
    v("num_attention_heads", num_attention_heads, "query heads (qwen2)", between(1, 1024));
    v("num_key_value_heads", num_key_value_heads, "key and value heads (qwen2)", between(1, 1024));
    v("head_dim", head_dim, "width of a head; null: hidden_size / num_attention_heads, for rwkv7 64", between(2, 1024));
    v("intermediate_size", intermediate_size, "width of SwiGLU or of the channel-mix", between(8, 1 << 20));
    v("rope_theta", rope_theta, "base of the rotary frequencies (qwen2)", more_than(1));
    v("rms_norm_eps", rms_norm_eps, "added to the mean square (qwen2)", more_than(0));
    v("initializer_range", initializer_range, "standard deviation of the initial weights; null: 1 / sqrt(fan-in)", more_than(0));
    v("initial", initial, "initial weights: normal (an rwkv7: its author's), or with attention or time-mix that begins as soft n-gram induction", one_of({"normal", "induction"}));
    v("tie_word_embeddings", tie_word_embeddings, "the head shares the embedding's weights");
  }
  std::optional<Problem> problem() const {
    if (architecture == "rwkv7") {
      if (hidden_size % head_dim.value_or(64)) return Problem{"hidden_size", "is no multiple of head_dim, " + std::to_string(head_dim.value_or(64))};
      if (initializer_range) return Problem{"initializer_range", "an rwkv7 begins as its author's; leave it out"};
      return {};
    }
    if (!head_dim && hidden_size % num_attention_heads) return Problem{"num_attention_heads", "does not divide hidden_size; give head_dim"};
    if (head_dim.value_or(hidden_size / num_attention_heads) % 2) return Problem{"head_dim", "is odd, and RoPE turns pairs"};
    if (num_attention_heads % num_key_value_heads) return Problem{"num_key_value_heads", "does not divide num_attention_heads"};
    return {};
  }
};

struct TrainDataConfig {
  std::vector<std::string> files;
  std::string tokenizer, chat_template = "chatml", other_tokenizer = "refuse", loss = "written", order = "shuffled", too_long = "stop", cache;
  int64_t context = 32768, read_ahead = 2;

  template <class V>
  void visit(V& v) {
    v("files", files, "transcripts to train on, .jsonl", existing());
    v("tokenizer", tokenizer, "folder of the tokenizer; it travels with every checkpoint", existing());
    v("chat_template", chat_template, "how turns are laid out", one_of({"chatml", "qwen2.5", "mistral", "rwkv-world", "plain"}));
    v("other_tokenizer", other_tokenizer, "sets made with another tokenizer, or limited to max_sample_tokens by another chat template",
      one_of({"refuse", "accept"}));
    v("loss", loss, "tokens that carry loss: written segments only, or all", one_of({"written", "all"}));
    v("order", order, "shuffled anew each epoch; growing: shortest first, about; or as the files have it", one_of({"shuffled", "growing", "as-is"}));
    v("context", context, "context length: tokens packed into one forward pass", at_least(8));
    v("too_long", too_long, "samples with a document of more than `context` tokens: stop, drop them, or truncate to the first `context`",
      one_of({"stop", "drop", "truncate"}));
    v("cache", cache, "folder of the token ids, which runs on the same data may share; empty: `tokens` in the run folder");
    v("read_ahead", read_ahead, "steps whose batches are made ready while earlier ones are computed; 0: none", between(0, 1000));
  }
};

struct OptimConfig {
  double lr = 4e-5, min_lr = 0, weight_decay = 0.01, beta1 = 0.9, beta2 = 0.95, eps = 1e-8, clip = 1.0;
  int64_t warmup_steps = 0;

  template <class V>
  void visit(V& v) {
    v("lr", lr, "peak learning rate", more_than(0));
    v("min_lr", min_lr, "learning rate at the end of the cosine", at_least(0));
    v("weight_decay", weight_decay, "AdamW's decay of matrices; norms and biases have none", between(0, 1));
    v("beta1", beta1, "decay of the first moment", between(0, 1));
    v("beta2", beta2, "decay of the second moment", between(0, 1));
    v("eps", eps, "added to the root of the second moment", more_than(0));
    v("clip", clip, "largest norm of the gradient, 0 for no clipping", at_least(0));
    v("warmup_steps", warmup_steps, "steps of linear warm-up", at_least(0));
  }
  std::optional<Problem> problem() const {
    if (min_lr > lr) return Problem{"min_lr", "is larger than lr"};
    return {};
  }
};

// Keys that a token sees of a window W: W, itself included, as in Hugging Face; or W + 1, as where flash-attention is given
// window_size = (W, 0): XTuner, LMDeploy and so the paper's own models.
inline std::optional<int64_t> window_keys(std::optional<int64_t> sliding_window, const std::string& window_edge) {
  if (sliding_window && *sliding_window > 0 && window_edge == "flash") return *sliding_window + 1;
  return sliding_window;
}

// What numbers are kept in. Sums, norms' statistics, softmax and losses are fp32 in any case.
struct PrecisionConfig {
  std::string weights = "float32", master = "float32", gradients = "float32", moments = "float32";

  template <class V>
  void visit(V& v) {
    v("weights", weights, "weights and activations of the forward and backward pass", one_of({"float32", "bfloat16"}));
    v("master", master, "the weights that AdamW updates; as `weights`: they are the same tensors", one_of({"float32", "bfloat16"}));
    v("gradients", gradients, "gradients, as they are summed over packs and ranks", one_of({"float32", "bfloat16"}));
    v("moments", moments, "AdamW's two moments between steps", one_of({"float32", "bfloat16"}));
  }
  std::optional<Problem> problem() const {
    if (weights == "float32" && master == "bfloat16") return Problem{"master", "is less precise than weights"};
    return {};
  }
};

// Low-rank adapters (arXiv:2106.09685) in place of the weights themselves.
struct LoraConfig {
  int64_t rank = 64;
  double alpha = 128;
  std::vector<std::string> targets = {"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"};

  template <class V>
  void visit(V& v) {
    v("rank", rank, "rank of what is added to a matrix", between(1, 65536));
    v("alpha", alpha, "what is added is multiplied by alpha / rank", more_than(0));
    v("targets", targets, "the matrices whose names hold one of these get adapters; all else is frozen");
  }
};

// How several processes share a run. Which ranks there are comes from torchrun's or Slurm's variables.
struct RanksConfig {
  int64_t zero = 0, context = 1, bucket_mb = 64;
  double timeout = 1800;

  template <class V>
  void visit(V& v) {
    v("zero", zero, "what ranks share out instead of each keeping all: 0 nothing, 1 AdamW's state, 2 gradients too", between(0, 2));
    v("context", context, "neighbouring ranks that split each pack along its tokens; windows and recurrent layers only", at_least(1));
    v("bucket_mb", bucket_mb, "gradients that travel together, in MiB; they do so while the backward pass goes on", between(1, 4096));
    v("timeout", timeout, "seconds after which a rank that does not answer ends the run", more_than(0));
  }
};

struct CheckpointConfig {
  int64_t every = 0, keep = 2;
  bool background = true;
  std::string failure = "stop";

  template <class V>
  void visit(V& v) {
    v("every", every, "steps between checkpoints; 0: only after the last step", at_least(0));
    v("keep", keep, "newest checkpoints that are kept; with heldout the best one too", at_least(1));
    v("background", background, "copy what is saved and write it while training goes on; needs memory for the copy");
    v("failure", failure, "a checkpoint that cannot be written, as on a full disk, stops the run, or is told and left out", one_of({"stop", "go-on"}));
  }
};

// Samples that are not trained on, and whose loss is told now and then.
struct HeldoutConfig {
  std::vector<std::string> files;
  int64_t every = 100;

  template <class V>
  void visit(V& v) {
    v("files", files, "their transcripts, .jsonl; laid out as `data` says", existing());
    v("every", every, "steps between two looks at them; once more after the last step", at_least(1));
  }
};

struct TrainConfig {
  std::string run, init;
  int64_t seed = 1, threads = 0;
  std::string device = "cpu";
  std::optional<ModelConfig> model;
  std::optional<int64_t> sliding_window;
  std::string window_edge = "hf";
  TrainDataConfig data;
  OptimConfig optim;
  PrecisionConfig precision;
  std::optional<LoraConfig> lora;
  std::optional<int64_t> recompute;
  RanksConfig ranks;
  int64_t batch = 2;
  std::string batch_of = "samples";
  std::optional<int64_t> steps;
  int64_t epochs = 1;
  CheckpointConfig checkpoint;
  std::optional<HeldoutConfig> heldout;
  double spike = 3;
  std::vector<int64_t> profile;
  int64_t log_every = 10;

  template <class V>
  void visit(V& v) {
    v("run", run, "run folder", required());
    v("seed", seed, "initial weights and order of the data follow from it", at_least(0));
    v("device", device, "where to compute", one_of({"cpu", "cuda"}));
    v("threads", threads, "threads on the CPU; 0: as OMP_NUM_THREADS says, else all cores", at_least(0));
    v("init", init, "checkpoint to start from; empty: initial weights of `model`", existing_if_given());
    v("model", model, "architecture of a new model; not with init");
    v("sliding_window", sliding_window, "keys that a token sees, itself included; null for dense attention", at_least(1));
    v("window_edge", window_edge, "hf: a window of W keys, the token included; flash: W + 1, as flash-attention with left = W", one_of({"hf", "flash"}));
    v("data", data, "what is read");
    v("optim", optim, "AdamW and its cosine schedule");
    v("precision", precision, "what numbers are kept in");
    v("lora", lora, "train low-rank adapters; checkpoints hold the merged weights");
    v("recompute", recompute, "layers of which only the input is kept for the backward pass, the rest computed again there; null: none", at_least(0));
    v("ranks", ranks, "how several processes share the run");
    v("batch", batch, "samples or packs in one optimizer step, of all ranks together", at_least(1));
    v("batch_of", batch_of, "what batch counts", one_of({"samples", "packs"}));
    v("steps", steps, "stop after so many steps; null: after `epochs`", at_least(1));
    v("epochs", epochs, "passes over the data", at_least(1));
    v("checkpoint", checkpoint, "when to save");
    v("heldout", heldout, "samples that are not trained on, whose loss is told");
    v("spike", spike, "a loss so many times the mean of the last ones is told with its samples; 0: none is", at_least(0));
    v("profile", profile, "steps whose operations are written to RUN/profile-step-N.json, for chrome://tracing or Perfetto");
    v("log_every", log_every, "steps between console lines; every step is in metrics.jsonl", at_least(1));
  }
  std::optional<Problem> problem() const {
    if (init.empty() && !model) return Problem{"model", "give the architecture of a new model, or init"};
    if (!init.empty() && model) return Problem{"model", "the architecture comes from init's checkpoint; leave model out"};
    return {};
  }
};

// ---------------------------------------------------------------------------------------- evaluation

struct SamplingConfig {
  double temperature = 0, top_p = 1;
  int64_t top_k = 0;

  template <class V>
  void visit(V& v) {
    v("temperature", temperature, "0 is greedy", at_least(0));
    v("top_p", top_p, "smallest set of tokens with this probability", Allowed{.low = 0, .high = 1, .above = true});
    v("top_k", top_k, "most probable tokens kept, 0 for all", at_least(0));
  }
};

// One line of the table: a model in a mode.
struct EvalModelConfig {
  std::string name, checkpoint;
  std::optional<int64_t> sliding_window;
  std::string window_edge = "hf", dtype = "float32";
  ReadingConfig reading;
  std::vector<int64_t> lengths;

  // What its files are called: the name in small letters and digits.
  std::string file() const {
    std::string text;
    for (const char c : name) text += std::isalnum(static_cast<unsigned char>(c)) ? static_cast<char>(std::tolower(static_cast<unsigned char>(c))) : '-';
    return text;
  }

  template <class V>
  void visit(V& v) {
    v("name", name, "its name in the table", required());
    v("checkpoint", checkpoint, "model folder, or a run folder: its newest finished checkpoint", existing());
    v("sliding_window", sliding_window, "another window than the checkpoint's", at_least(1));
    v("window_edge", window_edge, "hf: a window of W keys, the token included; flash: W + 1, as flash-attention with left = W", one_of({"hf", "flash"}));
    v("dtype", dtype, "weights and activations", one_of({"float32", "bfloat16"}));
    v("reading", reading, "how it reads");
    v("lengths", lengths, "context lengths of this model instead of the benchmark's", at_least(8));
  }
};

struct EvalConfig {
  std::string out;
  int64_t seed = 42, threads = 0;
  std::string device = "cpu", chat_template = "chatml", benchmark = "niah";
  NiahConfig niah;
  std::vector<int64_t> lengths;
  int64_t samples = 500, rows = 64, training_length = 0;
  SamplingConfig sampling;
  std::vector<EvalModelConfig> models;

  template <class V>
  void visit(V& v) {
    v("out", out, "folder of predictions, traces and results.json", required());
    v("seed", seed, "tasks (and sampling) follow from it; they are the same for every model and mode", at_least(0));
    v("device", device, "where to compute", one_of({"cpu", "cuda"}));
    v("threads", threads, "threads on the CPU; 0: as OMP_NUM_THREADS says, else all cores", at_least(0));
    v("chat_template", chat_template, "how turns are laid out", one_of({"chatml", "qwen2.5", "mistral", "rwkv-world", "plain"}));
    v("benchmark", benchmark, "what is asked", one_of({"niah"}));
    v("niah", niah, "the needles");
    v("lengths", lengths, "context lengths, in the model's tokens", Allowed{.low = 8, .required = true});
    v("samples", samples, "tasks per cell", between(1, 1000000));
    v("rows", rows, "readings in flight", between(1, 65536));
    v("training_length", training_length, "context length that the models were trained at, for the report; 0: not known", at_least(0));
    v("sampling", sampling, "how tokens are chosen");
    v("models", models, "the lines of the table", required());
  }
  std::optional<Problem> problem() const {
    for (size_t i = 0; i < models.size(); ++i) {
      for (size_t j = 0; j < i; ++j) {
        if (models[i].file() == models[j].file()) {
          return Problem{"models." + std::to_string(i) + ".name", "the files of `" + models[j].name + "` would be called so too: " + models[i].file()};
        }
      }
      const std::vector<int64_t>& read = models[i].lengths.empty() ? lengths : models[i].lengths;
      for (const int64_t length : read) {
        if (std::count(read.begin(), read.end(), length) > 1) {
          return Problem{models[i].lengths.empty() ? "lengths" : "models." + std::to_string(i) + ".lengths", std::to_string(length) + " is given twice"};
        }
      }
      const int64_t shortest = *std::min_element(read.begin(), read.end());
      if (models[i].reading.mode != "os" && models[i].reading.chunk > shortest) {
        return Problem{"models." + std::to_string(i) + ".reading.chunk",
                       "is larger than the shortest context length of this model, " + std::to_string(shortest)};
      }
    }
    return {};
  }
};

// ----------------------------------------------------------------------------------------- benchmarks

// What `bench` times: a checkpoint, or random weights of a shape.
struct BenchConfig {
  std::string checkpoint;
  std::optional<ModelConfig> model;
  int64_t vocab_size = 151936;
  std::optional<int64_t> sliding_window;
  std::string window_edge = "hf", dtype = "float32", device = "cpu";
  int64_t seed = 1, threads = 0, rows = 1, prompt = 512, tokens = 64, repeats = 3;
  double target_share = 1;
  int64_t recompute = 0;

  template <class V>
  void visit(V& v) {
    v("checkpoint", checkpoint, "model folder, run folder or file of weights; empty: random weights of `model`", existing_if_given());
    v("model", model, "architecture of random weights; not with checkpoint");
    v("vocab_size", vocab_size, "rows of the embedding, with `model`", between(8, 1 << 24));
    v("sliding_window", sliding_window, "another window than the checkpoint's", at_least(1));
    v("window_edge", window_edge, "hf: a window of W keys, the token included; flash: W + 1, as flash-attention with left = W", one_of({"hf", "flash"}));
    v("dtype", dtype, "weights and activations", one_of({"float32", "bfloat16"}));
    v("device", device, "where to compute", one_of({"cpu", "cuda"}));
    v("seed", seed, "random weights and token ids follow from it", at_least(0));
    v("threads", threads, "threads on the CPU; 0: as OMP_NUM_THREADS says, else all cores", at_least(0));
    v("rows", rows, "texts side by side; train: documents of the pack", between(1, 65536));
    v("prompt", prompt, "tokens of each that are taken in; train: of each document", at_least(1));
    v("tokens", tokens, "tokens of each that are then written (decode)", at_least(1));
    v("target_share", target_share, "train: share of the tokens that are targets, in stretches at the end of every 1,024", between(0, 1));
    v("recompute", recompute, "train: layers computed again in the backward pass", at_least(0));
    v("repeats", repeats, "times it is done; the fastest counts", between(1, 1000));
  }
  std::optional<Problem> problem() const {
    if (checkpoint.empty() && !model) return Problem{"model", "give the architecture of random weights, or checkpoint"};
    if (!checkpoint.empty() && model) return Problem{"model", "the architecture comes from the checkpoint; leave model out"};
    return {};
  }
};

// ------------------------------------------------------------------------------------------- clusters

// Seconds of Slurm's [D-]HH:MM:SS; none for anything else.
inline std::optional<int64_t> seconds_of(const std::string& time) {
  std::string form = time;  // 0 for every digit
  for (char& c : form) c = std::isdigit(static_cast<unsigned char>(c)) ? '0' : c;
  const size_t clock = time.size() < 8 ? 0 : time.size() - 8;
  const std::string days = form.substr(0, clock);
  if (form.substr(clock) != "00:00:00" || (!days.empty() && days != "0-" && days != "00-" && days != "000-")) return {};
  const auto number = [&](size_t at) { return std::stoll(time.substr(at, 2)); };
  const int64_t hours = number(clock) + (days.empty() ? 0 : 24 * std::stoll(time)), minutes = number(clock + 3), seconds = number(clock + 6);
  if (minutes > 59 || seconds > 59) return {};
  return (hours * 60 + minutes) * 60 + seconds;
}

// Is it a number, with a unit or without one (Slurm's is MiB)?
inline bool is_memory(const std::string& text) {
  const size_t unit = text.find_first_not_of("0123456789");
  if (unit == std::string::npos) return !text.empty();
  return unit > 0 && unit + 1 == text.size() && std::string("KMGT").find(text[unit]) != std::string::npos;
}

// Where `submit` runs things: what Slurm is asked for.
struct ClusterConfig {
  std::string partition, account, qos, time, memory;
  int64_t nodes = 1, tasks_per_node = 1, gpus_per_node = 0, cpus_per_task = 1;
  bool requeue = true;
  int64_t signal_seconds = 120;
  std::vector<std::string> extra, setup;

  template <class V>
  void visit(V& v) {
    v("partition", partition, "queue; empty: the cluster's default");
    v("account", account, "who is charged; empty: the user's default");
    v("qos", qos, "quality of service; empty: the default");
    v("time", time, "limit of one job, [D-]HH:MM:SS; empty: the partition's default");
    v("nodes", nodes, "machines", between(1, 100000));
    v("tasks_per_node", tasks_per_node, "ranks on each; with device: cuda one a GPU", between(1, 1024));
    v("gpus_per_node", gpus_per_node, "GPUs of each; 0 for device: cpu", between(0, 1024));
    v("cpus_per_task", cpus_per_task, "cores of each rank, and its OMP_NUM_THREADS", between(1, 4096));
    v("memory", memory, "of each node, as 64G; empty: the cluster's default");
    v("requeue", requeue, "a run that was interrupted, or stopped and saved before its time limit, goes back into the queue by itself");
    v("signal_seconds", signal_seconds, "before the time limit, when the run is asked to save; Slurm may ask up to a minute earlier", between(1, 65535));
    v("extra", extra, "further options for sbatch, as --constraint=h100");
    v("setup", setup, "lines of shell before the run, as module load cuda");
  }
  std::optional<Problem> problem() const {
    const std::optional<int64_t> limit = seconds_of(time);
    if (!time.empty() && !limit) return Problem{"time", "expected HH:MM:SS or D-HH:MM:SS"};
    if (limit && *limit <= signal_seconds) return Problem{"signal_seconds", "is not less than time, so that the run would be stopped at once"};
    if (!memory.empty() && !is_memory(memory)) return Problem{"memory", "expected a number with K, M, G or T, as 64G"};
    for (size_t i = 0; i < extra.size(); ++i) {
      if (!extra[i].starts_with("-") || extra[i].find_first_of("\r\n") != std::string::npos) {
        return Problem{"extra." + std::to_string(i), "expected one option of sbatch's on one line, as --constraint=h100"};
      }
    }
    return {};
  }
};

}  // namespace smooth
