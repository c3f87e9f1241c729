#include "data/layout.h"

#include <stdexcept>

namespace smooth {
namespace {

struct Template {
  std::string before, after, between, end_of_turn;
};

Template template_of(const std::string& name) {
  // Qwen2.5's chat format: https://qwen.readthedocs.io, "ChatML"
  if (name == "chatml") return {"<|im_start|>user\n", "<|im_end|>\n<|im_start|>assistant\n", "<|im_end|>\n", "<|im_end|>"};
  // RWKV World's: `User: …` blank line `Assistant:`
  if (name == "rwkv-world") return {"User: ", "\n\nAssistant:", "\n\n", "<|im_end|>"};
  if (name == "plain") return {"", "\n", "\n", "<|im_end|>"};
  throw std::runtime_error("chat template " + name + " is not known; the templates are chatml, rwkv-world, plain");
}

}  // namespace

const std::vector<std::string>& special_texts() {
  static const std::vector<std::string> texts = {"<|im_start|>", "<|im_end|>", kContinue, kStop};
  return texts;
}

Layout::Layout(std::shared_ptr<const Tokenizer> tokenizer, const std::string& chat_template) : tokenizer_(std::move(tokenizer)) {
  const Template chat = template_of(chat_template);
  before_ = chat.before;
  after_ = chat.after;
  between_ = chat.between;
  const auto token = [&](const std::string& text) {
    const int64_t id = tokenizer_->special_id(text);
    if (id < 0) throw std::runtime_error("the tokenizer has no token " + text + ", which readings with template " + chat_template + " need");
    return id;
  };
  for (const std::string& special : special_texts()) {
    if ((before_ + after_ + between_).find(special) != std::string::npos) token(special);
  }
  end_of_turn_ = token(chat.end_of_turn);
  continue_ = token(kContinue);
  stop_ = token(kStop);
  ends_ = {continue_, stop_, end_of_turn_};
  for (int64_t id = 0; id < tokenizer_->vocab_size(); ++id) {
    const std::string piece = tokenizer_->piece(id);
    if (!piece.empty() && (kAnswerLabel.starts_with(piece) || piece.starts_with(kAnswerLabel))) answer_openings_.push_back(id);
  }
}

std::vector<int64_t> Layout::given(const std::string& text, bool first) const {
  return tokenizer_->encode((first ? "" : between_) + before_ + text + after_);
}

std::vector<int64_t> Layout::written(const std::string& text) const {
  std::vector<int64_t> ids = tokenizer_->encode(text);
  if (!text.ends_with(kContinue) && !text.ends_with(kStop)) ids.push_back(end_of_turn_);
  return ids;
}

std::string Layout::text(std::vector<int64_t> ids) const {
  if (!ids.empty() && ids.back() == end_of_turn_) ids.pop_back();
  return tokenizer_->decode(ids);
}

std::vector<Example> Layout::examples(const Transcript& transcript, bool all_targets) const {
  std::vector<Example> documents;
  const auto append = [&](const std::vector<int64_t>& ids, bool target) {
    Example& document = documents.back();
    document.ids.insert(document.ids.end(), ids.begin(), ids.end());
    document.target.insert(document.target.end(), ids.size(), target ? 1 : 0);
  };
  for (const Exchange& exchange : transcript.exchanges) {
    const bool first = documents.empty() || exchange.forget;
    if (first) documents.emplace_back();
    append(given(exchange.given, first), all_targets);
    append(written(exchange.written), true);
  }
  return documents;
}

}  // namespace smooth
