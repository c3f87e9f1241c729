// Debian's SentencePiece trains; the folder gets tokenizer.model, and beside it the files by which transformers opens the same
// tokenizer. transformers 5 takes Qwen2's byte-level class for every Qwen2 model, whatever tokenizer_class says, unless auto_map
// names a class of the folder's own: then, without trust_remote_code, tokenizer_class is obeyed; with it, the folder's class.
#include <sentencepiece_processor.h>
#include <sentencepiece_trainer.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <unordered_map>

#include "configs/run.h"
#include "data/tokenizer.h"
#include "data/tokenizers/sentencepiece_json.h"

namespace smooth {
namespace {

constexpr const char* kPython = R"(from transformers import PreTrainedTokenizerFast


class SmoothTokenizer(PreTrainedTokenizerFast):
    """tokenizer.json as it is."""
)";

void check(const sentencepiece::util::Status& status) {
  if (!status.ok()) throw std::runtime_error("SentencePiece could not be trained: " + status.ToString());
}

class Lines : public sentencepiece::SentenceIterator {
 public:
  explicit Lines(const std::vector<std::string>& lines) : lines_(lines) {}
  bool done() const override { return next_ == lines_.size(); }
  void Next() override { ++next_; }
  const std::string& value() const override { return lines_[next_]; }
  sentencepiece::util::Status status() const override { return {}; }

 private:
  const std::vector<std::string>& lines_;
  size_t next_ = 0;
};

// One field of the library's comma-separated lists.
std::string quoted(const std::string& text) {
  std::string field = "\"";
  for (const char c : text) field += c == '"' ? "\"\"" : std::string(1, c);
  return field + "\"";
}

std::string tokenizer_config() {
  const nlohmann::json config = {
      {"tokenizer_class", "PreTrainedTokenizerFast"},
      {"auto_map", {{"AutoTokenizer", {nullptr, "tokenization_smooth.SmoothTokenizer"}}}},
      {"bos_token", "<s>"},
      {"eos_token", "</s>"},
      {"add_bos_token", false},
      {"add_eos_token", false},
      {"add_prefix_space", false},
      {"legacy", false},
      {"clean_up_tokenization_spaces", false},
      {"spaces_between_special_tokens", false},
  };
  return config.dump(2) + "\n";
}

}  // namespace

void train_sentencepiece(const std::string& folder, const std::vector<std::string>& lines, const std::string& model_type,
                         int64_t vocab_size, const std::vector<std::string>& specials, bool split_punctuation) {
  std::string symbols = quoted("\n");
  for (const std::string& special : specials) symbols += "," + quoted(special);
  const std::unordered_map<std::string, std::string> options = {
      {"model_type", model_type},
      {"vocab_size", std::to_string(vocab_size)},
      {"hard_vocab_limit", "false"},  // a small text may not have so many pieces in it
      {"split_digits", "true"},
      {"byte_fallback", "true"},
      {"normalization_rule_name", "identity"},
      {"add_dummy_prefix", "false"},
      {"remove_extra_whitespaces", "false"},
      {"split_by_unicode_script", split_punctuation ? "true" : "false"},
      {"user_defined_symbols", symbols},
      {"max_sentence_length", "1000000000"},  // bytes; the default leaves longer lines out
      {"num_threads", "1"},                   // sums of probabilities in one order: the same bits every time
      {"minloglevel", "2"},
  };
  Lines iterator(lines);
  std::string model;
  check(sentencepiece::SentencePieceTrainer::Train(options, &iterator, &model));
  sentencepiece::SentencePieceProcessor processor;
  check(processor.LoadFromSerializedProto(model));
  const std::filesystem::path path(folder);
  write_file(path / "tokenizer.model", model);
  write_file(path / "tokenizer.json", sentencepiece_json(processor, model_type, specials));
  write_file(path / "tokenization_smooth.py", kPython);
  write_file(path / "tokenizer_config.json", tokenizer_config());  // last: with it the folder is whole
}

}  // namespace smooth
