// From the scores of a task's samples, each from 0 to 1, to the number that LongBench reports: per cent, two decimals. The two official
// scripts add and round differently, and at times the last digit shows it.
#pragma once

#include <cstddef>
#include <vector>

namespace smooth {

// LongBench: added from left to right, then Python's round. At least one sample.
double plain_average(const std::vector<double>& scores);
// A length's bucket of LongBench-E: numpy's mean, then numpy's round. NaN where it is empty.
double bucket_average(const std::vector<double>& scores);

double python_round(double value);                      // round(value, 2): the decimal nearest to the double's exact value
double numpy_round(double value);                       // numpy.round(value, 2): hundredfold, half to even, and back
double pairwise_sum(const double* values, size_t size);  // numpy's sum

}  // namespace smooth
