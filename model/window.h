// How far back a layer attends: W shows a token itself and the W - 1 before it, 0 all of them.
#pragma once

#include <cstdint>

namespace smooth {

constexpr int64_t kNoKeys = -1;  // the "window" of a layer that attends to nothing: it is recurrent

}  // namespace smooth
