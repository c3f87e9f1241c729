// model.safetensors.index.json and pytorch_model.bin.index.json: which file holds which tensor. Source: save_pretrained of
// transformers, modeling_utils.py.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace smooth {

// Tensor -> file name, a plain one within the index's folder. metadata.total_size is not looked at: published ones are often wrong.
std::map<std::string, std::string> parse_shard_index(std::string_view json, const std::string& file);

}  // namespace smooth
