// A checkpoint that is kept for as long as it is read, whatever the trainer removes meanwhile.
#pragma once

#include <filesystem>

namespace smooth {

// Makes `held` a folder of all that a model is read from: links to the checkpoint's files on the same file system, copies elsewhere; not the
// optimizer's. It is whole or not there, and one that is there already stays. False when the checkpoint is not there, or not any more.
bool hold_checkpoint(const std::filesystem::path& checkpoint, const std::filesystem::path& held);

void release_checkpoint(const std::filesystem::path& held);

}  // namespace smooth
