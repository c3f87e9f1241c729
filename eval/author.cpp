#include "eval/author.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <system_error>

namespace smooth {
namespace {

using Banned = std::function<std::vector<int64_t>(const std::vector<int64_t>& sampled)>;

// Early stopping off: <STOP> is forbidden, and at the start of a line whatever begins an answer.
Banned forbid_answer(const Layout& layout) {
  return [&layout](const std::vector<int64_t>& sampled) {
    std::vector<int64_t> banned = {layout.stop()};
    const bool line_begins = sampled.empty() || layout.ends_line(sampled.back());
    if (line_begins) banned.insert(banned.end(), layout.answer_openings().begin(), layout.answer_openings().end());
    return banned;
  };
}

// What the reader forbids on a turn: to answer while it may not, and to go on when there is nothing more to read.
Banned forbidden(const Turn& turn, const Layout& layout) {
  if (turn.one_step) return nullptr;
  if (!turn.may_stop) return forbid_answer(layout);
  if (!turn.last) return nullptr;
  return [&layout](const std::vector<int64_t>&) { return std::vector<int64_t>{layout.go_on()}; };
}

Request prescribed(const Prompt& prompt, const Layout& layout) {
  const std::vector<int64_t> ends = layout.ends(prompt);
  const Banned not_at_once = [ends](const std::vector<int64_t>& sampled) { return sampled.empty() ? ends : std::vector<int64_t>(); };
  return {.forget = true, .forced = layout.given(prompt), .max_tokens = prompt.max_tokens, .ends = ends, .banned = prompt.one_line ? not_at_once : nullptr};
}

Request request_of(const Turn& turn, const Task& task, const Layout& layout) {
  if (task.prompt) return prescribed(*task.prompt, layout);
  return {.forget = turn.forget,
          .forced = layout.given(turn.text, turn.forget),
          .max_tokens = turn.max_tokens,
          .banned = forbidden(turn, layout)};
}

// What a model cannot take in is found before it is fed to it with others.
void check(const Request& request, int64_t vocab_size) {
  if (request.forced.empty()) throw std::runtime_error("what is given has no tokens");
  const int64_t most = *std::max_element(request.forced.begin(), request.forced.end());
  if (most >= vocab_size) throw std::runtime_error(fmt::format("what is given has token {}; the model knows {}", most, vocab_size));
}

// The author's answer to the turn of next(), with what it cost.
void take_reply(const Reply& reply, const Task& task, const Layout& layout, Reading& reading) {
  if (reply.broken) throw std::runtime_error(fmt::format("the model's logits are no numbers any more after {} tokens of this turn", reply.forced_tokens + std::ssize(reply.ids)));
  Exchange cost;
  cost.given_tokens = reply.forced_tokens;
  cost.written_tokens = static_cast<int64_t>(reply.ids.size());
  cost.prefill_seconds = reply.prefill_seconds;
  cost.decode_seconds = reply.decode_seconds;
  reading.wrote(task.prompt ? layout.text(*task.prompt, reply.ids) : layout.text(reply.ids), cost);
}

// Does something that may fail because of what is read or written: then this reading has failed, and the others go on. A std::system_error
// (a full disk) is the machine's, and so is what has another type (memory, a kernel): they stop the run.
template <class Act>
bool succeeds(Reading& reading, const Act& act) {
  try {
    act();
    return true;
  } catch (const std::system_error&) {
    throw;
  } catch (const std::runtime_error& error) {
    reading.fail(error.what());
  } catch (const std::out_of_range& error) {  // a token that the tokenizer does not have
    reading.fail(error.what());
  }
  return false;
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
      Request request;
      const bool is_asked = turn && succeeds(readings[row], [&] {
        request = request_of(*turn, tasks[row], layout);
        check(request, engine.vocab_size());
      });
      if (!is_asked) continue;
      rows.push_back(static_cast<int64_t>(row));
      requests.push_back(std::move(request));
    }
    if (rows.empty()) break;
    const std::vector<Reply> replies = engine.answer(rows, requests);
    for (size_t i = 0; i < rows.size(); ++i) {
      Reading& reading = readings[rows[i]];
      const bool is_told = succeeds(reading, [&] { take_reply(replies[i], tasks[rows[i]], layout, reading); });
      if (is_told && taker) taker(rows[i], reading.take());
    }
  }
  std::vector<Transcript> transcripts;
  for (Reading& reading : readings) transcripts.push_back(std::move(reading).transcript());
  return transcripts;
}

}  // namespace smooth
