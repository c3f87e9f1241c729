// Resident memory of this process, from /proc/self.
#pragma once

#include <cstdint>

namespace smooth {

void begin_peak_memory();      // gives freed memory back, then forgets the peak so far
int64_t peak_memory_bytes();   // largest resident memory since then

}  // namespace smooth
