// Tensors by name, whatever files hold them; shards and their index; a model's folder.
#include "model/files/weights.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "model/checkpoint.h"
#include "tests/model/files.h"
#include "tests/model/support.h"

using namespace smooth;
using Catch::Contains;
namespace fs = std::filesystem;

namespace {

std::vector<Parameter> some() {
  return {{"a", at::rand({10})}, {"b", at::rand({4, 5}).to(at::kBFloat16)}, {"c", at::arange(12)}, {"d", at::rand({3})}};
}

void write_index(const Scratch& scratch, const std::string& map) { scratch.write("model.safetensors.index.json", R"({"weight_map":)" + map + "}"); }

std::vector<std::string> files_in(const Scratch& scratch) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(scratch.path(""))) names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

TEST_CASE("weights: shards of any size hold the same bits as one file", "[cpu]") {
  const std::vector<Parameter> tensors = some();  // 40, 40, 96 and 12 bytes
  for (const int64_t size : {1, 40, 80, 100, 176, 188}) {
    const Scratch scratch;
    save_weights(scratch.path(""), tensors, size);
    const Weights read(scratch.path(""));
    INFO("shards of " << size << " bytes: " << files_in(scratch).size() << " files");
    CHECK(read.names() == std::vector<std::string>{"a", "b", "c", "d"});
    for (const auto& [name, value] : tensors) CHECK(same_bits(read.get(name, value.sizes().vec(), value.scalar_type()), value));
    CHECK(fs::exists(scratch.path("model.safetensors")) == (size == 188));
    CHECK(weight_files(scratch.path("")).size() == files_in(scratch).size());
  }
}

TEST_CASE("weights: the index is as transformers writes it", "[cpu]") {
  const Scratch scratch;
  save_weights(scratch.path(""), some(), 100);
  CHECK(files_in(scratch) == std::vector<std::string>{"model-00001-of-00003.safetensors", "model-00002-of-00003.safetensors",
                                                      "model-00003-of-00003.safetensors", "model.safetensors.index.json"});
  const auto index = nlohmann::json::parse(read_file(scratch.path("model.safetensors.index.json")));
  CHECK(index.at("metadata") == nlohmann::json({{"total_size", 188}, {"total_parameters", 45}}));
  CHECK(index.at("weight_map").at("c") == "model-00002-of-00003.safetensors");
}

TEST_CASE("weights: saving again leaves nothing of what was there", "[cpu]") {
  const Scratch scratch;
  const std::vector<Parameter> tensors = some();
  for (const int64_t size : {1000, 1, 100, 1000}) {
    save_weights(scratch.path(""), tensors, size);
    CHECK(Weights(scratch.path("")).names().size() == 4);
  }
  CHECK(files_in(scratch) == std::vector<std::string>{"model.safetensors"});
}

TEST_CASE("weights: what is asked for is converted only when it must be", "[cpu]") {
  const Scratch scratch;
  save_weights(scratch.path(""), some());
  const Weights read(scratch.path(""));
  CHECK(read.left_over().size() == 4);
  CHECK(read.get("a", {10}, at::kFloat).const_data_ptr() == read.get("a").const_data_ptr());
  CHECK(read.get("b", {4, 5}, at::kFloat).scalar_type() == at::kFloat);
  CHECK(read.left_over() == std::vector<std::string>{"c", "d"});
  CHECK_THROWS_WITH(read.get("c", {12}, at::kFloat), Contains("model.safetensors: c is Long, expected Float"));
  CHECK_THROWS_WITH(read.get("a", {11}), Contains("a has shape [10], expected [11]"));
  CHECK_THROWS_WITH(read.get("e"), Contains("holds no tensor e"));
}

TEST_CASE("weights: a wrong index is refused with the reason", "[cpu]") {
  const Scratch scratch;
  save_safetensors(scratch.path("one.safetensors"), {{"a", at::ones({1})}, {"b", at::ones({1})}});
  save_safetensors(scratch.path("two.safetensors"), {{"b", at::ones({1})}, {"c", at::ones({1})}});
  const auto refused = [&](const std::string& map, const std::string& why) {
    write_index(scratch, map);
    CHECK_THROWS_WITH(Weights(scratch.path("")), Contains("index.json: ") && Contains(why));
  };
  refused(R"({"a":"three.safetensors"})", "names three.safetensors, which is not there");
  refused(R"({"a":"one.safetensors","d":"one.safetensors"})", "tensor d should be in one.safetensors, which does not hold it");
  refused(R"({"a":"one.safetensors","c":"two.safetensors"})", "tensor b is in two shards");
  refused(R"({"a":"one.safetensors","b":"one.safetensors","c":"two.safetensors"})", "tensor b is in two shards, two.safetensors and one.safetensors");
  refused(R"({"a":"one.safetensors","a":"two.safetensors"})", "\"a\" stands twice");
  for (const std::string name : {"../one.safetensors", "/etc/passwd", "..", "", ".hidden", "a\\\\b"}) {
    refused("{\"a\":\"" + name + "\"}", "expected a file name without a folder");
  }
  refused("{}", "weight_map is empty");
  refused("[]", "expected an object with weight_map");
  refused(R"({"a":1})", "the file of tensor a is no text");
  scratch.write("model.safetensors.index.json", "{\"metadata\":" + std::string(1'000'000, '['));
  CHECK_THROWS_WITH(Weights(scratch.path("")), Contains("nested deeper"));
}

TEST_CASE("weights: what a shard holds beyond the index is left over", "[cpu]") {
  const Scratch scratch;
  save_safetensors(scratch.path("one.safetensors"), {{"a", at::ones({1})}, {"b", at::ones({1})}});
  write_index(scratch, R"({"a":"one.safetensors"})");
  const Weights read(scratch.path(""));
  read.get("a");
  CHECK(read.left_over() == std::vector<std::string>{"b"});
}

