// What the chat teacher is told: how to read, what each part of a summary holds for this kind of task, and one worked example. The
// words are in chat_prompts.cpp; changing one of them asks everything anew, since answers are known by what was said.
#pragma once

#include <string>

#include "data/reading.h"
#include "data/task.h"

namespace smooth {

// The same for every piece of every task of a row, so that servers with a prefix cache compute it once. `row` is one of Table 5's that
// a language model teaches; throws with the valid names.
std::string system_prompt(const std::string& row);

// One piece: the task, the summary before it (empty at the beginning), the text, and what the reply must end in.
std::string piece_prompt(const Task& task, const Turn& turn, const std::string& summary, int64_t number);

// What is said to a reply that cannot be used; `problem` is about it ("it does not end in ...").
std::string correction_prompt(const std::string& problem, int64_t correction, int64_t corrections);

}  // namespace smooth
