// A pack in stretches, each on a thread of its own with its own copy of the model, against the whole pack: loss and every gradient.
#include "model/halo.h"

#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>

#include <nlohmann/json.hpp>

#include "configs/run.h"
#include "model/rwkv7.h"
#include "model/rwkv_hybrid.h"
#include "tests/model/support.h"

using namespace smooth;

namespace {

// What is on its way in one direction between two neighbours.
class Channel {
 public:
  void put(const at::Tensor& x) {
    const std::lock_guard lock(mutex_);
    queue_.push_back(x.clone());
    came_.notify_one();
  }
  at::Tensor take() {
    std::unique_lock lock(mutex_);
    if (!came_.wait_for(lock, std::chrono::seconds(20), [&] { return !queue_.empty(); })) throw std::runtime_error("the neighbour sent nothing");
    const at::Tensor x = queue_.front();
    queue_.pop_front();
    return x;
  }
  bool empty() const { return queue_.empty(); }

 private:
  std::mutex mutex_;
  std::condition_variable came_;
  std::deque<at::Tensor> queue_;
};

struct Wires {
  explicit Wires(size_t parts) : right(parts), left(parts) {}
  std::deque<Channel> right, left;  // right[i]: from part i to part i + 1; left[i]: back
};

class Ends : public Halo {
 public:
  Ends(Wires& wires, size_t part) : wires_(wires), part_(part) {}
  void send_right(const at::Tensor& x) override { wires_.right[part_].put(x); }
  void send_left(const at::Tensor& x) override { wires_.left[part_ - 1].put(x); }
  void take_left(const at::Tensor& into) override { fill(into, wires_.right[part_ - 1].take()); }
  void take_right(const at::Tensor& into) override { fill(into, wires_.left[part_].take()); }

 private:
  static void fill(const at::Tensor& into, const at::Tensor& x) {
    if (into.sizes() != x.sizes() || into.scalar_type() != x.scalar_type()) throw std::runtime_error("another tensor was sent than is taken");
    into.copy_(x);
  }
  Wires& wires_;
  size_t part_;
};

std::unique_ptr<Model> model_of(const std::string& kind) {
  at::manual_seed(3);
  const auto options = at::TensorOptions(at::kDouble);
  std::unique_ptr<Model> model;
  if (kind == "SWA") {
    model = std::make_unique<Decoder>(small_config(9), options);
  } else if (kind == "RWKV-7") {
    model = std::make_unique<Rwkv7>(Rwkv7Config{.vocab_size = 50, .hidden_size = 32, .num_hidden_layers = 3, .head_dim = 16, .intermediate_size = 48,
                                                .decay_low_rank_dim = 8, .a_low_rank_dim = 8, .v_low_rank_dim = 8, .gate_low_rank_dim = 8}, options);
  } else {
    nlohmann::json json = nlohmann::json::parse(read_file("tests/golden/" + kind + "/config.json"));
    json["vocab_size"] = 50;
    RwkvHybridConfig config = parse_rwkv_hybrid_config(json.dump(), "config.json");
    for (int64_t& window : config.decoder.windows) window = window == 0 ? 9 : window;
    model = std::make_unique<RwkvHybrid>(config, options);
  }
  for (const Parameter& parameter : model->parameters()) {
    parameter.value.normal_(parameter.name.ends_with("norm.weight") ? 1 : 0, 0.1);
    parameter.value.requires_grad_();
  }
  return model;
}

}  // namespace

TEST_CASE("a batch in stretches has its tokens, targets and borders", "[cpu]") {
  const Batch batch = packed({5, 1, 7}, 50, 2);
  const Batch a = batch.stretch(0, 4), b = batch.stretch(4, 8), c = batch.stretch(8, 13), none = batch.stretch(13, 13);
  CHECK(a.cu_seqlens == std::vector<int32_t>{0, 4});
  CHECK((a.before == 0 && a.continues));
  CHECK(b.cu_seqlens == std::vector<int32_t>{0, 1, 2, 4});
  CHECK((b.before == 4 && b.continues));
  CHECK(c.cu_seqlens == std::vector<int32_t>{0, 5});
  CHECK((c.before == 2 && !c.continues));
  CHECK(none.num_tokens() == 0);
  CHECK(a.num_targets + b.num_targets + c.num_targets == batch.num_targets);
  const Batch whole = batch.stretch(0, 13);
  CHECK((whole.ids == batch.ids && whole.targets == batch.targets && whole.cu_seqlens == batch.cu_seqlens && !whole.continues));
}

TEST_CASE("a pack in stretches is the pack, loss and gradients", "[cpu]") {
  const std::string kind = GENERATE(as<std::string>{}, "SWA", "RWKV-7", "arwkv_tiny/gate", "qrwkv7_tiny/balanced");
  const std::vector<int64_t> lengths = GENERATE(values<std::vector<int64_t>>({{60}, {20, 23, 1, 16}, {3, 50, 7}}));
  const std::vector<int64_t> borders = GENERATE(values<std::vector<int64_t>>({{0, 30, 60}, {0, 20, 43, 60}, {0, 15, 30, 45, 60}}));
  const int64_t recomputed = GENERATE(0, 2);
  INFO(kind << ", first document of " << lengths[0] << ", " << borders.size() - 1 << " stretches, " << recomputed << " layers again");
  const Batch batch = packed(lengths, 50, 8);
  const auto whole = model_of(kind);
  const double expected = backward(*whole, batch).item<double>();

  const size_t parts = borders.size() - 1;
  Wires wires(parts);
  std::vector<std::unique_ptr<Model>> models;
  std::vector<double> losses(parts);
  std::vector<std::exception_ptr> errors(parts);
  for (size_t i = 0; i < parts; ++i) models.push_back(model_of(kind));
  std::vector<std::thread> threads;
  for (size_t i = 0; i < parts; ++i) {
    threads.emplace_back([&, i] {
      try {
        Ends ends(wires, i);
        const at::Tensor& head = models[i]->head();
        head.mutable_grad() = at::zeros_like(head.detach());
        losses[i] = add_gradients(*models[i], batch.stretch(borders[i], borders[i + 1]), head.grad(), {.recomputed = recomputed, .holds_attention = recomputed > 0, .halo = &ends}).item<double>();
      } catch (...) {
        errors[i] = std::current_exception();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::exception_ptr& error : errors) {
    if (error) std::rethrow_exception(error);
  }
  double loss = 0;
  for (const double part : losses) loss += part;
  CHECK(loss == Approx(expected).epsilon(1e-12));
  for (size_t p = 0; p < whole->parameters().size(); ++p) {
    const Parameter parameter = whole->parameters()[p];
    at::Tensor sum = at::zeros_like(parameter.value.detach());
    for (const auto& model : models) sum += model->parameters()[p].value.grad();
    check_close(parameter.name, parameter.value.grad(), sum, 1e-9);
  }
  for (size_t i = 0; i < parts; ++i) CHECK((wires.right[i].empty() && wires.left[i].empty()));
}
