#include "eval/read.h"

#include <fmt/format.h>

#include <iostream>

#include "configs/run.h"
#include "data/layout.h"
#include "eval/author.h"
#include "model/checkpoint.h"

namespace smooth {

void read_document(const ReadOptions& options) {
  const std::string folder = find_checkpoint(options.model);
  const auto model = load_model(folder, {}, open_device(options.device));
  const Layout layout(load_tokenizer(folder), options.chat_template);
  Task task;
  task.id = options.document;
  task.instruction = options.instruction;
  task.context = read_file(options.document);
  task.question = options.question;
  const ReadingOptions reading = reading_options(options.reading);
  Engine engine(*model, 1, layout.ends(), {}, 0);
  int64_t turn = 0;
  const auto show = [&](size_t, const Exchange& exchange) {
    std::cout << fmt::format("[{}] bytes {} to {}, {} tokens read in {:.2f} s, {} written in {:.2f} s\n{}\n\n", ++turn, exchange.begin, exchange.end,
                             exchange.given_tokens, exchange.prefill_seconds, exchange.written_tokens, exchange.decode_seconds, exchange.written)
              << std::flush;
  };
  const Transcript transcript = read_with_model(engine, layout, {task}, reading, show)[0];
  if (!transcript.error.empty()) throw std::runtime_error("the reading failed: " + transcript.error);
  if (transcript.answer.empty()) throw std::runtime_error("the model ended its reading without an answer");
  std::cout << transcript.answer << "\n";
}

}  // namespace smooth
