"""Random weights of a published model's shape, for the peers of tests/bench/peers.py: a Hugging Face folder, the same as a GGUF file
for llama.cpp and, for RWKV-7, as BlinkDL's .pth for the `rwkv` package. What is there already is kept.

Run: python tests/bench/peer_models.py qwen2|rwkv7 float32|bfloat16 FOLDER
"""
import json
import os
import subprocess
import sys

import gguf
import torch
from safetensors.torch import load_file, save_file

SMOOTH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../smooth")

# Qwen2.5-0.5B and RWKV-7 World 0.1B.
QWEN2 = {"architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2", "vocab_size": 151936, "hidden_size": 896, "num_hidden_layers": 24,
         "num_attention_heads": 14, "num_key_value_heads": 2, "intermediate_size": 4864, "hidden_act": "silu", "rms_norm_eps": 1e-6,
         "rope_theta": 1e6, "max_position_embeddings": 32768, "tie_word_embeddings": True, "use_sliding_window": False}
RWKV7 = {"architectures": ["RWKV7ForCausalLM"], "model_type": "rwkv7", "vocab_size": 65536, "hidden_size": 768, "num_hidden_layers": 12,
         "head_dim": 64, "intermediate_size": 3072, "norm_eps": 1e-5, "norm_bias": True, "norm_first": True, "hidden_act": "sqrelu", "decay_low_rank_dim": 64,
         "a_low_rank_dim": 64, "v_low_rank_dim": 32, "gate_low_rank_dim": 128, "tie_word_embeddings": False}


def normal(*shape):
    return torch.randn(*shape) / shape[-1] ** 0.5


def qwen2_weights(c):
    width, groups, inner = c["hidden_size"], c["hidden_size"] // c["num_attention_heads"] * c["num_key_value_heads"], c["intermediate_size"]
    weights = {"model.embed_tokens.weight": normal(c["vocab_size"], width), "model.norm.weight": torch.ones(width)}
    for layer in range(c["num_hidden_layers"]):
        prefix = f"model.layers.{layer}."
        for name, out in (("q", width), ("k", groups), ("v", groups)):
            weights[prefix + f"self_attn.{name}_proj.weight"] = normal(out, width)
            weights[prefix + f"self_attn.{name}_proj.bias"] = torch.randn(out) * 0.1
        weights[prefix + "self_attn.o_proj.weight"] = normal(width, width)
        for name, out, within in (("gate", inner, width), ("up", inner, width), ("down", width, inner)):
            weights[prefix + f"mlp.{name}_proj.weight"] = normal(out, within)
        for name in ("input_layernorm", "post_attention_layernorm"):
            weights[prefix + name + ".weight"] = torch.ones(width)
    return weights


def rwkv7_weights(c):
    width, heads, inner = c["hidden_size"], c["hidden_size"] // c["head_dim"], c["intermediate_size"]
    weights = {"model.embeddings.weight": normal(c["vocab_size"], width), "lm_head.weight": normal(c["vocab_size"], width)}

    def norm(name):
        weights[name + ".weight"], weights[name + ".bias"] = torch.ones(width), torch.zeros(width)

    norm("model.norm")
    norm("model.layers.0.pre_norm")
    for layer in range(c["num_hidden_layers"]):
        prefix = f"model.layers.{layer}."
        for name in ("attn_norm", "ffn_norm", "attn.g_norm"):
            norm(prefix + name)
        for name in "rwkvag":
            weights[prefix + f"attn.x_{name}"] = torch.rand(1, 1, width)
        for name, rank, bias in (("w", "decay", -3.0), ("a", "a", 0.0), ("v", "v", 0.0), ("g", "gate", None)):
            if name == "v" and layer == 0:
                continue
            weights[prefix + f"attn.{name}_lora.lora.0.weight"] = normal(c[rank + "_low_rank_dim"], width)
            weights[prefix + f"attn.{name}_lora.lora.2.weight"] = normal(width, c[rank + "_low_rank_dim"])
            if bias is not None:
                weights[prefix + f"attn.{name}_lora.lora.2.bias"] = torch.full((width,), bias)
        weights[prefix + "attn.k_k"], weights[prefix + "attn.k_a"] = torch.rand(width), torch.rand(width)
        weights[prefix + "attn.r_k"] = torch.randn(heads, c["head_dim"]) * 0.1
        for name in "rkvo":
            weights[prefix + f"attn.{name}_proj.weight"] = normal(width, width)
        weights[prefix + "ffn.x_k"] = torch.rand(width)
        weights[prefix + "ffn.key.weight"], weights[prefix + "ffn.value.weight"] = normal(inner, width), normal(width, inner)
    return weights


def begin_gguf(file, architecture, c):
    writer = gguf.GGUFWriter(file, architecture)
    writer.add_tokenizer_model("no_vocab")
    writer.add_vocab_size(c["vocab_size"])
    writer.add_context_length(32768)
    writer.add_embedding_length(c["hidden_size"])
    writer.add_block_count(c["num_hidden_layers"])
    writer.add_feed_forward_length(c["intermediate_size"])
    return writer


