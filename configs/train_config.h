// The options of a training run.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "configs/field.h"

namespace smooth {

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
  std::string recompute_keeps = "inputs";
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
    v("recompute", recompute, "layers whose insides are not kept for the backward pass but computed again there; null: as few as memory allows", at_least(0));
    v("recompute_keeps", recompute_keeps, "of these layers their inputs alone, or also what attention gave, which is then not computed again",
      one_of({"inputs", "attention"}));
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

}  // namespace smooth
