#include "model/convert.h"

#include <ATen/ATen.h>

#include <filesystem>
#include <stdexcept>

#include "configs/run.h"
#include "model/checkpoint.h"
#include "model/rwkv7.h"
#include "model/rwkv7_layouts.h"
#include "model/files/torch_save.h"

namespace smooth {
namespace {

namespace fs = std::filesystem;

// The stored tensors under this framework's names; `model` has the names and shapes, and no memory.
std::vector<Parameter> stored_parameters(const Model& model, const Weights& weights, const std::string& dtype) {
  std::vector<Parameter> all;
  for (const Parameter& parameter : stored_tensors(model)) {
    const std::vector<int64_t> shape = parameter.value.sizes().vec();
    const at::Tensor value = is_blinkdl(weights) ? from_blinkdl(weights, parameter.name, shape) : weights.get(parameter.name, shape);
    all.push_back({parameter.name, dtype == "stored" ? value : value.to(dtype_from(dtype))});
  }
  return all;
}

}  // namespace

void convert_weights(const ConvertOptions& options) {
  const std::string from = find_checkpoint(options.from);
  const Weights weights(from);
  const std::vector<Parameter> parameters = stored_parameters(*describe_model(from, weights), weights, options.dtype);
  const auto as_written = at::TensorOptions(at::kMeta).dtype(parameters.front().value.scalar_type());  // which config.json names
  const std::unique_ptr<Model> model = describe_model(from, weights, {}, as_written);
  if (options.layout == "hf") {
    if (fs::is_regular_file(options.to)) throw std::runtime_error(options.to + ": is a file; layout hf writes a folder");
    save_weights(options.to, parameters, options.shard_bytes);
    write_file(fs::path(options.to) / "config.json", model->config_json());
    return;
  }
  if (options.layout != "blinkdl") throw std::runtime_error("layout " + options.layout + " is not known; the layouts are hf and blinkdl");
  if (dynamic_cast<const Rwkv7*>(model.get()) == nullptr) throw std::runtime_error(from + ": is no RWKV-7, which alone has the layout blinkdl");
  const std::vector<Parameter> there = to_blinkdl(parameters);
  if (options.to.ends_with(".pth")) return save_torch_file(options.to, there);
  if (options.to.ends_with(".safetensors")) return save_safetensors(options.to, there);
  throw std::runtime_error(options.to + ": layout blinkdl writes a .pth or a .safetensors");
}

}  // namespace smooth
