// Needle in a haystack, as RULER makes it (NVIDIA/RULER scripts/data/synthetic/niah.py): k keys with v values each are
// hidden as sentences at depths drawn from 40 steps, q keys are asked for.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "configs/config.h"
#include "data/task.h"
#include "data/tokenizer.h"

namespace smooth {

class Haystack;

class Niah {
 public:
  // `tokenizer` counts lengths. Reads the essays once. `overhead` tokens are kept free of the context for the chat
  // template and the answer.
  Niah(NiahConfig config, std::shared_ptr<const Tokenizer> tokenizer, int64_t overhead = 0);
  ~Niah();

  // The index-th task of this seed, at most `length` tokens (instruction, context and question; as close below as whole
  // sentences allow). Depends on (config, seed, length, index) alone. Throws when not even the needles fit.
  Task task(uint64_t seed, int64_t length, int64_t index) const;

 private:
  NiahConfig config_;
  std::shared_ptr<const Tokenizer> tokenizer_;
  int64_t overhead_;
  std::unique_ptr<const Haystack> haystack_;
};

}  // namespace smooth
