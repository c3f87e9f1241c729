// What this machine reaches, and what a model asks of it: the measures that benchmarks put beside their figures.
#pragma once

#include <ATen/core/Tensor.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>

#include "configs/config.h"
#include "model/model.h"

namespace smooth {

// Shortest of some runs, in seconds.
template <class Run>
double fastest(int64_t repeats, const Run& run) {
  double best = 0;
  for (int64_t i = 0; i < repeats; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    run();
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    best = i == 0 ? seconds : std::min(best, seconds);
  }
  return best;
}

double memory_limit(const at::Device& device);                         // bytes a second that a sum over more than any cache reads
double product_limit(at::ScalarType dtype, const at::Device& device);  // floating point operations a second of a square matrix product

// Weights that every token meets, in the layers and in the head.
struct Weighed {
  double body = 0, head = 0;
};
Weighed weigh(const Model& model);

// The checkpoint, or random weights of the shape.
std::unique_ptr<Model> benched_model(const BenchConfig& config, const at::Device& device);

}  // namespace smooth
