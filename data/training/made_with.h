// Which tokenizer and chat template a set was made with, beside those of a training run. A set is text and holds no id, but the lengths
// of its needle tasks and `max_sample_tokens` were counted with its tokenizer, and its teacher's forms were limited by its template.
#pragma once

#include "configs/config.h"
#include "data/tokenizer.h"

namespace smooth {

// Looks at the manifest.json beside each of `config.files`, where one names a tokenizer. Throws when that tokenizer is another than
// `config.tokenizer`, or when samples were limited as another template lays them out, unless `config.other_tokenizer` accepts it.
// A tokenizer that is not there any more is told on standard error. Two tokenizers are the same when they know as many tokens and
// the files that both have are the same: a checkpoint keeps some of a folder's files.
void check_made_with(const TrainDataConfig& config, const Tokenizer& tokenizer);

}  // namespace smooth
