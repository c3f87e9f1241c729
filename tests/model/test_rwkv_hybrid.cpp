// ARWKV and QRWKV7: their authors' own code in float64 (tests/golden/arwkv_tiny.py, qrwkv7_tiny.py), the equivalences that define
// the product, their folders read and written, wrong ones refused.
#include "model/rwkv_hybrid.h"

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>

#include "model/checkpoint.h"
#include "model/convert.h"
#include "tests/model/files.h"
#include "tests/model/support.h"

using namespace smooth;
using Catch::Contains;

namespace {

const std::string kGolden = "tests/golden/";

std::string every_folder() {
  return GENERATE(as<std::string>{}, "arwkv_tiny/plain", "arwkv_tiny/gate", "arwkv_tiny/one_plus_gate", "qrwkv7_tiny/qwerky7",
                  "qrwkv7_tiny/balanced", "qrwkv7_tiny/hybrid");
}

std::unique_ptr<Model> load(const std::string& name, at::ScalarType dtype = at::kFloat) {
  return load_model(kGolden + name, {.dtype = dtype}, at::kCPU);
}

at::Tensor all_logits(const Model& model, const Batch& batch) { return model.logits(model.forward(batch)).detach(); }

Batch document(const Batch& batch, int64_t n) {
  Batch one;
  const int64_t begin = batch.cu_seqlens[n], end = batch.cu_seqlens[n + 1];
  one.ids = {batch.ids.begin() + begin, batch.ids.begin() + end};
  one.targets = {batch.targets.begin() + begin, batch.targets.begin() + end};
  one.cu_seqlens = {0, static_cast<int32_t>(end - begin)};
  return one;
}

// A copy of a golden folder whose config and tensors have been meddled with.
using Config = std::function<void(nlohmann::json&)>;
using Tensors = std::function<void(std::vector<Parameter>&)>;
std::string changed(const Scratch& scratch, const std::string& name, const Config& config, const Tensors& tensors = {}) {
  const std::string folder = scratch.path("changed");
  nlohmann::json json = nlohmann::json::parse(read_file(kGolden + name + "/config.json"));
  if (config) config(json);
  write_file(folder + "/config.json", json.dump());
  std::vector<Parameter> all;
  const Weights weights(kGolden + name);
  for (const std::string& tensor : weights.names()) all.push_back({tensor, weights.get(tensor)});
  if (tensors) tensors(all);
  save_weights(folder, all);
  return folder;
}

void drop(std::vector<Parameter>& tensors, const std::string& ending) {
  const size_t before = tensors.size();
  std::erase_if(tensors, [&](const Parameter& tensor) { return tensor.name.ends_with(ending); });
  REQUIRE(tensors.size() < before);
}

std::string config_text(const std::string& name, const Config& change) {
  nlohmann::json json = nlohmann::json::parse(read_file(kGolden + name + "/config.json"));
  change(json);
  return json.dump();
}

}  // namespace

TEST_CASE("ARWKV and QRWKV7: logits, loss and gradients of their authors' code", "[cpu]") {
  const std::string name = every_folder();
  // The reference is kept in fp32, and its rotary frequencies were; what is left for doubles to differ by is that.
  const at::ScalarType dtype = GENERATE(at::kFloat, at::kDouble);
  const double ratio = dtype == at::kFloat ? 5e-5 : 5e-7;
  INFO(name << " in " << c10::toString(dtype));
  const Safetensors io(kGolden + name + "/io.safetensors");
  const auto model = load(name, dtype);
  Example example;
  const at::Tensor ids = io.get("input_ids");
  example.ids.assign(ids.const_data_ptr<int64_t>(), ids.const_data_ptr<int64_t>() + ids.numel());
  example.target.assign(example.ids.size(), 1);
  Batch batch;
  batch.add(example);
  check_close("logits", io.get("logits"), all_logits(*model, batch), ratio);

  for (const Parameter& parameter : model->parameters()) parameter.value.requires_grad_();
  const at::Tensor loss = backward(*model, batch) / batch.num_targets;
  CHECK(loss.item<double>() == Approx(io.get("loss").item<double>()).epsilon(ratio / 10));
  size_t compared = 0;
  for (const Parameter& parameter : model->parameters()) {
    REQUIRE(parameter.value.grad().defined());
    if (!io.has("grad." + parameter.name)) continue;
    check_close(parameter.name, io.get("grad." + parameter.name), parameter.value.grad() / batch.num_targets, ratio);
    ++compared;
  }
  // What is idle here has no gradient there.
  for (const Parameter& tensor : model->idle()) {
    if (!io.has("grad." + tensor.name)) continue;
    INFO(tensor.name);
    CHECK(io.get("grad." + tensor.name).abs().max().item<double>() == 0);
    ++compared;
  }
  CHECK(compared == (name == "arwkv_tiny/one_plus_gate" ? 0 : stored_tensors(*model).size()));
}

