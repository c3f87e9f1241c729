// The whole tree of options: what a run is, and every default. Its branches are in the files below.
//
// A struct names each field once, in `visit(v)`: key, member, help, and what values are allowed. Reading, checking,
// `--set`, the resolved dump, `--help` and the reference page (configs/reference.md) all come from that one list.
// `problem()` of a struct says what no single field can: it returns the offending key with the reason.
// Paths are relative to the folder in which the command is run; `include:` is relative to the file that includes.
#pragma once

#include "configs/cluster_config.h"
#include "configs/data_config.h"
#include "configs/eval_config.h"
#include "configs/field.h"
#include "configs/train_config.h"
