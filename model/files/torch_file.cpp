#include "model/files/torch_file.h"

#include <algorithm>
#include <cstring>
#include <set>
#include <stdexcept>

#include "model/files/pickle.h"
#include "model/files/zip.h"

namespace smooth {
namespace {

using Kind = PickleValue::Kind;

[[noreturn]] void refuse(const std::string& file, const std::string& why) { throw std::runtime_error(file + ": " + why); }

// Where the bytes of each storage lie, by key.
using Places = std::map<std::string_view, ZipMember>;

// --- which of the values is the state dict -------------------------------------------------------------------------------

bool is_state_dict(const Pickle& pickle, const PickleValue& value) {
  if (value.kind != Kind::dict || value.items.empty()) return false;
  for (size_t i = 0; i < value.items.size(); i += 2) {
    if (pickle[value.items[i]].kind != Kind::text || pickle[value.items[i + 1]].kind != Kind::tensor) return false;
  }
  return true;
}

std::string why_not(const Pickle& pickle, const PickleValue& top) {
  if (top.kind != Kind::dict) return "it holds a " + std::string(name_of(top.kind));
  for (size_t i = 0; i < top.items.size(); i += 2) {
    const PickleValue &key = pickle[top.items[i]], &value = pickle[top.items[i + 1]];
    if (key.kind != Kind::text) return "it holds a dict with a key that is a " + std::string(name_of(key.kind));
    if (value.kind != Kind::tensor) return "its entry '" + shown(key.text) + "' is a " + std::string(name_of(value.kind));
  }
  return "it holds an empty dict";
}

const PickleValue& find_state_dict(const Pickle& pickle, const std::string& file, std::string& part) {
  constexpr std::string_view kParts[] = {"state_dict", "model_state_dict", "model", "module"};
  const PickleValue& top = pickle[pickle.top];
  if (is_state_dict(pickle, top)) return top;
  const PickleValue* found = nullptr;
  for (size_t i = 0; top.kind == Kind::dict && i < top.items.size(); i += 2) {
    const PickleValue &key = pickle[top.items[i]], &value = pickle[top.items[i + 1]];
    const bool may_be = key.kind == Kind::text && std::find(std::begin(kParts), std::end(kParts), key.text) != std::end(kParts);
    if (!may_be || !is_state_dict(pickle, value)) continue;
    if (found != nullptr) refuse(file, "holds two state dicts, under '" + part + "' and '" + std::string(key.text) + "'; save the wanted one alone");
    found = &value;
    part = key.text;
  }
  if (found == nullptr) {
    refuse(file, "expected a state dict (text -> tensor), or a dict that has one under state_dict, model_state_dict, model or module; " +
                     why_not(pickle, top));
  }
  return *found;
}

// --- from storages to bytes of the file ----------------------------------------------------------------------------------

int64_t width_of(const PickledStorage& storage) { return storage.dtype == nullptr ? 1 : storage.dtype->width; }

// Every storage that is named must be there, with as many bytes as it says.
void check_storages(const Pickle& pickle, const Places& places, const std::string& file) {
  for (const PickledStorage& storage : pickle.storages) {
    const auto place = places.find(storage.key);
    if (place == places.end()) refuse(file, "holds no bytes of storage " + shown(storage.key) + ", which its pickle names (cut off?)");
    if (place->second.size != storage.count * width_of(storage)) {
      refuse(file, "storage " + shown(storage.key) + " has " + std::to_string(place->second.size) + " bytes, its pickle says " +
                       std::to_string(storage.count * width_of(storage)));
    }
  }
}

TorchFile tensors_of(const Pickle& pickle, const Places& places, const std::string& file) {
  TorchFile result;
  check_storages(pickle, places, file);
  const PickleValue& dict = find_state_dict(pickle, file, result.part);
  for (size_t i = 0; i < dict.items.size(); i += 2) {
    const std::string_view name = pickle[dict.items[i]].text;
    const PickledTensor& pickled = pickle.tensors[pickle[dict.items[i + 1]].number];
    const PickledStorage& storage = pickle.storages[pickled.storage];
    StoredTensor tensor = pickled.tensor;
    // In range: read_pickle saw the tensor end within its storage, and check_storages the storage within the file.
    tensor.begin = places.at(storage.key).begin + storage.offset * width_of(storage) + pickled.offset * dtype_of(tensor.dtype).width;
    if (!is_utf8(name)) refuse(file, "the name of tensor " + shown(name) + " is no UTF-8");
    if (!result.tensors.emplace(name, std::move(tensor)).second) refuse(file, "holds tensor " + shown(name) + " twice");
  }
  return result;
}

// --- the zip archive -----------------------------------------------------------------------------------------------------

void check_byteorder(std::string_view order, const std::string& file) {
  if (order != "little") refuse(file, "its byteorder is '" + shown(order) + "'; only little-endian files are read. Save it again on a little-endian machine");
}

// The archive's name is the first folder of every member.
std::string prefix_of(const std::map<std::string, ZipMember>& members, const std::string& file) {
  std::string prefix;
  for (const auto& [name, member] : members) {
    const size_t slash = name.find('/');
    if (slash == std::string::npos || name.substr(slash) != "/data.pkl") continue;
    if (!prefix.empty()) refuse(file, "holds both " + shown(prefix) + "data.pkl and " + shown(name));
    prefix = name.substr(0, slash + 1);
  }
  if (prefix.empty()) refuse(file, "is a zip archive without NAME/data.pkl, so torch.save did not write it");
  if (members.contains(prefix + "constants.pkl")) refuse(file, "is a TorchScript archive, which holds code; save the module's state_dict() instead");
  return prefix;
}

TorchFile read_archive(std::string_view bytes, const std::string& file) {
  const std::map<std::string, ZipMember> members = read_zip(bytes, file);
  const std::string prefix = prefix_of(members, file);
  const auto text = [&](const ZipMember& member) { return bytes.substr(member.begin, member.size); };
  if (const auto order = members.find(prefix + "byteorder"); order != members.end()) check_byteorder(text(order->second), file);
  const ZipMember& data = members.at(prefix + "data.pkl");
  const Pickle pickle = read_pickle(text(data), data.begin, file);
  Places places;
  const std::string folder = prefix + "data/";
  for (const auto& [name, member] : members) {
    if (name.starts_with(folder)) places.emplace(std::string_view(name).substr(folder.size()), member);
  }
  return tensors_of(pickle, places, file);
}

// --- the stream of pickles: magic number, protocol, system, object, keys of its storages; then for each its count and bytes ---

constexpr std::string_view kMagic("\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19", 10);  // 0x1950a86a20f9469cfc6c
constexpr int64_t kProtocol = 1001;

class Stream {
 public:
  Stream(std::string_view bytes, const std::string& file) : bytes_(bytes), file_(file) {}

