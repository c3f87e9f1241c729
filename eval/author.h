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

// Reads every task to its end, all side by side: one row each, turn by turn. `taker`, where there is one, is handed every
// exchange of every row as soon as it is complete, and the transcripts come back without them. A reading that fails by itself (its text cannot be
// laid out, its model's numbers overflow, what is written is no text) has its reason in the transcript's `error` and stops no other.
std::vector<Transcript> read_with_model(Engine& engine, const Layout& layout, const std::vector<Task>& tasks, const ReadingOptions& options,
                                        const std::function<void(size_t row, const Exchange&)>& taker = {});

}  // namespace smooth
