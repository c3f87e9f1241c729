// "To run it again": commands, seeds, versions, checksums and configs, as far as the folders have them.
#pragma once

#include <string>
#include <vector>

#include "eval/report/page.h"
#include "eval/report/runs.h"

namespace smooth {

// `report`: the command that writes this very report.
std::vector<Block> provenance_blocks(const Runs& runs, const std::string& report);

std::string shell_quoted(const std::string& word);  // as a shell reads it back

}  // namespace smooth
