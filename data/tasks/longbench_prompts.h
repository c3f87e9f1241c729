// LongBench's prompts as its own pred.py makes them, of templates and lengths that the user has: none are in this repository.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "data/sources/longbench.h"
#include "data/task.h"
#include "data/tokenizer.h"

namespace smooth {

class LongBenchPrompts {
 public:
  // Reads dataset2prompt.json and dataset2maxlen.json of `folder` (the benchmark's config) for `tasks`. Throws naming file and task where one
  // is lacking or no template; one that is not as it was published is told on standard error, once a process. `max_length`: tokens, at least 2.
  LongBenchPrompts(const std::filesystem::path& folder, const std::vector<std::string>& tasks, int64_t max_length);

  // pred.py (THUDM/LongBench, get_pred): the template filled in; of more than max_length tokens, half of them from each end, decoded each by
  // itself and joined. The chat template comes later, but for five tasks, which are given plain.
  Prompt prompt(const std::string& task, const LongBenchRecord& record, const Tokenizer& tokenizer) const;

  std::string checksum_of(const std::string& task) const;  // of all that its prompts follow from besides records and tokenizer

 private:
  struct Form {
    std::string text;     // the template
    int64_t max_tokens;   // of the answer
  };
  std::map<std::string, Form> forms_;
  int64_t max_length_;
};

// Python's text.format(context=..., input=...): {{ and }} are braces, and braces in what is put in are as they are. Throws for any other
// field and for a single brace.
std::string fill_in(const std::string& form, const LongBenchRecord& record);

}  // namespace smooth
