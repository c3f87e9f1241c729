// The SFT set as a folder: ROW.FORM.jsonl for every row and form, the tokenizer, manifest.json. Rows are resumable at the
// sample: the tasks are a function of the config, the seed and their number alone, and so is which of them may be in the set.
#pragma once

#include <string>

#include "configs/config.h"

namespace smooth {

// Builds what is missing; a row whose raw data is not there is left out, and named. Throws when the folder holds the set of another config, unless `replace` says to begin anew.
void build_set(const DataConfig& config, bool replace);

// What the rows of a language model would cost, in words: asks nothing, needs no key.
std::string price_set(const DataConfig& config);

}  // namespace smooth
