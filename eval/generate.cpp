#include "eval/generate.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <filesystem>
#include <iostream>
#include <sstream>
#include <stdexcept>

#include "configs/run.h"
#include "data/layout.h"
#include "data/tokenizers/stream.h"
#include "eval/engine.h"
#include "model/checkpoint.h"

namespace smooth {
namespace {

namespace fs = std::filesystem;

std::unique_ptr<Model> open_model(const ModelChoice& choice) {
  prepare_process(0);
  return load_model(find_checkpoint(choice.model),
                    {.sliding_window = window_keys(choice.sliding_window, choice.window_edge), .dtype = dtype_from(choice.dtype)},
                    open_device(choice.device));
}

std::vector<int64_t> read_ids(const std::string& file, int64_t vocab_size) {
  std::istringstream words(read_file(file));
  std::vector<int64_t> ids;
  for (std::string word; words >> word;) {
    size_t used = 0;
    int64_t id = -1;
    try {
      id = std::stoll(word, &used);
    } catch (const std::exception&) {
    }
    if (used != word.size() || id < 0 || id >= vocab_size) {
      throw std::runtime_error(fmt::format("{}: word {} is '{}', expected token ids from 0 to {}, separated by blanks", file, ids.size() + 1, word, vocab_size - 1));
    }
    ids.push_back(id);
  }
  if (ids.empty()) throw std::runtime_error(file + ": holds no token ids");
  return ids;
}

// The prompt's ids and what ends the answer.
struct LaidOut {
  std::vector<int64_t> ids, ends;
};

LaidOut lay_out(const GenerateOptions& options, const std::string& folder, const std::shared_ptr<const Tokenizer>& tokenizer) {
  LaidOut prompt;
  if (options.chat_template.empty()) {
    prompt.ids = tokenizer->encode(options.prompt);
  } else {
    const Layout layout(tokenizer, options.chat_template);
    prompt.ids = layout.given(options.prompt, /*first=*/true);
    prompt.ends = layout.ends();
  }
  for (const int64_t id : end_tokens(folder)) prompt.ends.push_back(id);
  if (options.ignore_end) prompt.ends.clear();
  if (prompt.ids.empty()) throw std::runtime_error("the prompt has no tokens; give --prompt some text");
  return prompt;
}

}  // namespace

void write_logits(const ModelChoice& choice, const std::string& ids_file, const std::string& out) {
  at::NoGradGuard no_grad;
  const auto model = open_model(choice);
  Batch batch;
  batch.ids = read_ids(ids_file, model->vocab_size());
  batch.targets.assign(batch.ids.size(), -1);
  batch.cu_seqlens = {0, static_cast<int32_t>(batch.ids.size())};
  save_safetensors(out, {{"logits", model->logits(model->forward(batch)).to(at::kCPU, at::kFloat)}});
}

void generate(const GenerateOptions& options) {
  const std::string checkpoint = find_checkpoint(options.choice.model);
  const std::string folder = fs::is_regular_file(checkpoint) ? fs::path(checkpoint).parent_path().string() : checkpoint;
  const auto tokenizer = load_tokenizer(options.tokenizer.empty() ? folder : options.tokenizer);
  const auto model = open_model(options.choice);
  const LaidOut prompt = lay_out(options, folder, tokenizer);
  Engine engine(*model, 1, prompt.ends, options.sampling, options.seed);
  StreamDecoder stream(tokenizer);
  const auto is_end = [&](int64_t id) { return std::find(prompt.ends.begin(), prompt.ends.end(), id) != prompt.ends.end(); };
  const Request request{.forced = prompt.ids, .max_tokens = options.max_tokens,
                        .on_token = [&](int64_t id) { if (!is_end(id)) std::cout << stream.add(id) << std::flush; }};
  const Reply reply = engine.answer({0}, {request})[0];
  std::cout << stream.finish() << std::endl;
  const auto rate = [](int64_t tokens, double seconds) { return static_cast<double>(tokens) / seconds; };
  const auto written = static_cast<int64_t>(reply.ids.size());
  fmt::print(stderr, "smooth: prefill {} tokens, {:.1f} tokens/s; decode {} tokens, {:.1f} tokens/s\n", reply.forced_tokens,
             rate(reply.forced_tokens, reply.prefill_seconds), written, rate(written, reply.decode_seconds));
}

}  // namespace smooth
