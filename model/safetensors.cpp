#include "model/safetensors.h"

#include <ATen/ATen.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bit>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>

namespace smooth {
namespace {

static_assert(std::endian::native == std::endian::little, "safetensors are little-endian and mapped as they are");

const std::vector<std::pair<std::string, at::ScalarType>>& dtypes() {
  static const std::vector<std::pair<std::string, at::ScalarType>> table = {
      {"F64", at::kDouble}, {"F32", at::kFloat}, {"F16", at::kHalf}, {"BF16", at::kBFloat16}, {"I64", at::kLong},
      {"I32", at::kInt},    {"I16", at::kShort}, {"I8", at::kChar},  {"U8", at::kByte},       {"BOOL", at::kBool}};
  return table;
}

at::ScalarType dtype_of(const std::string& name) {
  for (const auto& [text, dtype] : dtypes()) {
    if (text == name) return dtype;
  }
  throw std::runtime_error("dtype " + name + " is not one that this framework reads");
}

std::string name_of(at::ScalarType dtype) {
  for (const auto& [text, known] : dtypes()) {
    if (known == dtype) return text;
  }
  throw std::runtime_error(std::string("a tensor of type ") + c10::toString(dtype) + " cannot be stored as safetensors");
}

std::string text_of(const std::vector<int64_t>& shape) {
  std::string text = "[";
  for (const int64_t size : shape) text += (text.size() > 1 ? ", " : "") + std::to_string(size);
  return text + "]";
}

std::shared_ptr<const char> map_file(const std::string& file, int64_t& size) {
  const int handle = open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (handle < 0) throw std::runtime_error(file + ": cannot be opened: " + std::strerror(errno));
  struct stat status {};
  fstat(handle, &status);
  size = status.st_size;
  void* bytes = size > 0 ? mmap(nullptr, static_cast<size_t>(size), PROT_READ, MAP_PRIVATE, handle, 0) : MAP_FAILED;
  close(handle);
  if (bytes == MAP_FAILED) throw std::runtime_error(file + ": is empty or cannot be mapped into memory");
  const auto unmap = [size](const char* p) { munmap(const_cast<char*>(p), static_cast<size_t>(size)); };
  return {static_cast<const char*>(bytes), unmap};
}

void write_all(int handle, const void* bytes, size_t count, const std::string& file) {
  const char* next = static_cast<const char*>(bytes);
  while (count > 0) {
    const ssize_t done = write(handle, next, std::min<size_t>(count, 1 << 30));
    if (done < 0) throw std::runtime_error(file + ": cannot be written: " + std::strerror(errno));
    next += done;
    count -= static_cast<size_t>(done);
  }
}

}  // namespace

Safetensors::Safetensors(const std::string& file) : file_(file) {
  int64_t size = 0;
  bytes_ = map_file(file, size);
  const auto refuse = [&](const std::string& why) { throw std::runtime_error(file + ": not a safetensors file: " + why); };
  if (size < 8) refuse("it has " + std::to_string(size) + " bytes, the header's length alone takes 8");
  uint64_t header = 0;
  std::memcpy(&header, bytes_.get(), 8);
  if (header > static_cast<uint64_t>(size) - 8) {
    refuse("its header should have " + std::to_string(header) + " bytes, the file has " + std::to_string(size) + " (cut off?)");
  }
  data_ = 8 + static_cast<int64_t>(header);
  try {
    const auto json = nlohmann::json::parse(bytes_.get() + 8, bytes_.get() + data_);
    for (const auto& [name, item] : json.items()) {
      if (name == "__metadata__") continue;
      const auto offsets = item.at("data_offsets").get<std::array<int64_t, 2>>();
      entries_[name] = {dtype_of(item.at("dtype")), item.at("shape"), offsets[0], offsets[1]};
    }
  } catch (const std::exception& error) {
    refuse(error.what());
  }
  for (const auto& [name, entry] : entries_) {
    int64_t bytes = static_cast<int64_t>(c10::elementSize(entry.dtype));
    for (const int64_t extent : entry.shape) {
      if (extent < 0 || (extent > 0 && bytes > size / extent)) refuse(name + " has shape " + text_of(entry.shape));
      bytes *= extent;
    }
    if (entry.begin < 0 || entry.end - entry.begin != bytes || entry.end > size - data_) {
      refuse(name + " of shape " + text_of(entry.shape) + " lies at [" + std::to_string(entry.begin) + ", " +
             std::to_string(entry.end) + ") of " + std::to_string(size - data_) + " bytes (cut off?)");
    }
  }
}

std::vector<std::string> Safetensors::names() const {
  std::vector<std::string> names;
  for (const auto& item : entries_) names.push_back(item.first);
  return names;
}

const Safetensors::Entry& Safetensors::entry(const std::string& name) const {
  const auto found = entries_.find(name);
  if (found == entries_.end()) throw std::runtime_error(file_ + ": holds no tensor " + name);
  return found->second;
}

std::vector<int64_t> Safetensors::shape(const std::string& name) const { return entry(name).shape; }

at::Tensor Safetensors::get(const std::string& name) const {
  const Entry& found = entry(name);
  char* bytes = const_cast<char*>(bytes_.get()) + data_ + found.begin;
  const auto options = at::TensorOptions().dtype(found.dtype);
  // A tensor that does not lie at a multiple of its element's size cannot be used in place.
  const bool aligned = reinterpret_cast<uintptr_t>(bytes) % c10::elementSize(found.dtype) == 0;
  if (aligned) return at::from_blob(bytes, found.shape, [keep = bytes_](void*) {}, options);
  const at::Tensor copy = at::empty(found.shape, options);
  std::memcpy(copy.mutable_data_ptr(), bytes, static_cast<size_t>(found.end - found.begin));
  return copy;
}

at::Tensor Safetensors::get(const std::string& name, const std::vector<int64_t>& shape) const {
  if (entry(name).shape != shape) {
    throw std::runtime_error(file_ + ": " + name + " has shape " + text_of(entry(name).shape) + ", expected " + text_of(shape));
  }
  return get(name);
}

at::Tensor Safetensors::get(const std::string& name, const std::vector<int64_t>& shape, at::ScalarType dtype) const {
  if (entry(name).dtype != dtype) {
    throw std::runtime_error(file_ + ": " + name + " is " + name_of(entry(name).dtype) + ", expected " + name_of(dtype));
  }
  return get(name, shape);
}

void save_safetensors(const std::string& file, const std::vector<Parameter>& tensors) {
  nlohmann::ordered_json json;
  json["__metadata__"] = {{"format", "pt"}};
  int64_t offset = 0;
  for (const Parameter& tensor : tensors) {
    const int64_t end = offset + static_cast<int64_t>(tensor.value.nbytes());
    json[tensor.name] = {{"dtype", name_of(tensor.value.scalar_type())}, {"shape", tensor.value.sizes().vec()}, {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string header = json.dump();
  header.resize((header.size() + 7) / 8 * 8, ' ');  // tensors begin at a multiple of 8
  const uint64_t length = header.size();

  const std::string beside = file + ".writing";
  if (const auto folder = std::filesystem::path(file).parent_path(); !folder.empty()) std::filesystem::create_directories(folder);
  const int handle = open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (handle < 0) throw std::runtime_error(beside + ": cannot be written: " + std::strerror(errno));
  write_all(handle, &length, 8, beside);
  write_all(handle, header.data(), header.size(), beside);
  for (const Parameter& tensor : tensors) {
    const at::Tensor bytes = tensor.value.detach().cpu().contiguous();
    write_all(handle, bytes.const_data_ptr(), bytes.nbytes(), beside);
  }
  fsync(handle);
  close(handle);
  std::filesystem::rename(beside, file);
}

}  // namespace smooth
