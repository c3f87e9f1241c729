// How the turns of a reading become token ids: the chat template, in one place for training and evaluation.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "data/batch.h"
#include "data/reading.h"
#include "data/tokenizer.h"

namespace smooth {

// How one chat format lays out turns. `ends`: texts of the token that ends a turn; the first that the tokenizer has.
struct Template {
  std::string begin;          // where memory is empty, before the first turn
  std::string before, after;  // around a given text
  std::string between;        // before a later turn
  std::string opening;        // between the author's header and what is written
  std::vector<std::string> ends;
  bool no_blank_lines = false;  // a blank line ends a turn: inside texts, runs of newlines become one
};

class Layout {
 public:
  // Templates: chatml, qwen2.5 (chatml after Qwen's system line), mistral, rwkv-world, plain. Throws when the tokenizer
  // lacks a token that the template needs. `model_ends`: tokens by which the model says that its text has ended.
  Layout(std::shared_ptr<const Tokenizer> tokenizer, const std::string& chat_template, std::vector<int64_t> model_ends = {});

  // What is fed for a turn: the end of the turn before it (unless memory is empty), the text, the author's header.
  std::vector<int64_t> given(const std::string& text, bool first) const;
  // What is written on a turn, with its end: a summary ends in its marker, a plain answer in the template's end of turn.
  std::vector<int64_t> written(const std::string& text) const;
  // Text of generated ids, without a template's end of turn.
  std::string text(std::vector<int64_t> ids) const;

  // The same of a prompt that a benchmark prescribes. Plain, it is framed by the tokenizer alone, and what ends its answer ends a text rather
  // than a turn. The answer's text has no special tokens and is not touched otherwise.
  std::vector<int64_t> given(const Prompt& prompt) const;
  std::vector<int64_t> ends(const Prompt& prompt) const;
  std::string text(const Prompt& prompt, const std::vector<int64_t>& ids) const;

  // Tokens that end writing: <CONTINUE>, <STOP>, end of turn. With rwkv-world and its own tokenizer, every token that holds
  // a blank line.
  const std::vector<int64_t>& ends() const { return ends_; }
  // Tokens that a reader forbids: <CONTINUE> on the last chunk; when the answer may not come yet <STOP>, and at the start of
  // a line whatever begins an answer ("Answer:").
  int64_t go_on() const { return continue_; }
  int64_t stop() const { return stop_; }
  const std::vector<int64_t>& answer_openings() const { return answer_openings_; }
  bool ends_line(int64_t id) const { return id < tokenizer_->vocab_size() && tokenizer_->piece(id).ends_with('\n'); }
  const std::shared_ptr<const Tokenizer>& tokenizer() const { return tokenizer_; }

  // A transcript as documents: a new one wherever memory was emptied. Written segments are targets, or everything.
  std::vector<Example> examples(const Transcript& transcript, bool all_targets = false) const;

 private:
  int64_t token(const std::vector<std::string>& texts) const;
  std::string turn(const std::string& text) const;
  static bool opens_answer(const std::string& piece);

  std::shared_ptr<const Tokenizer> tokenizer_;
  std::string name_;
  Template chat_;
  int64_t end_of_turn_, continue_, stop_;
  std::vector<int64_t> model_ends_, ends_, answer_openings_;
};

// Every special text that templates and markers need, for training a tokenizer.
const std::vector<std::string>& special_texts();

}  // namespace smooth
