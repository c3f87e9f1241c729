"""Writes the fuzzers' first inputs: python3 tests/fuzz/corpus.py FOLDER. Small well-formed files of every kind."""

import json
import pathlib
import struct
import sys

root = pathlib.Path(__file__).resolve().parents[2]
out = pathlib.Path(sys.argv[1])


def write(target, name, content):
    folder = out / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)


def safetensors(header, size):
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + bytes(size)


two = {
    "__metadata__": {"format": "pt"},
    "a": {"dtype": "F32", "shape": [2, 1], "data_offsets": [0, 8]},
    "b": {"dtype": "BF16", "shape": [], "data_offsets": [8, 10]},
}
write("safetensors", "two", safetensors(two, 10))
write("safetensors", "none", safetensors({}, 0))
for file in sorted((root / "tests/golden/pickle").iterdir()):
    if file.suffix == ".safetensors":
        write("safetensors", file.name, file.read_bytes())
    elif file.suffix == ".pth":
        write("pickle", file.name, file.read_bytes())

write("index", "two", json.dumps({"metadata": {"total_size": 10}, "weight_map": {"a": "x-1.safetensors", "b": "x-2.safetensors"}}).encode())

config = {
    "model_type": "qwen2", "vocab_size": 50, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "head_dim": 8, "intermediate_size": 48, "hidden_act": "silu", "rms_norm_eps": 1e-6,
    "tie_word_embeddings": True, "use_sliding_window": True, "sliding_window": 7, "max_window_layers": 0,
}  # fmt: skip
write("config", "old", json.dumps({**config, "rope_theta": 1e6, "rope_scaling": {"type": "default"}}).encode())
types = ["full_attention", "sliding_attention"]
write("config", "new", json.dumps({**config, "rope_parameters": {"rope_type": "default", "rope_theta": 1e4}, "layer_types": types}).encode())
