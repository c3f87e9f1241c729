// x Wᵀ for few rows x on the CPU, where reading W is all that costs: every weight is read once, in its own dtype, and meets all
// rows. Plain C++: ops/project.cpp spreads the outputs over threads.
#pragma once

#include <cstdint>

namespace smooth {

// Most rows that the kernel takes at once.
constexpr int64_t kFewRows = 4;

// A product in fp32, or in bf16 given as its bits; both are summed in fp32 and rounded once.
template <class Number>
struct FewRows {
  const Number *x, *w, *bias;  // [rows, width], [out, width], [out] or null: all contiguous
  Number* y;                   // [rows, out]
  int64_t rows, width, out;
};

// y[n][o] = bias[o] + sum over c of x[n][c] w[o][c] for o in [begin, end).
void few_rows(const FewRows<float>& product, int64_t begin, int64_t end);
void few_rows(const FewRows<uint16_t>& product, int64_t begin, int64_t end);

}  // namespace smooth
