// Needle tasks that RULER made: a validation.jsonl as NVIDIA/RULER scripts/data/prepare.py writes it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "data/task.h"

namespace smooth {

// `input` of a line, the whole prompt, is taken apart by RULER's own words: instruction, context, question. What it has around them must be
// one of RULER's chat templates (scripts/data/template.py, rewritten as niah.py rewrites them), with the beginning of an answer behind
// it in files from before 2025: it is left out, since readings are laid out by the evaluation's own `chat_template`. A file that was made
// with --remove_newline_tab has blanks for its newlines and is taken apart all the same. `outputs` are the answers; each must stand
// in a needle of the context. `index`, `length` and the newer fields are not looked at: lengths are counted by the model's tokenizer, and an
// index that comes from the answer's place (files since 2025) is no name.
class RulerFile {
 public:
  // Reads the file from end to end, but keeps only where its lines are. Throws naming file and line, what was expected and what came.
  explicit RulerFile(const std::filesystem::path& file);

  int64_t size() const { return static_cast<int64_t>(lines_.size()); }
  const std::string& checksum() const { return checksum_; }
  // What RULER called the task: the folder of a validation.jsonl or test.jsonl ("niah_multikey_1"), else the file.
  std::string name() const;

  // The task of the index-th line, 0 the first, read again; its `length`, in tokens, is not counted. May be called by several threads.
  Task task(int64_t index) const;

 private:
  struct Line {
    int64_t number = 0;  // in the file, from 1
    int64_t begin = 0, bytes = 0;
  };
  std::filesystem::path file_;
  std::vector<Line> lines_;
  std::string checksum_;
};

}  // namespace smooth
