// A model without weights: it says what a function tells it to, and remembers what it was fed.
#pragma once

#include <ATen/ATen.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "model/model.h"

namespace smooth {

class Counter : public State {
 public:
  explicit Counter(int64_t rows) : fed(rows), documents(rows, -1) {}
  std::unique_ptr<State> clone() const override { return std::make_unique<Counter>(*this); }
  void reset(int64_t row) override {
    fed[row].clear();
    ++documents[row];
  }
  int64_t rows() const override { return static_cast<int64_t>(fed.size()); }
  int64_t seen(int64_t row) const override { return static_cast<int64_t>(fed[row].size()); }
  int64_t bytes() const override { return 0; }
  void save(const std::string&) const override {}
  void load(const std::string&) override {}
  std::vector<std::vector<int64_t>> fed;  // tokens of each row since it last forgot
  std::vector<int64_t> documents;         // times it forgot, less one
};

constexpr int64_t kBroken = -1;  // no token: a hidden state that is no number

// Says what `next(row, document, fed)` says; its hidden state is that token's id.
class Script : public Model {
 public:
  using Next = std::function<int64_t(int64_t row, int64_t document, const std::vector<int64_t>& fed)>;
  Script(int64_t vocab, Next next) : vocab_(vocab), next_(std::move(next)) {}
  at::Tensor forward(const Batch&, const Pass&) const override { throw std::logic_error("a script is not trained"); }
  at::Tensor step(const Step& step, State& state) const override {
    auto& counter = dynamic_cast<Counter&>(state);
    std::vector<float> hidden;
    size_t token = 0;
    for (size_t n = 0; n < step.rows.size(); ++n) {
      for (int64_t t = 0; t < step.lengths[n]; ++t) {
        counter.fed[step.rows[n]].push_back(step.ids[token++]);
        const int64_t id = next_(step.rows[n], counter.documents[step.rows[n]], counter.fed[step.rows[n]]);
        hidden.push_back(id == kBroken ? std::numeric_limits<float>::quiet_NaN() : static_cast<float>(id));
      }
    }
    largest_step = std::max(largest_step, step.num_tokens());
    return at::tensor(hidden).view({-1, 1});
  }
  const at::Tensor& head() const override { throw std::logic_error("a script has no head"); }
  at::Tensor logits(const at::Tensor& hidden) const override {
    return -(at::arange(vocab_, at::kFloat).unsqueeze(0) - hidden).abs();  // the next likeliest ids are the nearest
  }
  std::unique_ptr<State> new_state(int64_t rows) const override { return std::make_unique<Counter>(rows); }
  std::vector<Parameter> parameters() const override { return {}; }
  at::Device device() const override { return at::kCPU; }
  int64_t vocab_size() const override { return vocab_; }
  int64_t num_layers() const override { return 0; }
  std::string architecture() const override { return "script"; }
  int64_t window() const override { return 0; }
  std::string config_json() const override { return "{}"; }
  mutable int64_t largest_step = 0;

 private:
  int64_t vocab_;
  Next next_;
};

}  // namespace smooth
