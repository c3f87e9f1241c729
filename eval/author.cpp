#include "eval/author.h"

#include <algorithm>

namespace smooth {
namespace {

// Early stopping off: <STOP> is forbidden, and at the start of a line whatever begins an answer.
std::function<std::vector<int64_t>(const std::vector<int64_t>&)> forbid_answer(const Layout& layout) {
  return [&layout](const std::vector<int64_t>& sampled) {
    std::vector<int64_t> banned = {layout.stop()};
    const bool line_begins = sampled.empty() || layout.tokenizer()->piece(sampled.back()).ends_with('\n');
    if (line_begins) banned.insert(banned.end(), layout.answer_openings().begin(), layout.answer_openings().end());
    return banned;
  };
}

// What the reader forbids on a turn: to answer while it may not, and to go on when there is nothing more to read.
std::function<std::vector<int64_t>(const std::vector<int64_t>&)> forbidden(const Turn& turn, const Layout& layout) {
  if (turn.one_step) return nullptr;
  if (!turn.may_stop) return forbid_answer(layout);
  if (!turn.last) return nullptr;
  return [&layout](const std::vector<int64_t>&) { return std::vector<int64_t>{layout.go_on()}; };
}

Request request_of(const Turn& turn, const Layout& layout) {
  return {.forget = turn.forget,
          .forced = layout.given(turn.text, turn.forget),
          .max_tokens = turn.max_tokens,
          .banned = forbidden(turn, layout)};
}

}  // namespace

ReadingOptions reading_options(const ReadingConfig& config) {
  return {.mode = mode_from(config.mode), .chunk = config.chunk, .early_stop = config.early_stop,
          .max_summary_tokens = config.max_summary_tokens, .max_answer_tokens = config.max_answer_tokens};
}

std::vector<Transcript> read_with_model(Engine& engine, const Layout& layout, const std::vector<Task>& tasks, const ReadingOptions& options,
                                        const std::function<void(size_t row, const Exchange&)>& taker) {
  std::vector<Reading> readings;
  for (const Task& task : tasks) readings.emplace_back(task, options);
  for (;;) {
    std::vector<int64_t> rows;
    std::vector<Request> requests;
    for (size_t row = 0; row < readings.size(); ++row) {
      const std::optional<Turn> turn = readings[row].next();
      if (!turn) continue;
      rows.push_back(static_cast<int64_t>(row));
      requests.push_back(request_of(*turn, layout));
    }
    if (rows.empty()) break;
    const std::vector<Reply> replies = engine.answer(rows, requests);
    for (size_t i = 0; i < rows.size(); ++i) {
      const Reply& reply = replies[i];
      Exchange cost;
      cost.given_tokens = reply.forced_tokens;
      cost.written_tokens = static_cast<int64_t>(reply.ids.size());
      cost.prefill_seconds = reply.prefill_seconds;
      cost.decode_seconds = reply.decode_seconds;
      Reading& reading = readings[rows[i]];
      reading.wrote(layout.text(reply.ids), cost);
      if (taker) taker(rows[i], reading.take());
    }
  }
  std::vector<Transcript> transcripts;
  for (Reading& reading : readings) transcripts.push_back(std::move(reading).transcript());
  return transcripts;
}

}  // namespace smooth
