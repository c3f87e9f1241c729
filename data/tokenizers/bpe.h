// Byte-level BPE as Qwen2 and Qwen2.5 have it. A text is cut at added tokens; what lies between is normalised to NFC, cut into
// pieces by the pattern (pieces.h), and each piece's bytes are merged by rank (merges.h). No BOS or EOS.
//
// Any bytes can be encoded: ill-formed UTF-8 goes through as the bytes that it is, and `piece` gives them back. `decode` is text:
// there, what is ill-formed is U+FFFD, as Hugging Face's decoder has it.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "data/tokenizer.h"

namespace smooth {

// `folder` holds tokenizer.json, or vocab.json and merges.txt (bpe_files.h says which).
std::shared_ptr<const Tokenizer> load_bpe(const std::filesystem::path& folder);

// The tokenizer itself if it has the texts <CONTINUE> and <STOP> as tokens; else, for byte-level BPE, one with those that lack
// added under the next free ids, as Hugging Face adds them. `save` writes files that hold them.
std::shared_ptr<const Tokenizer> with_markers(const std::shared_ptr<const Tokenizer>& tokenizer);

}  // namespace smooth
