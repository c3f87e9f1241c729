// The calls that a pickled state dict asks for, as data: what torch/_utils.py would build from the arguments.
#pragma once

#include "model/files/pickle.h"

namespace smooth {

// A thing of Python's that a state dict may name.
struct PickleGlobal {
  enum class Kind : uint8_t { ordered_dict, tensor_v1, tensor_v2, tensor_v3, parameter, from_type, size, opaque, type, storage, dtype };
  std::string_view module, name;
  Kind kind;
  const Dtype* dtype = nullptr;  // of a storage (nullptr: untyped) or dtype
};

// nullptr when it is not allowed.
const PickleGlobal* find_pickle_global(std::string_view module, std::string_view name);

// Each throws std::runtime_error with the reason alone; the machine adds the place.
PickleValue call_pickled(Pickle& pickle, const PickleGlobal& function, const PickleValue& arguments);
PickleValue storage_of_id(Pickle& pickle, const PickleValue& id);

}  // namespace smooth