TEST_CASE("weights: which file of a folder is read", "[cpu]") {
  const Scratch scratch;
  CHECK_THROWS_WITH(Weights(scratch.path("")), Contains("holds no weights") && Contains("found 0 .pth"));
  CHECK_THROWS_WITH(Weights(scratch.path("nowhere")), Contains("neither a file nor a folder"));
  fs::copy("tests/golden/pickle/module.pth", scratch.path("some.pth"));
  CHECK(Weights(scratch.path("")).source() == scratch.path("some.pth"));
  fs::copy("tests/golden/pickle/module.pth", scratch.path("other.pth"));
  CHECK_THROWS_WITH(Weights(scratch.path("")), Contains("found 2 .pth"));
  fs::copy("tests/golden/pickle/dict.pth", scratch.path("pytorch_model-00001-of-00001.bin"));
  scratch.write("pytorch_model.bin.index.json",
                R"({"metadata":{"total_size":1},"weight_map":{"plain":"pytorch_model-00001-of-00001.bin","scalar":"pytorch_model-00001-of-00001.bin"}})");
  CHECK(Weights(scratch.path("")).get("scalar").item<float>() == 2.5);
  fs::copy("tests/golden/pickle/module.pth", scratch.path("pytorch_model.bin"));
  CHECK_THROWS_WITH(Weights(scratch.path("")), Contains("lies beside pytorch_model.bin.index.json"));
  save_safetensors(scratch.path("model.safetensors"), {{"a", at::ones({1})}});
  CHECK(Weights(scratch.path("")).names() == std::vector<std::string>{"a"});
}

TEST_CASE("a model's folder: shards, a pickle, a tied head that came along", "[cpu]") {
  Decoder decoder(small_config(7));
  decoder.initialise(9, 0);
  const auto check_loads = [&](const std::string& folder) {
    const auto loaded = load_model(folder, {}, at::kCPU);
    const auto expected = decoder.parameters(), got = loaded->parameters();
    for (size_t i = 0; i < expected.size(); ++i) CHECK(same_bits(expected[i].value, got[i].value));
  };
  const Scratch scratch;
  save_model(decoder, scratch.path(""), 10'000);
  CHECK(fs::exists(scratch.path("model.safetensors.index.json")));
  check_loads(scratch.path(""));
  std::vector<Parameter> tensors = decoder.parameters();
  tensors.push_back({"lm_head.weight", at::ones({50, 32})});  // ignored: the model is tied
  save_weights(scratch.path(""), tensors);
  check_loads(scratch.path(""));
}

TEST_CASE("a model's folder: missing and left-over tensors are both named", "[cpu]") {
  Decoder decoder(small_config(0));
  const Scratch scratch;
  save_model(decoder, scratch.path(""));
  std::vector<Parameter> tensors = decoder.parameters();
  REQUIRE(tensors.back().name == "model.norm.weight");
  tensors.back().name = "model.norm.scale";
  save_weights(scratch.path(""), tensors);
  CHECK_THROWS_WITH(load_model(scratch.path(""), {}, at::kCPU),
                    Contains("model.safetensors: does not fit config.json: 1 tensor missing (model.norm.weight), 1 tensor left over") &&
                        Contains("(model.norm.scale)"));
  save_weights(scratch.path(""), {{"x", at::ones({1})}});
  CHECK_THROWS_WITH(load_model(scratch.path(""), {}, at::kCPU), Contains("38 tensors missing (") && Contains(", ...)"));
  tensors.back() = {"model.norm.weight", at::ones({32}, at::kInt)};
  save_weights(scratch.path(""), tensors);
  CHECK_THROWS_WITH(load_model(scratch.path(""), {}, at::kCPU), Contains("model.norm.weight is Int, expected floating point"));
}

TEST_CASE("config.json: hostile values are refused with file, key and value", "[cpu]") {
  const nlohmann::json good = nlohmann::json::parse(decoder_config_json(small_config(7), "float32"));
  CHECK(parse_decoder_config(good.dump(), "c").windows == small_config(7).windows);
  const auto refused = [&](const std::string& key, const nlohmann::json& value, const std::string& why) {
    nlohmann::json bad = good;
    bad[key] = value;
    CHECK_THROWS_WITH(parse_decoder_config(bad.dump(), "c"), Catch::StartsWith("c: ") && Contains(why));
  };
  refused("num_attention_heads", 0, "num_attention_heads is 0, expected 1 to");
  refused("num_hidden_layers", int64_t{1} << 40, "num_hidden_layers is 1099511627776");
  refused("vocab_size", UINT64_MAX, "vocab_size is 18446744073709551615");
  refused("hidden_size", 32.5, "hidden_size is 32.5, which is of the wrong type");
  refused("hidden_size", "32", "hidden_size is \"32\", which is of the wrong type");
  refused("sliding_window", -3, "sliding_window is -3");
  refused("rope_theta", -1.0, "rope_theta is -1.0, expected more than 0");
  refused("rope_scaling", "yarn", "rope_scaling is \"yarn\", expected an object");
  refused("rope_scaling", {{"type", "yarn"}}, "factor is missing");
  refused("rope_scaling", {{"type", "llama3"}}, "rope type llama3");
  refused("layer_types", nlohmann::json::array({"a"}), "layer_types does not name every layer");
  CHECK_THROWS_WITH(parse_decoder_config("[1]", "c"), Contains("expected a JSON object"));
  CHECK_THROWS_WITH(parse_decoder_config(std::string(1'000'000, '['), "c"), Contains("nested deeper than 16"));
}