  TorchFile read() {
    const Pickle magic = next(), protocol = next(), system = next();
    if (magic[magic.top].text != kMagic) refuse(file_, "has not the magic number of torch.save");
    if (protocol[protocol.top].kind != Kind::integer || protocol[protocol.top].number != kProtocol) {
      refuse(file_, "its protocol is not " + std::to_string(kProtocol));
    }
    check_system(system);
    const Pickle object = next(), keys = next();
    const Places places = find_storages(object, keys);
    if (at_ != bytes_.size()) refuse(file_, "its last storage ends at byte " + std::to_string(at_) + " of " + std::to_string(bytes_.size()));
    return tensors_of(object, places, file_);
  }

 private:
  Pickle next() {
    Pickle pickle = read_pickle(bytes_.substr(at_), static_cast<int64_t>(at_), file_);
    at_ += pickle.size;
    return pickle;
  }

  void check_system(const Pickle& system) const {
    const PickleValue& dict = system[system.top];
    for (size_t i = 0; dict.kind == Kind::dict && i < dict.items.size(); i += 2) {
      const PickleValue &key = system[dict.items[i]], &value = system[dict.items[i + 1]];
      if (key.kind != Kind::text || key.text != "little_endian" || value.kind != Kind::boolean) continue;
      return check_byteorder(value.number != 0 ? "little" : "big", file_);
    }
    refuse(file_, "does not say whether it is little-endian");
  }

  Places find_storages(const Pickle& object, const Pickle& keys) {
    std::map<std::string_view, const PickledStorage*> named;
    for (const PickledStorage& storage : object.storages) named.emplace(storage.key, &storage);
    Places places;
    if (keys[keys.top].kind != Kind::list) refuse(file_, "does not list its storages");
    for (const uint32_t item : keys[keys.top].items) {
      // keys' texts point into the file as object's do, so they outlive both.
      const auto found = keys[item].kind == Kind::text ? named.find(keys[item].text) : named.end();
      if (found == named.end()) refuse(file_, "lists a storage that no tensor uses");
      const PickledStorage& storage = *found->second;
      const ZipMember place = next_storage(storage);
      if (!places.emplace(storage.key, place).second) refuse(file_, "lists storage " + shown(storage.key) + " twice");
    }
    return places;
  }

  // 8 bytes of its number of elements, then the elements.
  ZipMember next_storage(const PickledStorage& storage) {
    int64_t count = 0;
    const uint64_t left = bytes_.size() - at_;
    const uint64_t size = static_cast<uint64_t>(storage.count * width_of(storage));
    if (left < sizeof count || left - sizeof count < size) refuse(file_, "is cut off within storage " + shown(storage.key));
    std::memcpy(&count, bytes_.data() + at_, sizeof count);
    if (count != storage.count) {
      refuse(file_, "storage " + shown(storage.key) + " has " + std::to_string(count) + " elements, its pickle says " + std::to_string(storage.count));
    }
    const ZipMember place{static_cast<int64_t>(at_ + sizeof count), static_cast<int64_t>(size)};
    at_ += sizeof count + size;
    return place;
  }

  std::string_view bytes_;
  const std::string& file_;
  size_t at_ = 0;
};

}  // namespace

TorchFile read_torch_file(std::string_view bytes, const std::string& file) {
  if (bytes.starts_with("PK\x03\x04")) return read_archive(bytes, file);
  if (bytes.size() > 14 && bytes.substr(2, 2) == "\x8a\x0a" && bytes.substr(4).starts_with(kMagic)) return Stream(bytes, file).read();
  if (bytes.size() > 262 && bytes.substr(257, 5) == "ustar") refuse(file, "is of torch before 0.2 (a tar archive); load and save it with a later one");
  refuse(file, "is not of torch.save: it begins neither as a zip archive nor with torch's magic number");
}

}  // namespace smooth