TEST_CASE("the golden values tell the options apart", "[cpu]") {
  const auto differs = [](const std::string& name, const std::string& key, const nlohmann::json& value) {
    const Scratch scratch;
    INFO(name << ", " << key << ": " << value.dump());
    const Safetensors io(kGolden + name + "/io.safetensors");
    const auto model = load_model(changed(scratch, name, [&](nlohmann::json& json) { json[key] = value; }), {}, at::kCPU);
    const at::Tensor expected = io.get("logits"), got = all_logits(*model, one_document(io.get("input_ids")));
    CHECK((expected - got).abs().max().item<double>() > 1e-3 * expected.abs().max().item<double>());
  };
  differs("arwkv_tiny/one_plus_gate", "wkv_gate_offset", 0);
  differs("arwkv_tiny/gate", "wkv_gate_offset", 1);
  differs("arwkv_tiny/gate", "head_size_divisor", 1);
  differs("arwkv_tiny/gate", "sliding_window", 7);
  differs("arwkv_tiny/gate", "use_sliding_window", false);
  differs("arwkv_tiny/gate", "rope_theta", 1e6);
  differs("qrwkv7_tiny/qwerky7", "use_rope", false);
  differs("qrwkv7_tiny/qwerky7", "rope_theta", 1e6);
  differs("qrwkv7_tiny/qwerky7", "balance_state", true);
  differs("qrwkv7_tiny/balanced", "balance_state", false);
  differs("qrwkv7_tiny/hybrid", "rope_theta", 1e6);
}

TEST_CASE("ARWKV and QRWKV7: whole text = chunk by chunk, any chunking and company", "[cpu]") {
  const std::string name = every_folder();
  INFO(name);
  const auto model = load(name);
  const Batch batch = packed({61, 1, 90}, 24, 4);
  const at::Tensor whole = all_logits(*model, batch);
  for (const int64_t most : {1, 4, 40}) {
    const std::vector<at::Tensor> got = logits_by_pieces(*model, batch, most);
    for (int64_t row = 0; row < 3; ++row) {
      INFO("pieces of up to " << most << ", row " << row);
      check_close("by pieces", whole.slice(0, batch.cu_seqlens[row], batch.cu_seqlens[row + 1]), got[row], 1e-5);
    }
  }
}

TEST_CASE("ARWKV and QRWKV7: packed = alone, and gradients are finite differences, in double", "[cpu]") {
  const std::string name = every_folder();
  INFO(name);
  const auto model = load(name, at::kDouble);
  const Batch batch = packed({19, 1, 33}, 24, 5);
  const at::Tensor together = all_logits(*model, batch);
  for (int64_t n = 0; n < 3; ++n) {
    check_close("alone", together.slice(0, batch.cu_seqlens[n], batch.cu_seqlens[n + 1]), all_logits(*model, document(batch, n)), 1e-11);
  }
  for (const Parameter& parameter : model->parameters()) parameter.value.requires_grad_();
  backward(*model, batch);
  at::NoGradGuard no_grad;
  for (const Parameter& parameter : model->parameters()) {
    const at::Tensor direction = at::randn_like(parameter.value), before = parameter.value.clone();
    const double slope = (parameter.value.grad() * direction).sum().item<double>(), step = 1e-6;
    const auto loss_at = [&](double by) {
      parameter.value.copy_(before).add_(direction, by);
      return loss_sum(*model, batch).item<double>();
    };
    const double numeric = (loss_at(step) - loss_at(-step)) / (2 * step);
    parameter.value.copy_(before);
    INFO(parameter.name);
    CHECK(numeric == Approx(slope).epsilon(1e-5).margin(1e-5));
  }
}

