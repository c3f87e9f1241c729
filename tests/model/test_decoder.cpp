// The decoder's equivalences: whole text = chunk by chunk, window >= length = dense, packed = alone; gradients against
// finite differences; parity with Hugging Face's Qwen2.
#include "model/decoder.h"

#include <ATen/CPUGeneratorImpl.h>

#include <nlohmann/json.hpp>

#include "configs/run.h"
#include "model/checkpoint.h"
#include "model/files/safetensors.h"
#include "tests/model/support.h"

using namespace smooth;

namespace {

const auto kDoubles = at::TensorOptions().dtype(at::kDouble);

Decoder small_decoder(int64_t window, uint64_t seed = 3) {
  Decoder decoder(small_config(window), kDoubles);
  decoder.initialise(seed, 0.3);
  return decoder;
}

at::Tensor all_logits(const Model& model, const Batch& batch) { return model.logits(model.forward(batch)); }

}  // namespace

TEST_CASE("whole text at once equals chunk by chunk with State", "[cpu]") {
  for (const int64_t window : {0, 1, 5, 16, 64}) {
    const Decoder decoder = small_decoder(window);
    const Batch batch = packed({71}, 50, 11);
    const at::Tensor whole = all_logits(decoder, batch);
    for (const int64_t size : {1, 2, 7, 32, 71}) {
      auto state = decoder.new_state(2);
      std::vector<at::Tensor> pieces;
      for (int64_t begin = 0; begin < 71; begin += size) {
        const int64_t length = std::min<int64_t>(size, 71 - begin);
        const Step step{.ids = {batch.ids.begin() + begin, batch.ids.begin() + begin + length}, .rows = {1}, .lengths = {length}};
        pieces.push_back(decoder.logits(decoder.step(step, *state)));
      }
      INFO("window " << window << ", chunks of " << size);
      check_close("logits", whole, at::cat(pieces), 1e-12);
    }
  }
}

TEST_CASE("a window at least as long as the text is dense attention", "[cpu]") {
  const Batch batch = packed({40, 33}, 50, 12);
  check_close("logits", all_logits(small_decoder(0), batch), all_logits(small_decoder(40), batch), 1e-12);
  const at::Tensor narrower = all_logits(small_decoder(39), batch);
  CHECK((narrower - all_logits(small_decoder(0), batch)).abs().max().item<double>() > 1e-6);
}

TEST_CASE("packed documents equal each alone, loss and gradients", "[cpu]") {
  for (const int64_t window : {0, 9}) {
    const Decoder decoder = small_decoder(window);
    for (const Parameter& parameter : decoder.parameters()) parameter.value.requires_grad_();
    const std::vector<int64_t> lengths = {17, 1, 230, 64};
    const Batch together = packed(lengths, 50, 13);
    const at::Tensor loss = backward(decoder, together);
    std::vector<at::Tensor> gradients;
    for (const Parameter& parameter : decoder.parameters()) {
      gradients.push_back(parameter.value.grad().clone());
      parameter.value.grad().zero_();
    }
    double alone = 0;
    for (int64_t n = 0; n < together.num_documents(); ++n) {
      Batch one;
      const int64_t begin = together.cu_seqlens[n], end = together.cu_seqlens[n + 1];
      one.ids = {together.ids.begin() + begin, together.ids.begin() + end};
      one.targets = {together.targets.begin() + begin, together.targets.begin() + end};
      one.cu_seqlens = {0, static_cast<int32_t>(end - begin)};
      alone += backward(decoder, one).item<double>();
    }
    CHECK(loss.item<double>() == Approx(alone).epsilon(1e-12));
    size_t i = 0;
    for (const Parameter& parameter : decoder.parameters()) check_close(parameter.name, gradients[i++], parameter.value.grad(), 1e-10);
  }
}

TEST_CASE("the last token of a document is no target of the next", "[cpu]") {
  Batch batch;
  batch.add({.ids = {1, 2, 3}, .target = {1, 0, 1}});
  batch.add({.ids = {4, 5}, .target = {1, 1}});
  CHECK(batch.targets == std::vector<int64_t>{-1, 3, -1, 5, -1});  // the first token of a document has nothing before it
  CHECK(batch.num_targets == 2);
  CHECK(batch.cu_seqlens == std::vector<int32_t>{0, 3, 5});
}

