// A model as a folder that Hugging Face's transformers opens: config.json, the weights (model/files/weights.h), the tokenizer's files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "configs/config.h"
#include "model/model.h"
#include "model/files/weights.h"

namespace smooth {

// A new model with initial weights.
std::unique_ptr<Model> make_model(const ModelConfig& config, int64_t vocab_size, std::optional<int64_t> sliding_window,
                                  uint64_t seed, const at::Device& device);

struct LoadOptions {
  std::optional<int64_t> sliding_window = {};  // nothing keeps the folder's own; 0 makes every layer that attends dense, W gives it the window W
  at::ScalarType dtype = at::kFloat;           // of weights and activations
};

at::ScalarType dtype_from(const std::string& name);  // "float32" or "bfloat16"

// The model of a Hugging Face folder, or of RWKV-7 weights in BlinkDL's naming (a .pth, which has no config). Missing and left-over tensors are both errors, named with the file. On the CPU a tensor that is stored in
// the wanted dtype is not copied: the model's weights lie in the mapped file (privately; training changes its own pages alone).
std::unique_ptr<Model> load_model(const std::string& folder, const LoadOptions& options, const at::Device& device);

// The model that weights belong to, with its own names and shapes and empty (on the meta device: without memory). Throws when names
// are missing or left over.
std::unique_ptr<Model> describe_model(const std::string& folder, const Weights& weights, std::optional<int64_t> sliding_window = {},
                                      const at::TensorOptions& options = at::TensorOptions(at::kMeta));

// The same from a config.json alone, whether or not its weights are there. An ARWKV's ranks are then its code's constants.
std::unique_ptr<Model> describe_config(const std::string& file, std::optional<int64_t> sliding_window = {},
                                       const at::TensorOptions& options = at::TensorOptions(at::kMeta));
// And a new model's.
std::unique_ptr<Model> describe_new(const ModelConfig& config, int64_t vocab_size, std::optional<int64_t> sliding_window = {},
                                    const at::TensorOptions& options = at::TensorOptions(at::kMeta));

// Writes config.json and the weights, in shards when they have more bytes than `shard_bytes`; the tokenizer saves its own files.
void save_model(const Model& model, const std::string& folder, int64_t shard_bytes = kShardBytes);

// Of a run's folder `checkpoints`: the steps of the folders step-N that are DONE, newest first. What is not DONE is not a checkpoint.
std::vector<int64_t> finished_steps(const std::filesystem::path& checkpoints);

// The folder itself if it is a model folder (or a file of weights), else its newest checkpoints/step-N that is DONE. Throws naming both.
std::string find_checkpoint(const std::string& folder);

// Where a model's folder says that its texts end: eos_token_id, one or several, of generation_config.json, else of config.json; may be none.
std::vector<int64_t> end_tokens(const std::filesystem::path& folder);

}  // namespace smooth
