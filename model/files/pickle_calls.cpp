#include "model/files/pickle_calls.h"

#include <stdexcept>

namespace smooth {
namespace {

using Kind = PickleValue::Kind;
using Global = PickleGlobal::Kind;

constexpr PickleGlobal kGlobals[] = {
    {"collections", "OrderedDict", Global::ordered_dict},
    {"torch._utils", "_rebuild_tensor", Global::tensor_v1},
    {"torch._utils", "_rebuild_tensor_v2", Global::tensor_v2},
    {"torch._utils", "_rebuild_tensor_v3", Global::tensor_v3},
    {"torch._utils", "_rebuild_parameter", Global::parameter},
    {"torch._utils", "_rebuild_parameter_with_state", Global::parameter},
    {"torch._tensor", "_rebuild_from_type_v2", Global::from_type},
    {"torch", "Size", Global::size},
    {"torch", "device", Global::opaque},
    {"_codecs", "encode", Global::opaque},  // how protocol 2 writes bytes
    {"torch", "Tensor", Global::type},
    {"torch.nn.parameter", "Parameter", Global::type},
    {"torch.storage", "UntypedStorage", Global::storage},
    {"torch", "UntypedStorage", Global::storage},
};

[[noreturn]] void refuse(const std::string& why) { throw std::runtime_error(why); }

// The arguments of one call, each asked for as what it must be.
class Arguments {
 public:
  Arguments(const Pickle& pickle, const PickleValue& tuple, std::string_view call) : pickle_(pickle), items_(tuple.items), call_(call) {
    if (tuple.kind != Kind::tuple) refuse(std::string(call) + " is given a " + std::string(name_of(tuple.kind)) + ", expected a tuple");
  }
  void expect(size_t least, size_t most) const {
    if (items_.size() < least || items_.size() > most) {
      refuse(std::string(call_) + " is given " + std::to_string(items_.size()) + " arguments, expected " + std::to_string(least) +
             (least < most ? " to " + std::to_string(most) : ""));
    }
  }
  size_t size() const { return items_.size(); }
  const PickleValue& at(size_t i, Kind kind) const {
    const PickleValue& value = pickle_[items_[i]];
    if (value.kind != kind) {
      refuse(std::string(call_) + ": argument " + std::to_string(i + 1) + " is a " + std::string(name_of(value.kind)) + ", expected a " +
             std::string(name_of(kind)));
    }
    return value;
  }
  bool is(size_t i, Kind kind) const { return pickle_[items_[i]].kind == kind; }
  int64_t natural(size_t i) const { return natural(at(i, Kind::integer)); }
  std::vector<int64_t> naturals(size_t i) const {
    std::vector<int64_t> numbers;
    for (const uint32_t item : at(i, Kind::tuple).items) {
      if (pickle_[item].kind != Kind::integer) refuse(std::string(call_) + ": a size is a " + std::string(name_of(pickle_[item].kind)));
      numbers.push_back(natural(pickle_[item]));
    }
    return numbers;
  }