TEST_CASE("gradients agree with finite differences", "[cpu]") {
  for (const int64_t window : {0, 6}) {
    const Decoder decoder = small_decoder(window, 5);
    for (const Parameter& parameter : decoder.parameters()) parameter.value.requires_grad_();
    const Batch batch = packed({13, 20}, 50, 14);
    backward(decoder, batch);
    for (const Parameter& parameter : decoder.parameters()) {
      at::NoGradGuard no_grad;
      const at::Tensor direction = random_tensor(parameter.value.sizes());
      const double step = 1e-5;
      const auto loss_at = [&](double by) {
        const at::Tensor before = parameter.value.clone();
        parameter.value.add_(direction, by);
        const double loss = loss_sum(decoder, batch).item<double>();
        parameter.value.copy_(before);
        return loss;
      };
      const double numeric = (loss_at(step) - loss_at(-step)) / (2 * step);
      const double analytic = (parameter.value.grad() * direction).sum().item<double>();
      INFO(parameter.name << ", window " << window);
      CHECK(analytic == Approx(numeric).epsilon(1e-6).margin(1e-8));
    }
  }
}

TEST_CASE("a saved model is the loaded one, and transformers' config comes back", "[cpu]") {
  const std::string folder = std::filesystem::temp_directory_path() / ("smooth-decoder-" + std::to_string(getpid()));
  DecoderConfig config = small_config(7);
  Decoder decoder(config);
  decoder.initialise(9, 0);
  save_model(decoder, folder);
  const auto loaded = load_model(folder, {}, at::kCPU);
  CHECK(loaded->architecture() == "SWA-7");
  const auto expected = decoder.parameters(), got = loaded->parameters();
  REQUIRE(expected.size() == got.size());
  for (size_t i = 0; i < got.size(); ++i) {
    CHECK(expected[i].name == got[i].name);
    CHECK(at::equal(expected[i].value, got[i].value));
  }
  CHECK(load_model(folder, {.sliding_window = 0}, at::kCPU)->architecture() == "dense");
  CHECK(load_model(folder, {.sliding_window = 12}, at::kCPU)->window() == 12);
  std::filesystem::remove_all(folder);
}

TEST_CASE("a state that was saved and loaded reads on alike", "[cpu]") {
  const std::string file = std::filesystem::temp_directory_path() / ("smooth-state-" + std::to_string(getpid()) + ".safetensors");
  for (const int64_t window : {0, 6}) {
    const Decoder decoder = small_decoder(window);
    auto state = decoder.new_state(1), other = decoder.new_state(1);
    decoder.step({.ids = {1, 2, 3, 4, 5, 6, 7, 8, 9}, .rows = {0}, .lengths = {9}}, *state);
    state->save(file);
    other->load(file);
    CHECK(other->seen(0) == 9);
    const Step next{.ids = {10, 11}, .rows = {0}, .lengths = {2}};
    CHECK(at::equal(decoder.step(next, *state), decoder.step(next, *other)));
    state->reset(0);
    CHECK(state->seen(0) == 0);
    CHECK(at::equal(decoder.step(next, *state), decoder.step(next, *decoder.new_state(1))));
  }
  std::filesystem::remove(file);
}

TEST_CASE("YaRN as Hugging Face computes it, from configs of transformers 4 and 5", "[cpu]") {
  const std::string folder = "tests/golden/qwen2_yarn";
  const Safetensors io(folder + "/io.safetensors");
  const auto model = load_model(folder, {}, at::kCPU);
  check_close("logits", io.get("logits"), model->logits(model->forward(one_document(io.get("input_ids")))), 5e-5);
  const DecoderConfig now = parse_decoder_config(read_file(folder + "/config.json"), "now"), old = parse_decoder_config(read_file(folder + "/config_v4.json"), "old"),
                      ours = parse_decoder_config(model->config_json(), "ours");
  for (const DecoderConfig& other : {old, ours}) {
    CHECK(other.rope_theta == now.rope_theta);
    CHECK(other.yarn->factor == 4);
    CHECK(other.yarn->original_max_position_embeddings == 64);
    CHECK(other.yarn->attention_factor == Approx(now.yarn->attention_factor));
  }
}

TEST_CASE("bf16 rounds where Hugging Face rounds, near enough", "[cpu]") {
  const std::string folder = "tests/golden/qwen2_bf16";  // the first layer dense, the second with a window
  const Safetensors io(folder + "/io.safetensors");
  const Batch text = one_document(io.get("input_ids"));
  const auto exact = load_model(folder, {}, at::kCPU), model = load_model(folder, {.dtype = at::kBFloat16}, at::kCPU);
  CHECK(exact->architecture() == "hybrid-24");
  check_close("the same weights in fp32", io.get("logits_f32"), exact->logits(exact->forward(text)), 5e-5);
  // Rounding to 8 bits moves logits by about as much here as there; both are compared with fp32.
  const at::Tensor there = io.get("logits").to(at::kFloat) - io.get("logits_f32");
  const at::Tensor here = model->logits(model->forward(text)).to(at::kFloat) - io.get("logits_f32");
  const auto size = [](const at::Tensor& x) { return x.square().mean().sqrt().item<double>(); };
  CHECK(size(here) < 1.2 * size(there));
  CHECK(size(here - there) < size(there));  // and mostly by the same amounts
}

