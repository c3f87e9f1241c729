// What a process holds: resident memory, or on a GPU what LibTorch has taken of it.
#pragma once

#include <c10/core/Device.h>

#include <cstdint>

namespace smooth {

int64_t memory_bytes(const at::Device& device);        // that the machine or the GPU has
void begin_peak_memory(const at::Device& device);      // gives freed memory back, then forgets the peak so far
int64_t peak_memory_bytes(const at::Device& device);   // largest since then

}  // namespace smooth