 private:
  int64_t natural(const PickleValue& value) const {
    if (value.number < 0) refuse(std::string(call_) + ": " + std::to_string(value.number) + " is negative");
    return value.number;
  }
  const Pickle& pickle_;
  const std::vector<uint32_t>& items_;
  std::string_view call_;
};

const PickleGlobal* storage_or_dtype(std::string_view name) {
  static const std::vector<PickleGlobal> globals = [] {
    std::vector<PickleGlobal> all;
    for (const Dtype& dtype : dtypes()) {
      if (!dtype.storage.empty()) all.push_back({"torch", dtype.storage, Global::storage, &dtype});
      all.push_back({"torch", dtype.torch, Global::dtype, &dtype});
    }
    return all;
  }();
  for (const PickleGlobal& global : globals) {
    if (global.name == name) return &global;
  }
  return nullptr;
}

// _rebuild_tensor(storage, storage_offset, size, stride), _v2(..., requires_grad, hooks[, metadata]),
// _v3(..., requires_grad, hooks, dtype[, metadata])
PickleValue rebuild_tensor(Pickle& pickle, const PickleGlobal& function, const PickleValue& tuple) {
  const bool v1 = function.kind == Global::tensor_v1, v3 = function.kind == Global::tensor_v3;
  const Arguments arguments(pickle, tuple, function.name);
  arguments.expect(v1 ? 4 : v3 ? 7 : 6, v1 ? 4 : v3 ? 8 : 7);
  const int64_t index = arguments.at(0, Kind::storage).number;
  const PickledStorage& storage = pickle.storages[index];
  const Dtype* dtype = storage.dtype;
  if (v3) {
    const PickleGlobal& named = *arguments.at(6, Kind::global).global;
    if (named.kind != Global::dtype) refuse(std::string(function.name) + ": torch." + std::string(named.name) + " is no dtype");
    dtype = named.dtype;
  }
  if (dtype == nullptr) refuse(std::string(function.name) + " is given an untyped storage");
  const size_t metadata = v3 ? 7 : 6;  // says that a complex tensor is to be read conjugated or negated
  if (arguments.size() > metadata && !arguments.is(metadata, Kind::none) && !arguments.at(metadata, Kind::dict).items.empty()) {
    refuse(std::string(function.name) + " is given metadata, which is not read; save a plain copy of the tensor");
  }
  PickledTensor tensor;  // not by nested braces: g++ 12 frees members twice when a later one throws
  tensor.storage = index;
  tensor.offset = arguments.natural(1);
  tensor.tensor.dtype = dtype->type;
  tensor.tensor.shape = arguments.naturals(2);
  tensor.tensor.strides = arguments.naturals(3);
  const int64_t span = span_of(tensor.tensor.shape, tensor.tensor.strides, dtype->width);
  const int64_t width = storage.dtype == nullptr ? 1 : storage.dtype->width, elements = storage.view_count * width / dtype->width;
  if (span < 0) refuse("a tensor of shape " + text_of(tensor.tensor.shape) + " and strides " + text_of(tensor.tensor.strides) + " cannot be");
  if (span > 0 && (tensor.offset > elements || span > elements - tensor.offset)) {
    refuse("a tensor of shape " + text_of(tensor.tensor.shape) + ", strides " + text_of(tensor.tensor.strides) + " at element " +
           std::to_string(tensor.offset) + " goes beyond its storage " + shown(storage.key) + " of " + std::to_string(elements) + " elements");
  }
  if (span == 0) tensor.offset = 0;
  pickle.tensors.push_back(std::move(tensor));
  return {.kind = Kind::tensor, .number = static_cast<int64_t>(pickle.tensors.size()) - 1};
}

// OrderedDict(), or as Python 2 wrote it OrderedDict([[key, value], ...])
PickleValue ordered_dict(const Pickle& pickle, const PickleValue& tuple) {
  const Arguments arguments(pickle, tuple, "OrderedDict");
  arguments.expect(0, 1);
  PickleValue dict{.kind = Kind::dict};
  if (arguments.size() == 0) return dict;
  for (const uint32_t item : arguments.at(0, Kind::list).items) {
    const PickleValue& pair = pickle[item];
    if ((pair.kind != Kind::list && pair.kind != Kind::tuple) || pair.items.size() != 2) refuse("OrderedDict is given an entry that is no pair");
    dict.items.insert(dict.items.end(), pair.items.begin(), pair.items.end());
  }
  return dict;
}

// _rebuild_from_type_v2(function, type, arguments, state): what a tensor with attributes of its own becomes.
PickleValue rebuild_from_type(Pickle& pickle, const PickleGlobal& function, const PickleValue& tuple) {
  const Arguments arguments(pickle, tuple, function.name);
  arguments.expect(4, 4);
  const PickleGlobal& inner = *arguments.at(0, Kind::global).global;
  if (inner.kind == Global::from_type) refuse("_rebuild_from_type_v2 calls itself");
  if (arguments.at(1, Kind::global).global->kind != Global::type) refuse("_rebuild_from_type_v2 is given a type that is no tensor's");
  return call_pickled(pickle, inner, arguments.at(2, Kind::tuple));
}

}  // namespace

const PickleGlobal* find_pickle_global(std::string_view module, std::string_view name) {
  for (const PickleGlobal& global : kGlobals) {
    if (global.module == module && global.name == name) return &global;
  }
  return module == "torch" ? storage_or_dtype(name) : nullptr;
}

PickleValue call_pickled(Pickle& pickle, const PickleGlobal& function, const PickleValue& arguments) {
  switch (function.kind) {
    case Global::ordered_dict:
      return ordered_dict(pickle, arguments);
    case Global::tensor_v1:
    case Global::tensor_v2:
    case Global::tensor_v3:
      return rebuild_tensor(pickle, function, arguments);
    case Global::parameter: {  // (data, requires_grad, hooks[, state])
      const Arguments checked(pickle, arguments, function.name);
      checked.expect(3, 4);
      return checked.at(0, Kind::tensor);
    }
    case Global::from_type:
      return rebuild_from_type(pickle, function, arguments);
    case Global::size: {
      const Arguments checked(pickle, arguments, function.name);
      checked.expect(1, 1);
      return checked.at(0, Kind::tuple);
    }
    case Global::opaque:
      return {.kind = Kind::other};
    case Global::type:
    case Global::storage:
    case Global::dtype:
      break;
  }
  refuse("it calls " + std::string(function.module) + "." + std::string(function.name) + ", which a state dict only names");
}

// ("storage", type, key, location, count[, view]); view: None or (key, offset, count)
PickleValue storage_of_id(Pickle& pickle, const PickleValue& id) {
  const Arguments arguments(pickle, id, "a persistent id");
  arguments.expect(5, 6);
  if (arguments.at(0, Kind::text).text != "storage") {
    refuse("a persistent id names a '" + shown(arguments.at(0, Kind::text).text) + "', expected 'storage'; a whole module cannot be read, only a state dict");
  }
  const PickleGlobal& type = *arguments.at(1, Kind::global).global;
  if (type.kind != Global::storage) refuse("a persistent id's type is " + std::string(type.name) + ", expected a storage");
  PickledStorage storage{.key = arguments.at(2, Kind::text).text, .dtype = type.dtype, .count = arguments.natural(4)};
  storage.view_count = storage.count;
  if (storage.count > INT64_MAX / 16) refuse("a storage of " + std::to_string(storage.count) + " elements cannot be");
  if (arguments.size() == 6 && !arguments.is(5, Kind::none)) {
    const Arguments view(pickle, arguments.at(5, Kind::tuple), "a storage's view");
    view.expect(3, 3);
    storage.offset = view.natural(1);
    storage.view_count = view.natural(2);
    if (storage.offset > storage.count || storage.view_count > storage.count - storage.offset) {
      refuse("a view goes beyond its storage " + shown(storage.key));
    }
  }
  pickle.storages.push_back(storage);
  return {.kind = Kind::storage, .number = static_cast<int64_t>(pickle.storages.size()) - 1};
}

}  // namespace smooth
