"""Writes tests/golden/mpnet_tiny: a random MPNet of transformers with what it computes.

    python tests/golden/mpnet_tiny.py        needs torch and transformers
"""
import pathlib

import torch
from safetensors.torch import save_file
from transformers import MPNetConfig, MPNetModel

folder = pathlib.Path(__file__).parent / "mpnet_tiny"
torch.manual_seed(0)
config = MPNetConfig(vocab_size=40, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=24,
                     max_position_embeddings=180, initializer_range=0.4)
model = MPNetModel(config, add_pooling_layer=True).eval()
model.save_pretrained(folder)

lengths = [170, 1, 9]
ids = torch.full((3, max(lengths)), config.pad_token_id)
mask = torch.zeros_like(ids)
for row, length in enumerate(lengths):
    ids[row, :length] = torch.randint(5, 40, (length,))
    mask[row, :length] = 1
with torch.no_grad():
    hidden = model(input_ids=ids, attention_mask=mask).last_hidden_state
mean = (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
save_file({"input_ids": ids, "attention_mask": mask, "last_hidden_state": hidden.contiguous(), "mean": mean,
           "mean_normalized": torch.nn.functional.normalize(mean)}, folder / "io.safetensors")