def finish_gguf(writer, tensors):
    """Matrices in the checkpoint's dtype, the rest in fp32, as llama.cpp's own converter leaves them."""
    for name, value in tensors.items():
        if value.dim() == 2 and value.dtype == torch.bfloat16:
            writer.add_tensor(name, value.view(torch.int16).numpy().view("uint8"), raw_dtype=gguf.GGMLQuantizationType.BF16)
        else:
            writer.add_tensor(name, value.float().contiguous().numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def qwen2_gguf(file, c, weights):
    writer = begin_gguf(file, "qwen2", c)
    writer.add_head_count(c["num_attention_heads"])
    writer.add_head_count_kv(c["num_key_value_heads"])
    writer.add_layer_norm_rms_eps(c["rms_norm_eps"])
    writer.add_rope_freq_base(c["rope_theta"])
    names = {"model.embed_tokens": "token_embd", "model.norm": "output_norm", "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k",
             "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output", "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm",
             "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down", "model.layers.": "blk."}
    finish_gguf(writer, {renamed(name, names): value for name, value in weights.items()})


def rwkv7_gguf(file, c, weights):
    writer = begin_gguf(file, "rwkv7", c)
    writer.add_head_count(0)
    writer.add_layer_norm_eps(c["norm_eps"])
    writer.add_wkv_head_size(c["head_dim"])
    writer.add_decay_lora_rank(c["decay_low_rank_dim"])
    writer.add_iclr_lora_rank(c["a_low_rank_dim"])
    writer.add_value_residual_mix_lora_rank(c["v_low_rank_dim"])
    writer.add_gate_lora_rank(c["gate_low_rank_dim"])
    names = {"model.embeddings": "token_embd", "model.layers.0.pre_norm": "token_embd_norm", "model.norm": "output_norm", "lm_head": "output",
             "attn_norm": "attn_norm", "ffn_norm": "attn_norm_2", "attn.g_norm": "time_mix_ln", "attn.r_proj": "time_mix_receptance",
             "attn.k_proj": "time_mix_key", "attn.v_proj": "time_mix_value", "attn.o_proj": "time_mix_output", "ffn.key": "channel_mix_key",
             "ffn.value": "channel_mix_value", "attn.k_k": "time_mix_k_k.weight", "attn.k_a": "time_mix_k_a.weight", "attn.r_k": "time_mix_r_k.weight",
             "ffn.x_k": "channel_mix_lerp_k.weight", "model.layers.": "blk."}
    for name in "wavg":
        names.update({f"attn.{name}_lora.lora.0": f"time_mix_{name}1", f"attn.{name}_lora.lora.2.weight": f"time_mix_{name}2.weight",
                      f"attn.{name}_lora.lora.2.bias": f"time_mix_{name}0.weight"})
    tensors = {renamed(name, names): value for name, value in weights.items() if ".attn.x_" not in name}
    for layer in range(c["num_hidden_layers"]):
        mixes = torch.stack([weights[f"model.layers.{layer}.attn.x_{name}"] for name in "rwkvag"])  # [6, 1, 1, C]
        tensors[f"blk.{layer}.time_mix_lerp_fused.weight"] = mixes
        for name in ("time_mix_r_k", "channel_mix_lerp_k"):
            key = f"blk.{layer}.{name}.weight"
            tensors[key] = tensors[key].float().reshape(-1) if name == "time_mix_r_k" else tensors[key].float().reshape(1, 1, -1)
    for name in ("v0", "v1", "v2"):  # never used, but asked for, with the rank of a
        tensors[f"blk.0.time_mix_{name}.weight"] = tensors[f"blk.0.time_mix_{name.replace('v', 'a')}.weight"]
    finish_gguf(writer, tensors)


def renamed(name, names):
    for ours, theirs in names.items():
        name = name.replace(ours, theirs)
    return name


def main():
    shape, dtype, folder = sys.argv[1:4]
    config, weigh, to_gguf = {"qwen2": (QWEN2, qwen2_weights, qwen2_gguf), "rwkv7": (RWKV7, rwkv7_weights, rwkv7_gguf)}[shape]
    file = os.path.join(folder, "model.safetensors")
    if not os.path.exists(file):
        os.makedirs(folder, exist_ok=True)
        torch.manual_seed(1)
        with open(os.path.join(folder, "config.json"), "w") as out:
            json.dump({**config, "torch_dtype": dtype}, out, indent=2)
        save_file({name: value.to(getattr(torch, dtype)).contiguous() for name, value in weigh(config).items()}, file + ".part", {"format": "pt"})
        os.rename(file + ".part", file)
    if not os.path.exists(folder + ".gguf"):
        to_gguf(folder + ".gguf.part", config, load_file(file))
        os.rename(folder + ".gguf.part", folder + ".gguf")
    if shape == "rwkv7" and not os.path.exists(folder + ".pth"):
        subprocess.run([SMOOTH, "convert", "--from", folder, "--to", folder + ".pth", "--layout", "blinkdl"], check=True)


if __name__ == "__main__":
    main()
