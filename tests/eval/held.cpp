#include "eval/held.h"

#include <catch2/catch.hpp>

#include "configs/run.h"
#include "tests/configs/folder.h"

using namespace smooth;
namespace fs = std::filesystem;

TEST_CASE("a held checkpoint outlives its folder, without the optimizer's files", "[held]") {
  const TestFolder folder;
  const fs::path checkpoint = folder.path / "step-2", held = folder.path / "out/checkpoint";
  folder.file("step-2/model.safetensors", "weights");
  folder.file("step-2/optimizer-0.safetensors", "moments");
  CHECK_FALSE(hold_checkpoint(checkpoint, held));  // it is not DONE
  CHECK_FALSE(hold_checkpoint(folder.path / "step-4", held));
  CHECK_FALSE(fs::exists(held));
  folder.file("step-2/DONE", "");
  folder.file("out/checkpoint.part/rubbish", "of a killed one");
  CHECK(hold_checkpoint(checkpoint, held));
  CHECK(fs::hard_link_count(held / "model.safetensors") == 2);
  CHECK_FALSE(fs::exists(held / "rubbish"));
  CHECK_FALSE(fs::exists(held / "optimizer-0.safetensors"));
  fs::remove_all(checkpoint);
  CHECK(read_file(held / "model.safetensors") == "weights");
  CHECK(hold_checkpoint(checkpoint, held));  // as it was
  release_checkpoint(held);
  CHECK(fs::is_empty(folder.path / "out"));
  release_checkpoint(held);
}

TEST_CASE("a checkpoint on another file system is copied", "[held]") {
  const TestFolder folder;
  const fs::path other = "/dev/shm/smooth-held-" + folder.path.filename().string();
  std::error_code error;
  fs::create_directories(other, error);
  folder.file("step-2/DONE", "");
  folder.file("step-2/model.safetensors", "weights");
  fs::create_hard_link(folder.path / "step-2/DONE", other / "link", error);
  if (!error) {
    fs::remove_all(other);
    WARN("SKIPPED: /dev/shm is no other file system than the temporary folder here");
    return;
  }
  CHECK(hold_checkpoint(folder.path / "step-2", other / "checkpoint"));
  CHECK(read_file(other / "checkpoint/model.safetensors") == "weights");
  fs::remove_all(other);
}