TEST_CASE("ARWKV's and QRWKV7's state: cloned, saved, loaded, reset", "[cpu]") {
  const std::string name = every_folder();
  INFO(name);
  const Scratch scratch;
  const auto model = load(name);
  auto state = model->new_state(2);
  const Step text{.ids = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13}, .rows = {0, 1}, .lengths = {11, 2}};
  const Step more{.ids = {7, 8}, .rows = {0, 1}, .lengths = {1, 1}};
  model->step(text, *state);
  const auto copy = state->clone();
  state->save(scratch.path("state"));
  const at::Tensor next = model->step(more, *state);
  CHECK(at::equal(next, model->step(more, *copy)));
  auto loaded = model->new_state(2);
  loaded->load(scratch.path("state"));
  CHECK(loaded->seen(0) == 11);
  const int64_t grown = name == "qrwkv7_tiny/hybrid" ? 2 * 11 * (8 + 2 * 16 * 4) : 0;  // a dense layer's slots
  CHECK(loaded->bytes() == model->new_state(2)->bytes() + grown);
  CHECK(at::equal(next, model->step(more, *loaded)));
  CHECK_FALSE(at::equal(next, model->step(more, *loaded)));  // the memory has moved on
  state->reset(0);
  CHECK(state->seen(0) == 0);
  CHECK(state->seen(1) == 3);
  const Step alone{.ids = {9, 3}, .rows = {0}, .lengths = {2}};
  CHECK(at::equal(model->step(alone, *state), model->step(alone, *model->new_state(2))));
  // A file of another model changes nothing.
  const auto other = load(name == "qrwkv7_tiny/qwerky7" ? "arwkv_tiny/plain" : "qrwkv7_tiny/qwerky7")->new_state(2);
  other->save(scratch.path("other"));
  const auto kept = state->clone();
  CHECK_THROWS(state->load(scratch.path("other")));
  CHECK(at::equal(model->step(more, *state), model->step(more, *kept)));
}

TEST_CASE("ARWKV's and QRWKV7's memory: what each kind of layer carries", "[cpu]") {
  const auto bytes = [](const std::string& name) { return load(name)->new_state(3)->bytes(); };
  const int64_t matrices = 2 * 16 * 16 * 4, shift = 32 * 4;
  CHECK(bytes("arwkv_tiny/plain") == 3 * 2 * (matrices + shift));
  CHECK(bytes("arwkv_tiny/gate") == 3 * (2 * (matrices + shift) + 8 * (8 + 2 * 2 * 8 * 4)));  // a window of 8 keys and values, positions
  CHECK(bytes("qrwkv7_tiny/balanced") == 3 * 2 * matrices);
  CHECK(load("arwkv_tiny/gate")->window() == 8);
  CHECK(load("arwkv_tiny/plain")->window() == 0);
  CHECK(load("arwkv_tiny/plain")->architecture() == "ARWKV");
  CHECK(load("qrwkv7_tiny/hybrid")->architecture() == "QRWKV7");
}

TEST_CASE("sliding_window concerns the layers that attend", "[cpu]") {
  const auto window = [](const std::string& name, int64_t value) { return load_model(kGolden + name, {.sliding_window = value}, at::kCPU); };
  const Batch text = packed({40}, 24, 6);
  CHECK(window("qrwkv7_tiny/hybrid", 5)->window() == 5);
  CHECK(window("arwkv_tiny/gate", 0)->window() == 0);
  const at::Tensor dense = all_logits(*load("qrwkv7_tiny/hybrid"), text);
  check_close("a window as long as the text", dense, all_logits(*window("qrwkv7_tiny/hybrid", 40), text), 1e-6);
  CHECK_FALSE(at::allclose(dense, all_logits(*window("qrwkv7_tiny/hybrid", 5), text)));
  CHECK(window("arwkv_tiny/plain", 0)->window() == 0);
  CHECK_THROWS_WITH(window("arwkv_tiny/plain", 4), Contains("no layer of it attends"));
}

