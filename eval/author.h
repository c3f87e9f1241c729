// The model as author: many readings at once, each a row of the engine.
#pragma once

#include <functional>
#include <vector>

#include "configs/config.h"
#include "data/layout.h"
#include "data/reading.h"
#include "eval/engine.h"

namespace smooth {

ReadingOptions reading_options(const ReadingConfig& config);

// Reads every task to its end, all side by side: one row each, turn by turn. `on_exchange` is shown every turn of every
// row as soon as it is complete.
std::vector<Transcript> read_with_model(Engine& engine, const Layout& layout, const std::vector<Task>& tasks, const ReadingOptions& options,
                                        const std::function<void(const Exchange&)>& on_exchange = {});

}  // namespace smooth
