// x Wᵀ for few rows x on the CPU, where reading W is all that costs: every weight is read once, in its own dtype, and meets all
// rows. Plain C++: ops/project.cpp spreads the outputs over threads.
#pragma once

#include <cstdint>

namespace smooth {

// Most rows that the kernel takes at once.
constexpr int64_t kFewRows = 4;

// y[n][o] = sum over c of x[n][c] w[o][c] for o in [begin, end), in fp32. x [rows, C] and y [rows, out] contiguous, w [out, C].
void few_rows(const float* x, int64_t rows, int64_t width, const float* w, int64_t begin, int64_t end, float* y, int64_t out);
// The same in bf16, given as its bits; summed in fp32.
void few_rows(const uint16_t* x, int64_t rows, int64_t width, const uint16_t* w, int64_t begin, int64_t end, float* y, int64_t out);

}  // namespace smooth
