// The model as author: many readings at once, each a row of the engine.
#pragma once

#include <functional>
#include <vector>

#include "data/layout.h"
#include "data/reading.h"
#include "eval/engine.h"

namespace smooth {

// Reads every task to its end, all side by side: one row each, turn by turn. `on_turn` is told the context bytes that a
// turn took in, for progress.
std::vector<Transcript> read_with_model(Engine& engine, const Layout& layout, const std::vector<Task>& tasks, const ReadingOptions& options,
                                        const std::function<void(int64_t bytes)>& on_turn = {});

}  // namespace smooth
