// <CONTINUE> and <STOP> become tokens of a published tokenizer through the files that Hugging Face has for it. The new ids
// begin at vocab_size(): rows that most published embedding tables have, untrained (RWKV World: 65530 of 65536; Qwen2.5:
// 151665 of 152064), and that others (Mistral: 32000 of 32000) have to grow by.
#include "data/tokenizers/markers.h"

#include <nlohmann/json.hpp>
#include <stdexcept>

#include "configs/run.h"
#include "data/summary.h"
#include "data/tokenizer.h"
#include "data/tokenizers/bpe.h"
#include "data/tokenizers/bpe_files.h"
#include "data/tokenizers/folder.h"

namespace smooth {
namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

void add_markers(const std::string& folder, const std::string& out) {
  if (fs::exists(out) && !fs::is_empty(out)) throw std::runtime_error(out + ": is not empty; name a new folder");
  const auto tokenizer = load_tokenizer(folder);
  if (holds_bpe(folder)) return with_markers(tokenizer)->save(out);
  tokenizer->save(out);
  const fs::path file = fs::path(out) / "tokenizer_config.json";
  Json config = fs::exists(file) ? read_json(file, read_file(file)) : Json::object();
  int64_t next = tokenizer->vocab_size();
  for (const std::string& marker : {kContinue, kStop}) {
    if (tokenizer->special_id(marker) >= 0) continue;
    config["added_tokens_decoder"][std::to_string(next++)] = {{"content", marker}, {"lstrip", false},      {"normalized", false},
                                                              {"rstrip", false},   {"single_word", false}, {"special", false}};
  }
  write_file(file, config.dump(2) + "\n");
  const auto marked = load_tokenizer(out);
  for (const std::string& marker : {kContinue, kStop}) {
    if (marked->special_id(marker) < 0)
      throw std::runtime_error(out + ": " + marker + " could not be added to this kind of tokenizer");
  }
}

}  // namespace smooth