TEST_CASE("weights in the wanted dtype are not copied, and the file stays as it is", "[cpu]") {
  const std::string folder = "tests/golden/qwen2_yarn", before = checksum_file(folder + "/model.safetensors");
  const auto model = load_model(folder, {}, at::kCPU), other = load_model(folder, {}, at::kCPU);
  for (const Parameter& parameter : model->parameters()) parameter.value.zero_();
  CHECK(checksum_file(folder + "/model.safetensors") == before);
  CHECK(other->parameters()[0].value.abs().sum().item<double>() > 0);
}

TEST_CASE("Qwen2 and Mistral logits, loss and gradients equal Hugging Face's", "[cpu][fixtures]") {
  const std::string folder = fixtures();
  if (folder.empty()) return;
  for (const std::string name : {"qwen2_tied_full", "qwen2_tied_swa8", "mistral_swa8"}) {
    const std::string path = folder + "/models/" + name;
    const auto model = load_model(path, {}, at::kCPU);
    const Safetensors io(path + "/io.safetensors");
    INFO(name);
    CHECK(model->window() == (name == "qwen2_tied_full" ? 0 : 8));
    const at::Tensor ids = io.get("input_ids"), labels = io.get("labels");  // [2, 41]
    Batch rows;
    for (int64_t n = 0; n < ids.size(0); ++n) {
      for (int64_t t = 0; t < ids.size(1); ++t) {
        const int64_t label = t + 1 < ids.size(1) ? labels[n][t + 1].item<int64_t>() : -1;
        rows.ids.push_back(ids[n][t].item<int64_t>());
        rows.targets.push_back(label >= 0 ? label : -1);
        rows.num_targets += label >= 0 ? 1 : 0;
      }
      rows.cu_seqlens.push_back(static_cast<int32_t>(rows.num_tokens()));
    }
    check_close("logits", io.get("logits_f64").flatten(0, 1), all_logits(*model, rows), 5e-5);

    for (const Parameter& parameter : model->parameters()) parameter.value.requires_grad_();
    const at::Tensor loss = backward(*model, rows) / rows.num_targets;
    CHECK(loss.item<double>() == Approx(io.get("loss").item<double>()).epsilon(1e-5));
    if (name != "mistral_swa8") {  // whose fixture has no gradients
      const Safetensors gradients(path + "/grads.safetensors");
      for (const Parameter& parameter : model->parameters()) check_close(parameter.name, gradients.get(parameter.name), parameter.value.grad() / rows.num_targets, 5e-5);
    }
    if (model->window() == 8) {  // flash-attention's window_size = (8, 0) shows a token itself and 8 others
      const auto wider = load_model(path, {.sliding_window = 9}, at::kCPU);
      check_close("window plus one", io.get("logits_window_plus_one").flatten(0, 1), all_logits(*wider, rows), 5e-5);
    }

    Batch documents = rows;  // the first row's tokens as three documents
    documents.ids.resize(ids.size(1));
    documents.targets.resize(ids.size(1));
    documents.cu_seqlens = {0};
    const at::Tensor lengths = io.get("packed_lens");
    for (int64_t n = 0; n < lengths.numel(); ++n) documents.cu_seqlens.push_back(documents.cu_seqlens.back() + static_cast<int32_t>(lengths[n].item<int64_t>()));
    check_close("packed logits", io.get("packed_logits")[0], all_logits(*model, documents).detach(), 5e-5);

    const at::Tensor chunks = io.get("chunk_sizes");
    auto state = model->new_state(2);
    std::vector<at::Tensor> pieces[2];
    for (int64_t i = 0, begin = 0; i < chunks.numel(); begin += chunks[i++].item<int64_t>()) {
      const int64_t length = chunks[i].item<int64_t>();
      Step step{.ids = {}, .rows = {0, 1}, .lengths = {length, length}};
      for (const int64_t row : {0, 1}) {
        for (int64_t t = begin; t < begin + length; ++t) step.ids.push_back(ids[row][t].item<int64_t>());
      }
      const at::Tensor logits = model->logits(model->step(step, *state)).detach();  // [2 length, V]
      for (const int64_t row : {0, 1}) pieces[row].push_back(logits.narrow(0, row * length, length));
    }
    for (const int64_t row : {0, 1}) check_close("chunked logits", io.get("logits_f64")[row], at::cat(pieces[row]), 5e-5);
  }
}
