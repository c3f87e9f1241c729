// One row of the set: where its tasks come from, and the files that hold them in every form.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "configs/config.h"
#include "configs/run.h"
#include "data/layout.h"
#include "data/niah.h"
#include "data/reading.h"
#include "data/tasks/tasks.h"
#include "data/tokenizer.h"

namespace smooth {

class Row {
 public:
  // Reads the raw set. `tokenizer` counts the lengths of needle and tiny tasks. Keeps a reference to the config.
  Row(const RowConfig& config, int64_t seed, std::shared_ptr<const Tokenizer> tokenizer);

  Task task(int64_t index) const;  // a function of the config, the seed, the raw files and the index alone
  int64_t size() const;            // tasks that can be made
  // As the rule teacher reads it, in chunks of a size drawn for this task.
  Transcript by_rules(const Task& task, Mode form, int64_t index) const;

  const RowConfig& config() const { return config_; }
  const Tasks* tasks() const { return tasks_.get(); }  // of a raw set; null for needles and tiny rows

 private:
  Task needle_task(int64_t index) const;
  Task miniature(int64_t index) const;

  const RowConfig& config_;
  int64_t seed_;
  std::shared_ptr<const Tokenizer> tokenizer_;
  std::optional<Niah> niah_;
  std::unique_ptr<const Tasks> tasks_;
};

// What a language model wrote in unsmooth reading, as a sample of another form: the same summaries of the same chunks.
Transcript in_form(const Task& task, const Transcript& taught, Mode form);

// How long a sample may be for training: tokens of its longest document, as a chat template lays it out.
class SampleLimit {
 public:
  // 0 tokens: any length. Throws when the tokenizer lacks a token of the template, unless any length is allowed.
  SampleLimit(int64_t tokens, const std::shared_ptr<const Tokenizer>& tokenizer, const std::string& chat_template);
  bool limits() const { return layout_.has_value(); }
  bool allows(const Task& task) const;                       // false: not even in one step, without an answer
  bool allows(const std::vector<Transcript>& forms) const;

 private:
  int64_t tokens_;
  std::optional<Layout> layout_;
};

std::vector<Mode> forms_of(const RowConfig& config);
std::filesystem::path row_file(const std::filesystem::path& out, const RowConfig& config, Mode form);

// A row's files, a sample a line in each. Opening them cuts them back to the samples that all of them hold.
class RowFiles {
 public:
  RowFiles(const std::filesystem::path& out, const RowConfig& config);
  int64_t samples() const { return samples_; }
  void append(const std::vector<Transcript>& forms);  // one sample, in the order of forms_of

 private:
  std::vector<LineFile> files_;
  int64_t samples_ = 0;
};

}  // namespace smooth