TEST_CASE("ARWKV and QRWKV7 folders are written as they were read, bit for bit", "[cpu]") {
  const std::string name = every_folder();
  INFO(name);
  const Scratch scratch;
  convert_weights({.from = kGolden + name, .to = scratch.path("one")});
  const Weights before(kGolden + name), after(scratch.path("one"));
  CHECK(before.names() == after.names());
  for (const std::string& tensor : before.names()) {
    INFO(tensor);
    CHECK(same_bits(before.get(tensor), after.get(tensor)));
  }
  const nlohmann::json old = nlohmann::json::parse(read_file(kGolden + name + "/config.json"));
  const nlohmann::json now = nlohmann::json::parse(read_file(scratch.path("one/config.json")));
  for (const auto& [key, value] : old.items()) {
    if (key == "max_window_layers" || value.is_null()) continue;  // says nothing without a window; null is the same as nothing
    INFO(key);
    CHECK(now.at(key) == value);
  }
  convert_weights({.from = scratch.path("one"), .to = scratch.path("two")});
  CHECK(read_file(scratch.path("two/config.json")) == read_file(scratch.path("one/config.json")));
  const Batch text = packed({30}, 24, 7);
  const auto model = load(name);
  CHECK(at::equal(all_logits(*model, text), all_logits(*load_model(scratch.path("two"), {}, at::kCPU), text)));
  save_model(*model, scratch.path("saved"));  // what training does
  CHECK(Weights(scratch.path("saved")).names() == before.names());
  CHECK(at::equal(all_logits(*model, text), all_logits(*load_model(scratch.path("saved"), {}, at::kCPU), text)));
}

TEST_CASE("tensors that nothing computes with may be there or not", "[cpu]") {
  const Scratch scratch;
  const Batch text = packed({30}, 24, 8);
  const auto same = [&](const std::string& name, const std::vector<std::string>& endings) {
    const std::string folder = changed(scratch, name, {}, [&](std::vector<Parameter>& all) {
      for (const std::string& ending : endings) drop(all, ending);
    });
    const auto model = load(name), without = load_model(folder, {}, at::kCPU);
    CHECK(without->idle().size() < model->idle().size());
    CHECK(without->parameters().size() == model->parameters().size());
    CHECK(at::equal(all_logits(*model, text), all_logits(*without, text)));
  };
  same("arwkv_tiny/plain", {"x_g"});                                          // RWKVInside's converter leaves it out without a gate
  same("arwkv_tiny/gate", {"layers.0.self_attn.time_mixer.v0", "layers.0.self_attn.time_mixer.v1", "layers.0.self_attn.time_mixer.v2"});
  same("qrwkv7_tiny/balanced", {"r_k", "k_k", "k_a", "layers.0.self_attn.v1"});
  same("qrwkv7_tiny/qwerky7", {"r_k"});
}

TEST_CASE("tensors that are missing, left over or of another shape are named", "[cpu]") {
  const Scratch scratch;
  const auto refused = [&](const std::string& name, const Config& config, const Tensors& tensors, const std::string& why) {
    INFO(why);
    CHECK_THROWS_WITH(load_model(changed(scratch, name, config, tensors), {}, at::kCPU), Contains(why));
  };
  refused("arwkv_tiny/plain", {}, [](auto& all) { drop(all, "0.self_attn.time_mixer.w1"); }, "1 tensor missing (model.layers.0.self_attn.time_mixer.w1)");
  refused("arwkv_tiny/plain", {}, [](auto& all) { drop(all, "1.self_attn.time_mixer.v0"); }, "1 tensor missing (model.layers.1.self_attn.time_mixer.v0)");
  refused("arwkv_tiny/gate", {}, [](auto& all) { drop(all, "0.self_attn.time_mixer.x_g"); }, "1 tensor missing (model.layers.0.self_attn.time_mixer.x_g)");
  refused("arwkv_tiny/plain", [](auto& json) { json["wkv_has_gate"] = true; }, {}, "g1");
  refused("qrwkv7_tiny/qwerky7", {}, [](auto& all) { drop(all, "k_a"); }, "1 tensor missing (model.layers.0.self_attn.k_a)");
  refused("qrwkv7_tiny/balanced", {}, [](auto& all) { all.push_back({"model.layers.1.self_attn.time_mixer.w1", at::zeros({1})}); }, "1 tensor left over");
  // Earlier folders of RADLADS have ln_x and no field that says so; their arithmetic was another.
  refused("qrwkv7_tiny/qwerky7", [](auto& json) { json.erase("groupnorm_att"); }, {}, "ln_x");
  refused("qrwkv7_tiny/balanced", [](auto& json) { json["lora_rank_decay"] = 5; }, {}, "model.layers.0.self_attn.w1");
  const auto widen = [](std::vector<Parameter>& all) {
    for (Parameter& one : all) one.value = one.name == "model.layers.2.self_attn.time_mixer.w1" ? at::zeros({32, 5}) : one.value;
  };
  refused("arwkv_tiny/gate", {}, widen, "model.layers.2.self_attn.time_mixer.w1");
}

