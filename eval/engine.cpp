#include "eval/engine.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>
#include <stdexcept>

namespace smooth {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

// A row's longest piece of one prefill step: longer texts are taken in piece by piece, so that masks stay small.
constexpr int64_t kPiece = 512;

}  // namespace

Engine::Engine(const Model& model, int64_t rows, std::vector<int64_t> ends, SamplingConfig sampling, uint64_t seed, int64_t step_tokens)
    : model_(model), ends_(std::move(ends)), sampling_(sampling), step_tokens_(step_tokens), state_(model.new_state(rows)), unfed_(rows) {
  for (int64_t row = 0; row < rows; ++row) random_.emplace_back(seed, "row " + std::to_string(row));
}

std::vector<Reply> Engine::answer(const std::vector<int64_t>& rows, const std::vector<Request>& requests) {
  at::NoGradGuard no_grad;
  std::vector<Row> flight(rows.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    Row& row = flight[i];
    row.index = rows[i];
    row.request = &requests[i];
    if (row.request->forced.empty()) throw std::logic_error("a request must force at least one token");
    if (row.request->forget) {
      state_->reset(row.index);
      unfed_[row.index].clear();
    }
    row.queue = std::exchange(unfed_[row.index], {});
    row.queue.insert(row.queue.end(), row.request->forced.begin(), row.request->forced.end());
    row.reply.forced_tokens = static_cast<int64_t>(row.queue.size());
  }
  prefill(flight);
  decode(flight);
  std::vector<Reply> replies;
  for (Row& row : flight) {
    if (!row.reply.ids.empty()) unfed_[row.index] = {row.reply.ids.back()};
    replies.push_back(std::move(row.reply));
  }
  return replies;
}

// Pieces of as many rows as a step may hold, until every queue is empty.
void Engine::prefill(std::vector<Row>& rows) {
  for (bool more = true; more;) {
    more = false;
    for (size_t first = 0; first < rows.size();) {
      const auto begin = Clock::now();
      Step step;
      std::vector<Row*> fed;
      for (; first < rows.size(); ++first) {
        Row& row = rows[first];
        const int64_t length = std::min({kPiece, step_tokens_, static_cast<int64_t>(row.queue.size() - row.fed)});
        if (length == 0) continue;
        if (!step.ids.empty() && step.num_tokens() + length > step_tokens_) break;
        step.ids.insert(step.ids.end(), row.queue.begin() + row.fed, row.queue.begin() + row.fed + length);
        step.rows.push_back(row.index);
        step.lengths.push_back(length);
        row.fed += length;
        more = more || row.fed < row.queue.size();
        fed.push_back(&row);
      }
      if (fed.empty()) continue;
      const at::Tensor hidden = model_.step(step, *state_);  // [S, C]
      const double seconds = seconds_since(begin) / static_cast<double>(step.num_tokens());
      int64_t last = -1;
      for (size_t n = 0; n < fed.size(); ++n) {
        last += step.lengths[n];
        fed[n]->hidden = hidden[last].clone();
        fed[n]->reply.prefill_seconds += seconds * static_cast<double>(step.lengths[n]);
      }
    }
  }
}

// All rows side by side, a token each, until the last is complete.
void Engine::decode(std::vector<Row>& rows) {
  std::vector<Row*> open;
  std::vector<at::Tensor> hiddens;
  for (Row& row : rows) {
    open.push_back(&row);
    hiddens.push_back(row.hidden);
  }
  at::Tensor hidden = at::stack(hiddens);  // [N, C]
  while (!open.empty()) {
    const auto begin = Clock::now();
    const at::Tensor logits = model_.logits(hidden).to(at::kCPU, at::kFloat).contiguous();  // [N, V]
    Step step;
    std::vector<Row*> still;
    for (size_t n = 0; n < open.size(); ++n) {
      const int64_t id = choose(logits.const_data_ptr<float>() + n * logits.size(1), logits.size(1), *open[n]);
      open[n]->reply.broken = id < 0;
      if (id < 0 || record(*open[n], id)) continue;
      step.ids.push_back(id);
      step.rows.push_back(open[n]->index);
      step.lengths.push_back(1);
      still.push_back(open[n]);
    }
    if (!still.empty()) hidden = model_.step(step, *state_);
    const double seconds = seconds_since(begin) / static_cast<double>(open.size());
    for (Row* row : open) row->reply.decode_seconds += seconds;
    open = std::move(still);
  }
}

bool Engine::record(Row& row, int64_t id) {
  row.reply.ids.push_back(id);
  if (row.request->on_token) row.request->on_token(id);
  const std::vector<int64_t>& ends = row.request->ends ? *row.request->ends : ends_;
  const bool ended = std::find(ends.begin(), ends.end(), id) != ends.end();
  return ended || static_cast<int64_t>(row.reply.ids.size()) >= row.request->max_tokens;
}

// Greedy, or a draw from the top_k most probable tokens that together hold top_p of softmax(logits / temperature).
int64_t Engine::choose(const float* logits, int64_t count, Row& row) {
  std::vector<int64_t> banned;
  if (row.request->banned) banned = row.request->banned(row.reply.ids);
  const auto value = [&](int64_t id) {
    return std::find(banned.begin(), banned.end(), id) == banned.end() ? logits[id] : -std::numeric_limits<float>::infinity();
  };
  const int64_t best = std::max_element(logits, logits + count) - logits;
  if (!std::isfinite(logits[best])) return -1;
  if (sampling_.temperature == 0) {
    if (banned.empty() || value(best) == logits[best]) return best;
    int64_t chosen = -1;
    for (int64_t id = 0; id < count; ++id) {
      if (std::isfinite(value(id)) && (chosen < 0 || logits[id] > logits[chosen])) chosen = id;
    }
    return chosen;
  }
  std::vector<int64_t> order(count);
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return value(a) > value(b); });
  if (sampling_.top_k > 0) order.resize(std::min<int64_t>(count, sampling_.top_k));
  std::vector<double> weights;
  double total = 0, kept = 0;
  for (const int64_t id : order) {
    weights.push_back(std::exp((value(id) - value(order[0])) / sampling_.temperature));
    total += weights.back();
  }
  size_t last = 0;
  while (last < order.size() && kept < sampling_.top_p * total) kept += weights[last++];
  double draw = random_[row.index].uniform() * kept;
  for (size_t i = 0; i < last; ++i) {
    draw -= weights[i];
    if (draw < 0) return order[i];
  }
  return order[last - 1];
}

}  // namespace smooth
