"""Writes tests/golden/qwen2_yarn and tests/golden/qwen2_bf16: random Qwen2 models of transformers with their logits.

    python tests/golden/qwen2_tiny.py        needs torch and transformers
"""
import json
import pathlib

import torch
from safetensors.torch import save_file
from transformers import Qwen2Config, Qwen2ForCausalLM

here = pathlib.Path(__file__).parent


def write(name, dtype=torch.float32, **options):
    torch.manual_seed(0)
    config = Qwen2Config(vocab_size=40, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
                         intermediate_size=48, initializer_range=0.3, tie_word_embeddings=True, attn_implementation="eager", **options)
    model = Qwen2ForCausalLM(config).to(dtype).eval()
    for parameter in model.parameters():  # biases and norms too
        parameter.data += 0.1 * torch.randn_like(parameter)
    model.save_pretrained(here / name)
    model = Qwen2ForCausalLM.from_pretrained(here / name, dtype=dtype, attn_implementation="eager").eval()  # RoPE stays in fp32
    ids = torch.randint(0, 40, (1, 150))
    with torch.no_grad():
        tensors = {"input_ids": ids[0], "logits": model(ids).logits[0].contiguous()}
        if dtype != torch.float32:
            wide = Qwen2ForCausalLM.from_pretrained(here / name, dtype=torch.float32, attn_implementation="eager").eval()
            tensors["logits_f32"] = wide(ids).logits[0].contiguous()
    save_file(tensors, here / name / "io.safetensors")
    (here / name / "generation_config.json").unlink(missing_ok=True)


rope = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 64, "rope_theta": 10000.0}
write("qwen2_yarn", max_position_embeddings=256, rope_parameters=rope)
# The same file as transformers 4 writes it.
file = here / "qwen2_yarn" / "config.json"
config = json.loads(file.read_text())
rope = config.pop("rope_parameters")
config["rope_theta"] = rope.pop("rope_theta")
config["rope_scaling"] = {**rope, "type": rope.pop("rope_type")}
(here / "qwen2_yarn" / "config_v4.json").write_text(json.dumps(config, indent=2) + "\n")
write("qwen2_bf16", torch.bfloat16, use_sliding_window=True, sliding_window=24, max_window_layers=1)
