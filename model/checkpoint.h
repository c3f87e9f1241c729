// A model as a folder that Hugging Face's transformers opens: config.json, the weights (model/weights.h), the tokenizer's files.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "configs/config.h"
#include "model/model.h"
#include "model/weights.h"

namespace smooth {

// A new model with initial weights.
std::unique_ptr<Model> make_model(const ModelConfig& config, int64_t vocab_size, std::optional<int64_t> sliding_window,
                                  uint64_t seed, const at::Device& device);

// The model of a folder. `sliding_window`: nothing keeps the folder's own; 0 makes every layer dense, W gives every layer
// the window W. Missing and left-over tensors are both errors, named with the file. The model owns its memory: views of the mapped
// file would save a copy on a CPU, but lie at any address, and where a matrix lies can change the last bits of its products.
std::unique_ptr<Model> load_model(const std::string& folder, std::optional<int64_t> sliding_window, const at::Device& device);

// Writes config.json and the weights, in shards when they have more bytes than `shard_bytes`; the tokenizer saves its own files.
void save_model(const Model& model, const std::string& folder, int64_t shard_bytes = kShardBytes);

// The folder itself if it is a model folder, else its newest checkpoints/step-N that is DONE. Throws naming both.
std::string find_checkpoint(const std::string& folder);

}  // namespace smooth
