#include <dlfcn.h>

#include <filesystem>

#include "data/sources/formats.h"
#include "data/sources/parquet_module.h"

namespace smooth {
namespace {

// The module lies beside the program.
ReadParquet open_module() {
  const std::filesystem::path module = std::filesystem::read_symlink("/proc/self/exe").parent_path() / "libsmooth_parquet.so";
  void* opened = dlopen(module.c_str(), RTLD_NOW | RTLD_LOCAL);
  void* function = opened ? dlsym(opened, kReadParquet) : nullptr;
  if (function == nullptr) {
    throw std::runtime_error(std::string("parquet files cannot be read: ") + dlerror() +
                             ". Run ./smooth setup, which brings Apache Arrow, then ./smooth build; or convert the files to jsonl");
  }
  return reinterpret_cast<ReadParquet>(function);
}

}  // namespace

void read_parquet(const std::filesystem::path& file, const std::vector<std::string>& columns, Intake& intake) {
  if (!std::filesystem::exists(file)) throw std::runtime_error("cannot read " + file.string() + ": there is no such file");
  static const ReadParquet read = open_module();
  read(file.string(), columns, [&](int64_t row, Record& record) { return intake.good(row, record); });
}

}  // namespace smooth
