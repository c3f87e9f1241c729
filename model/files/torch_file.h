// Reads what torch.save wrote of a state dict: the zip archive of torch 1.6 and later (PREFIX/data.pkl, PREFIX/data/KEY) and the
// stream of pickles before it. Runs nothing: see model/files/pickle.h. Source: torch/serialization.py, _save and _legacy_save.
#pragma once

#include "model/files/stored.h"

namespace smooth {

struct TorchFile {
  StoredTensors tensors;
  std::string part;  // the key under which the state dict was found, "" if the file holds nothing else
};

// `bytes` is the whole file, `file` its name for messages. Takes a state dict, or a dict with exactly one under "state_dict",
// "model_state_dict", "model" or "module". Refuses big-endian files, TorchScript, and tensors that leave their storage.
TorchFile read_torch_file(std::string_view bytes, const std::string& file);

}  // namespace smooth
