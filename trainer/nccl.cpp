#include "trainer/nccl.h"

#include <dlfcn.h>

#include <filesystem>
#include <stdexcept>

namespace smooth {

c10::intrusive_ptr<c10d::Backend> open_nccl(const c10::intrusive_ptr<c10d::Store>& store, int64_t rank, int64_t size, std::chrono::milliseconds timeout) {
  const std::string file = std::filesystem::read_symlink("/proc/self/exe").parent_path() / "libsmooth_nccl.so";
  void* module = dlopen(file.c_str(), RTLD_NOW | RTLD_GLOBAL);
  if (module == nullptr) {
    throw std::runtime_error(std::string("NCCL: ") + dlerror() + "; several ranks on GPUs need it: run ./smooth setup --cuda, then ./smooth build");
  }
  using Make = c10d::Backend* (*)(const c10::intrusive_ptr<c10d::Store>&, int, int, int64_t);
  const auto make = reinterpret_cast<Make>(dlsym(module, "smooth_make_nccl"));
  if (make == nullptr) throw std::runtime_error(file + ": holds no smooth_make_nccl; run ./smooth build");
  return c10::intrusive_ptr<c10d::Backend>::reclaim(make(store, static_cast<int>(rank), static_cast<int>(size), timeout.count()));
}

}  // namespace smooth
