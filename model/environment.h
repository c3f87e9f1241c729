// What a run was computed with, for environment.json: versions, machine, threads.
#pragma once

#include <string>

namespace smooth {

std::string environment(const std::string& device);  // a JSON object of strings

}  // namespace smooth
