// Encoders against Hugging Face's.
#include "model/encoder.h"
#include "tests/model/support.h"

using namespace smooth;

namespace {

std::vector<std::vector<int64_t>> texts_of(const at::Tensor& ids, const at::Tensor& mask) {
  std::vector<std::vector<int64_t>> texts(ids.size(0));
  for (int64_t b = 0; b < ids.size(0); ++b) {
    for (int64_t t = 0; t < ids.size(1); ++t) {
      if (mask[b][t].item<int64_t>() == 1) texts[b].push_back(ids[b][t].item<int64_t>());
    }
  }
  return texts;
}

void check_encoder(const std::string& folder) {
  const auto encoder = load_encoder(folder, at::kCPU);
  const Safetensors io(folder + "/io.safetensors");
  const auto texts = texts_of(io.get("input_ids"), io.get("attention_mask"));
  const at::Tensor hidden = encoder->forward(texts), expected = io.get("last_hidden_state");
  for (size_t b = 0; b < texts.size(); ++b) {
    const auto row = static_cast<int64_t>(b), length = static_cast<int64_t>(texts[b].size());
    check_close("hidden", expected[row].narrow(0, 0, length), hidden[row].narrow(0, 0, length), 5e-5);
    check_close("alone", io.get("mean")[row], encoder->embed({texts[b]}, false)[0], 5e-5);
  }
  check_close("mean", io.get("mean"), encoder->embed(texts, false), 5e-5);
  check_close("normalised mean", io.get("mean_normalized"), encoder->embed(texts, true), 5e-5);
}

}  // namespace

TEST_CASE("BERT equals Hugging Face's, in a padded batch and alone", "[cpu][fixtures]") {
  if (!fixtures().empty()) check_encoder(fixtures() + "/encoders/bert_tiny");
}

TEST_CASE("MPNet equals Hugging Face's, in a padded batch and alone", "[cpu]") { check_encoder("tests/golden/mpnet_tiny"); }

TEST_CASE("an encoder refuses texts that it has no positions for", "[cpu]") {
  const EncoderConfig config{.family = "mpnet", .vocab_size = 10, .hidden_size = 8, .num_hidden_layers = 1, .num_attention_heads = 2,
                             .intermediate_size = 8, .max_position_embeddings = 6};
  const Encoder encoder(config);
  CHECK(config.longest() == 4);
  CHECK_THROWS_WITH(encoder.forward({{1, 2, 3, 4, 5}}), Catch::Contains("5 tokens, expected 1 to 4"));
  CHECK_THROWS_WITH(encoder.forward({{}}), Catch::Contains("0 tokens"));
}

TEST_CASE("an encoder's config is read strictly", "[cpu]") {
  const std::string rest = R"("vocab_size": 10, "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8, "max_position_embeddings": 9)";
  CHECK(parse_encoder_config(R"({"model_type": "bert", )" + rest + "}", "f").layer_norm_eps == 1e-12);
  CHECK_THROWS_WITH(parse_encoder_config(R"({"model_type": "roberta", )" + rest + "}", "f"), Catch::Contains("f: model_type is roberta"));
  CHECK_THROWS_WITH(parse_encoder_config(R"({"model_type": "bert", "hidden_act": "relu", )" + rest + "}", "f"), Catch::Contains("hidden_act is \"relu\""));
}
