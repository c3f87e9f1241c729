// YAML to a typed config: strict, with the place of every mistake.
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include "configs/config.h"

namespace smooth {

// A mistake of the user's in a config or on the command line: main prints it and exits 2.
struct ConfigError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Are the paths that a config names looked up? A plan, and a test of what is written in a YAML, need none of them.
enum class Paths { must_exist, as_given };

// Reads FILE (with its `include:`s, later over earlier, the file itself last), then `overrides` ("a.b=c", a YAML scalar
// or flow value; list items by index, "rows.0.samples=10"), checks every key, type, range and `problem()`.
// Throws ConfigError "file:line:col: key: reason ... did you mean ...?" (for overrides "--set a.b=c: ...").
// Instantiated for TeacherConfig, DataConfig, TrainConfig, EvalConfig, BenchConfig, ClusterConfig and ReproductionConfig.
template <class Config>
Config load_config(const std::string& file, const std::vector<std::string>& overrides = {}, Paths paths = Paths::must_exist);

// The resolved config as YAML that load_config reads back to the same values; numbers in shortest round-trip form.
// `comments` adds each field's help.
template <class Config>
std::string dump_config(const Config& config, bool comments = false);

// Every key of every command with type, default, range and help, as Markdown: configs/reference.md is this text.
std::string config_reference();

}  // namespace smooth