TEST_CASE("RADLADS' ranks where the config has none", "[cpu]") {
  const auto ranks = [](int64_t width, int64_t heads) {
    const std::string text = config_text("qrwkv7_tiny/balanced", [&](auto& json) {
      for (const char* key : {"lora_rank_decay", "lora_rank_iclr", "lora_rank_value_residual_mix", "lora_rank_gate"}) json[key] = nullptr;
      json["hidden_size"] = width;
      json["num_attention_heads"] = json["num_key_value_heads"] = heads;
    });
    const TimeMixOptions mix = parse_rwkv_hybrid_config(text, "config.json").mix;
    return std::vector<int64_t>{mix.decay_rank, mix.a_rank, mix.v_rank, mix.gate_rank};
  };
  // By Python's max(1, round(width ** power * factor / 32)) * 32.
  CHECK(ranks(32, 2) == std::vector<int64_t>{32, 32, 32, 32});
  CHECK(ranks(3584, 28) == std::vector<int64_t>{96, 96, 64, 416});
  CHECK(ranks(5120, 40) == std::vector<int64_t>{128, 128, 96, 544});
  CHECK(ranks(8192, 64) == std::vector<int64_t>{160, 160, 128, 800});
}

TEST_CASE("config.json of ARWKV and QRWKV7: what is not computed is refused with file, key and value", "[cpu]") {
  const auto refused = [](const std::string& name, const Config& change, const std::string& why) {
    INFO(why);
    CHECK_THROWS_WITH(parse_rwkv_hybrid_config(config_text(name, change), "f/config.json"), Contains("f/config.json: ") && Contains(why));
  };
  const auto set = [](const std::string& key, const nlohmann::json& value) { return [=](nlohmann::json& json) { json[key] = value; }; };
  const std::string arwkv = "arwkv_tiny/gate", qrwkv7 = "qrwkv7_tiny/hybrid";
  refused(arwkv, set("wkv_version", 6), "wkv_version is 6, only 7");
  refused(arwkv, set("wkv_version", 5.5e100), "wkv_version is 5.5e+100, which is of the wrong type");
  refused(arwkv, [](auto& json) { json.erase("wkv_has_gate"); }, "wkv_has_gate is missing");
  refused(arwkv, set("wkv_has_group_norm", "yes"), "wkv_has_group_norm");
  refused(arwkv, set("head_size", 12), "head_size 12 does not divide hidden_size 32");
  refused(arwkv, set("num_wkv_heads", 4), "num_wkv_heads is 4, only 2");
  refused(arwkv, set("wkv_layers", "half"), "wkv_layers is \"half\"");
  refused(arwkv, set("wkv_layers", {0, 3}), "wkv_layers holds 3, expected 0 to 2");
  refused(arwkv, set("wkv_layers", {0, 1.5}), "wkv_layers");
  refused(arwkv, set("wkv_layers", {1, 2}), "layer 0 attends");
  refused(arwkv, set("wkv_gate_offset", 2), "wkv_gate_offset is 2, expected 0 to 1");
  refused(arwkv, set("hidden_act", "gelu"), "hidden_act");
  refused(qrwkv7, set("use_tokenshift", true), "use_tokenshift is true");
  refused(qrwkv7, set("attention_output_bias", true), "attention_output_bias is true");
  refused(qrwkv7, set("gate_rank_type", 3), "gate_rank_type is 3, expected 0 to 2");
  refused(qrwkv7, set("use_rope", false), "num_attention_layers is 1, which needs use_rope");
  refused(qrwkv7, set("num_attention_layers", 3), "num_attention_layers is 3, expected 0 to 2");
  refused(qrwkv7, set("num_attention_layers", 2), "layer 0 attends");
  refused(qrwkv7, set("head_dim", 32), "head_dim 32 x num_attention_heads 2 is not hidden_size 32");
  refused(qrwkv7, set("num_key_value_heads", 3), "num_key_value_heads 3");
  refused(qrwkv7, set("lora_rank_gate", 0), "lora_rank_gate is 0");
  refused(qrwkv7, set("model_type", "rwkv6qwen2"), "model_type is");
}
