// How much text a run reads: estimated from the beginnings of its files where they are here, else the paper's training set.
#pragma once

#include <string>

#include "configs/config.h"
#include "trainer/plan/costs.h"

namespace smooth {

struct Amount {
  Text text;                  // of an epoch
  double samples = 0;         // of an epoch
  double steps = 0, tokens = 0;  // of the run
  double packs = 0;           // of a step
  std::string from;           // what this rests on, in words
};
Amount amount_of(const TrainConfig& config);

}  // namespace smooth
