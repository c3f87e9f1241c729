// The RWKV World tokenizer: rwkv_vocab_v20230424.txt and any other `rwkv_vocab*.txt` of its format.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "data/tokenizer.h"

namespace smooth {

// Text of token 0, as fla-hub's folders call it. It ends a document, and begins one where a template asks for it.
inline const std::string kWorldEnd = "<|rwkv_tokenizer_end_of_text|>";

// The folder's only rwkv_vocab*.txt; nothing if there is none; throws if there are several.
std::optional<std::filesystem::path> world_vocabulary(const std::filesystem::path& folder);

std::shared_ptr<const Tokenizer> load_world(const std::filesystem::path& folder);

}  // namespace smooth
