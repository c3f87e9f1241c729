// The SFT set as a folder: ROW.FORM.jsonl for every row and form, the tokenizer, manifest.json. Rows are resumable at the
// sample: each is a function of the config, the seed and its number alone.
#pragma once

#include <string>

#include "configs/config.h"

namespace smooth {

// Builds what is missing. Throws when the folder holds the set of another config, unless `replace` says to begin anew.
void build_set(const DataConfig& config, bool replace);

}  // namespace smooth
