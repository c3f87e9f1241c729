// The model that a run would train, by its sizes alone: nothing of its weights is read.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "configs/config.h"
#include "model/model.h"

namespace smooth {

// Sizes of the models that the paper begins with, so that a run can be planned before they are here.
std::unique_ptr<Model> shape_named(const std::string& name, std::optional<int64_t> sliding_window);  // throws, listing the names
std::vector<std::string> shape_names();

struct Planned {
  std::unique_ptr<Model> model;  // on the meta device
  std::string from;              // where its sizes come from, in words
};
// By the shape of that name if one is given; else as config.model or init says. An init that is not here is taken for the shape that its
// folder is called by ("models/Qwen2.5-3B"), and `from` says so; throws where there is none.
Planned planned_model(const TrainConfig& config, const std::string& shape = "");

}  // namespace smooth
