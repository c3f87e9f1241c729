// Needle in a haystack, as RULER makes it (NVIDIA/RULER scripts/data/synthetic/niah.py): k keys with v values each are
// hidden as sentences at depths drawn from 40 steps, q keys are asked for.
//
// Tasks of one seed are the same for every model and mode. Two tokenizers, which count lengths differently, are told apart by one thing
// alone, how many units of haystack fill a length: keys, values, which key is asked for, the depths that are drawn, the order of the
// needles and the haystack from its beginning on are equal. A needle of depth d stands before unit int(d x units), so that its share of
// the context before it differs by a unit's at most.
//
// A needle at distance D from the end (`distance`): its last token, the one that holds its full stop, is the D-th of the context counted
// from the context's end, whose last token is the first. Units stand before it; behind it the haystack goes on word by word for as long
// as it is no further than D: one word more, and it would be. (RULER's essays end in the middle of a sentence too.) Tokens are those of the
// context by itself: what follows the needle adds D - 1 of them. Needles of several asked keys or values stand in a row, the last of them
// at D; the others have their depths, but stand before where there is no room behind.
#pragma once

#include <memory>
#include <optional>
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
  // sentences allow). Depends on (config, seed, length, index, distance) and the tokenizer alone. `distance` is one of the config's and may
  // be left out where there is no more than one. Throws when not even the needles fit. May be called by several threads.
  Task task(uint64_t seed, int64_t length, int64_t index, std::optional<int64_t> distance = {}) const;

 private:
  NiahConfig config_;
  std::shared_ptr<const Tokenizer> tokenizer_;
  int64_t overhead_;
  std::unique_ptr<const Haystack> haystack_;
  std::vector<int64_t> unit_tokens_;  // of units that come again in every task, about
};

}  // namespace smooth
