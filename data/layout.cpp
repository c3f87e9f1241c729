#include "data/layout.h"

#include <algorithm>
#include <stdexcept>

#include "data/tokenizers/world.h"

namespace smooth {
namespace {

// Every template, in the order in which an error lists them.
const std::string kTemplates = "chatml, qwen2.5, mistral, rwkv-world, plain";

// What ends a text, not a turn of a chat. A published model ends it as it learned to: </s> (Llama, Mistral) or token 0 (RWKV World).
const std::vector<std::string> kTextEnds = {"<|im_end|>", "</s>", kWorldEnd};

Template template_of(const std::string& name, const Tokenizer& tokenizer) {
  const Template chatml = {.before = "<|im_start|>user\n", .after = "<|im_end|>\n<|im_start|>assistant\n", .between = "<|im_end|>\n", .ends = {"<|im_end|>"}};
  // Qwen2.5's chat format: https://qwen.readthedocs.io, "ChatML"
  if (name == "chatml") return chatml;
  // Qwen2.5-Instruct's own chat_template: the same, after a system line where the user gives none.
  if (name == "qwen2.5") {
    Template qwen = chatml;
    qwen.begin = "<|im_start|>system\nYou are Qwen, created by Alibaba Cloud. You are a helpful assistant.<|im_end|>\n";
    return qwen;
  }
  // Mistral-7B-Instruct v0.1 and v0.2: <s>[INST] … [/INST] …</s>. The blank before an answer is SentencePiece's dummy prefix.
  if (name == "mistral") return {.begin = "<s>", .before = "[INST] ", .after = " [/INST]", .between = "</s>", .ends = {"</s>"}};
  // RWKV World's: `User: …` blank line `Assistant: …` blank line, documents separated by token 0. A blank line ends a turn,
  // so none may be inside one: https://github.com/BlinkDL/RWKV-LM, "replace all \n\n in prompts by \n".
  if (name == "rwkv-world" && tokenizer.special_id(kWorldEnd) >= 0) {
    return {.begin = kWorldEnd, .before = "User: ", .after = "\n\nAssistant:", .between = "\n\n", .opening = " ", .ends = {"\n\n"}, .no_blank_lines = true};
  }
  // The same lines with a tokenizer of this project, whose turns end in a token of their own.
  if (name == "rwkv-world") return {.before = "User: ", .after = "\n\nAssistant:", .between = "\n\n", .ends = {"<|im_end|>"}};
  if (name == "plain") return {.after = "\n", .between = "\n", .ends = kTextEnds};  // for base models
  throw std::runtime_error("chat template " + name + " is not known; the templates are " + kTemplates);
}

// The one token that is `text`: special, or a text that is one token by itself; -1 if it is more than one.
int64_t single_token(const Tokenizer& tokenizer, const std::string& text) {
  if (const int64_t id = tokenizer.special_id(text); id >= 0) return id;
  const bool ordinary = text.find_first_not_of('\n') == std::string::npos;
  const std::vector<int64_t> ids = ordinary ? tokenizer.encode(text) : std::vector<int64_t>{};
  return ids.size() == 1 ? ids[0] : -1;
}

// Runs of newlines become one.
std::string without_blank_lines(const std::string& text) {
  std::string kept;
  for (const char c : text) {
    if (c != '\n' || !kept.ends_with('\n')) kept += c;
  }
  return kept;
}

}  // namespace

const std::vector<std::string>& special_texts() {
  static const std::vector<std::string> texts = {"<|im_start|>", "<|im_end|>", kContinue, kStop};
  return texts;
}

Layout::Layout(std::shared_ptr<const Tokenizer> tokenizer, const std::string& chat_template, std::vector<int64_t> model_ends)
    : tokenizer_(std::move(tokenizer)), name_(chat_template), chat_(template_of(chat_template, *tokenizer_)), model_ends_(std::move(model_ends)) {
  for (const std::string text : {"<|im_start|>", "<|im_end|>", "<s>", "</s>"}) {
    if ((chat_.begin + chat_.before + chat_.after + chat_.between).find(text) != std::string::npos) token({text});
  }
  end_of_turn_ = token(chat_.ends);
  continue_ = token({kContinue});
  stop_ = token({kStop});
  ends_ = {continue_, stop_, end_of_turn_};
  const std::string opened = tokenizer_->piece(tokenizer_->encode(chat_.opening + "x").at(0));
  const bool blank_first = opened.starts_with(' ');  // the first piece of what is written begins with a blank
  for (int64_t id = 0; id < tokenizer_->vocab_size(); ++id) {
    const std::string piece = tokenizer_->piece(id);
    if (opens_answer(piece) || (blank_first && piece.starts_with(' ') && (piece.size() == 1 || opens_answer(piece.substr(1))))) answer_openings_.push_back(id);
    if (chat_.no_blank_lines && id != end_of_turn_ && piece.find("\n\n") != std::string::npos) ends_.push_back(id);
  }
}

bool Layout::opens_answer(const std::string& piece) {
  return !piece.empty() && (kAnswerLabel.starts_with(piece) || piece.starts_with(kAnswerLabel));
}

// The first of `texts` that is a token.
int64_t Layout::token(const std::vector<std::string>& texts) const {
  for (const std::string& text : texts) {
    if (const int64_t id = single_token(*tokenizer_, text); id >= 0) return id;
  }
  const bool marker = texts[0] == kContinue || texts[0] == kStop;
  std::string message = "the tokenizer has no token " + texts[0];
  for (size_t i = 1; i < texts.size(); ++i) message += (i == 1 ? " (nor " : ", ") + texts[i] + (i + 1 == texts.size() ? ")" : "");
  throw std::runtime_error(message + ", which readings with template " + name_ + " need" +
                           (marker ? "; `./smooth data markers --model DIR --out DIR` writes a tokenizer with <CONTINUE> and <STOP> added"
                                   : "; the templates are " + kTemplates));
}

std::string Layout::turn(const std::string& text) const { return chat_.no_blank_lines ? without_blank_lines(text) : text; }

std::vector<int64_t> Layout::given(const std::string& text, bool first) const {
  return tokenizer_->encode((first ? chat_.begin : chat_.between) + chat_.before + turn(text) + chat_.after);
}

std::vector<int64_t> Layout::written(const std::string& text) const {
  std::vector<int64_t> ids = tokenizer_->encode(chat_.opening + turn(text));
  if (!text.ends_with(kContinue) && !text.ends_with(kStop)) ids.push_back(end_of_turn_);
  return ids;
}

std::string Layout::text(std::vector<int64_t> ids) const {
  if (!ids.empty() && ids.back() == end_of_turn_) ids.pop_back();
  std::string text = tokenizer_->decode(ids);
  if (chat_.no_blank_lines) text.resize(std::min(text.size(), text.find("\n\n")));  // a token that ends a turn may hold more
  return text.starts_with(chat_.opening) ? text.substr(chat_.opening.size()) : text;
}

std::vector<int64_t> Layout::given(const Prompt& prompt) const {
  return prompt.plain ? tokenizer_->encode_framed(prompt.text) : given(prompt.text, /*first=*/true);
}

std::vector<int64_t> Layout::ends(const Prompt& prompt) const {
  std::vector<int64_t> ends = prompt.plain ? std::vector<int64_t>{token(kTextEnds)} : ends_;
  ends.insert(ends.end(), model_ends_.begin(), model_ends_.end());
  if (prompt.one_line) ends.push_back(tokenizer_->encode("\n").back());
  return ends;
}

std::string Layout::text(const Prompt& prompt, const std::vector<int64_t>& ids) const {
  std::string text = tokenizer_->decode_without_specials(ids);
  if (!prompt.plain && chat_.no_blank_lines) text.resize(std::min(text.size(), text.find("\n\n")));
  return text;
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
    append(exchange.plain ? tokenizer_->encode_framed(exchange.given) : given(exchange.given, first), all_targets);
    append(written(exchange.written), true);
  }
  return documents;
}

}  // namespace smooth
