// Rows in flight over one model: forced tokens in, sampled tokens out. It knows no reading and no benchmark.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "configs/config.h"
#include "data/random.h"
#include "model/model.h"

namespace smooth {

// What a row is to do: take `forced` in, then sample until an end token or `max_tokens`.
struct Request {
  bool forget = false;                 // empty the row's memory first
  std::vector<int64_t> forced;         // at least one token
  int64_t max_tokens = 1;
  std::optional<std::vector<int64_t>> ends = {};  // tokens that end the reply, instead of the engine's
  // Token ids that must not be sampled next, given what was sampled so far; may be empty.
  std::function<std::vector<int64_t>(const std::vector<int64_t>& sampled)> banned = {};
  std::function<void(int64_t id)> on_token = {};  // shown each token as it is sampled; may be empty
};

struct Reply {
  std::vector<int64_t> ids;            // sampled, with the end token unless max_tokens came first
  bool broken = false;                 // it ends here because the model gives no number for what may come next: its memory has overflowed
  int64_t forced_tokens = 0;
  double prefill_seconds = 0, decode_seconds = 0;  // this row's share of the steps it took part in
};

class Engine {
 public:
  // `ends`: tokens that end a reply. `step_tokens`: most tokens of one prefill step.
  Engine(const Model& model, int64_t rows, std::vector<int64_t> ends, SamplingConfig sampling, uint64_t seed, int64_t step_tokens = 2048);

  // One request per row index given; all are taken in, then all rows sample side by side until every reply is complete.
  // The token that ended a reply is fed with the row's next request, as the first of its tokens. Given the same requests
  // in the same order it computes the same bits.
  std::vector<Reply> answer(const std::vector<int64_t>& rows, const std::vector<Request>& requests);

  int64_t state_bytes() const { return state_->bytes(); }
  const State& state() const { return *state_; }
  int64_t vocab_size() const { return model_.vocab_size(); }

 private:
  struct Row {
    int64_t index = 0;
    const Request* request = nullptr;
    std::vector<int64_t> queue;        // to be fed
    size_t fed = 0;
    at::Tensor hidden;                 // of the last token fed [C]
    Reply reply;
    bool complete = false;
  };
  void prefill(std::vector<Row>& rows);
  void decode(std::vector<Row>& rows);
  int64_t choose(const float* logits, int64_t count, Row& row);  // -1 where no logit is a number
  bool record(Row& row, int64_t id);

  const Model& model_;
  std::vector<int64_t> ends_;
  SamplingConfig sampling_;
  int64_t step_tokens_, vocab_ = 0;
  std::unique_ptr<State> state_;
  std::vector<std::vector<int64_t>> unfed_;  // per row: the token sampled last
  std::vector<Random> random_;               // per row
};

}  // namespace smooth
