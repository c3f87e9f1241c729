// What a run was computed with, for environment.json: versions, machine, threads.
#pragma once

#include <c10/core/Device.h>

#include <string>

namespace smooth {

std::string environment(const at::Device& device);  // a JSON object of strings; the commit is what ./smooth says

// The GPU's name as its driver tells it, "NVIDIA H100 80GB HBM3"; the processor's for the CPU.
std::string device_name(const at::Device& device);

}  // namespace smooth
