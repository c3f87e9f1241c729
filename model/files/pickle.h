// A machine that reads pickles without running anything: of all that Python could call, it knows by name the few things that make
// up a state dict, and refuses the rest. Protocols 2 to 5, as torch.save writes them. Source: Python's Lib/pickletools.py for the
// opcodes, torch/_utils.py (_rebuild_*) and torch/serialization.py (persistent_load) for the calls.
#pragma once

#include <optional>
#include <vector>

#include "model/files/stored.h"

namespace smooth {

struct PickleGlobal;  // model/files/pickle_calls.h

// One Python object; others are named by their index in Pickle::values. Texts point into the pickle.
struct PickleValue {
  enum class Kind : uint8_t { none, boolean, integer, text, tuple, list, dict, global, storage, tensor, other };
  Kind kind = Kind::none;
  int64_t number = 0;                    // boolean, integer; storage and tensor: which one
  std::string_view text;                 // text; other: an integer beyond 64 bits, as its bytes
  std::vector<uint32_t> items;           // tuple, list; dict: key, value, key, value ...
  const PickleGlobal* global = nullptr;
};

// Bytes that tensors view, as persistent_id names them.
struct PickledStorage {
  std::string_view key;
  const Dtype* dtype = nullptr;          // nullptr: untyped, counted in bytes
  int64_t count = 0;                     // elements of the whole storage
  int64_t offset = 0, view_count = 0;    // the part of it that is meant; old files have views of storages
};

struct PickledTensor {
  StoredTensor tensor;                   // begin: not yet known
  int64_t storage = 0, offset = 0;       // offset in elements
};

struct Pickle {
  std::vector<PickleValue> values;
  std::vector<PickledStorage> storages;
  std::vector<PickledTensor> tensors;
  uint32_t top = 0;                      // what the pickle holds
  size_t size = 0;                       // bytes that were read, up to and with STOP

  const PickleValue& operator[](uint32_t index) const { return values[index]; }
};

// `origin` is the byte of the file where `bytes` begin; messages name file, byte and what stood there.
Pickle read_pickle(std::string_view bytes, int64_t origin, const std::string& file);

std::string_view name_of(PickleValue::Kind kind);  // "dict"

}  // namespace smooth
