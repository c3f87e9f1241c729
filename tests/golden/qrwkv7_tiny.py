"""Writes tests/golden/qrwkv7_tiny: random QRWKV7 models with logits, loss and gradients of RADLADS' own code in float64.

    python tests/golden/qrwkv7_tiny.py RADLADS        needs torch and transformers 4.48

RADLADS is a checkout of that project (SmerkyG's, at commit 1b90e7b or a copy of it): rwkv7qwen2/modeling_rwkv7qwen2.py is run as
it is, with fla's kernels replaced by the recurrence they compute. Its softmax layers get no mask: they are causal under sdpa alone.
"""
import argparse
import sys
import types

import torch

from rwkv_hybrid import randomise, recurrence, write

parser = argparse.ArgumentParser()
parser.add_argument("checkout")
sys.path.insert(0, parser.parse_args().checkout)
for name in ("fla", "fla.ops", "fla.ops.rwkv7", "fla.ops.rwkv7.chunk", "fla.ops.rwkv7.fused_recurrent"):
    sys.modules[name] = types.ModuleType(name)
sys.modules["fla.ops.rwkv7.chunk"].chunk_rwkv7 = recurrence
sys.modules["fla.ops.rwkv7.fused_recurrent"].fused_recurrent_rwkv7 = recurrence

from rwkv7qwen2.configuration_rwkv7qwen2 import RWKV7Qwen2Config  # noqa: E402
from rwkv7qwen2.modeling_rwkv7qwen2 import RWKV7Qwen2ForCausalLM  # noqa: E402


def make(name, seed, **options):
    torch.manual_seed(0)
    config = dict(vocab_size=24, hidden_size=32, intermediate_size=16, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=1,
                  rms_norm_eps=1e-6, max_position_embeddings=256, rope_theta=10000.0, lora_rank_decay=4, lora_rank_iclr=3,
                  lora_rank_value_residual_mix=2, lora_rank_gate=5, hidden_act="silu")
    config.update(options)
    model = RWKV7Qwen2ForCausalLM(RWKV7Qwen2Config(**config, attn_implementation="sdpa")).eval()
    randomise(model, seed)
    ids = torch.randint(0, 24, (1, 37), generator=torch.Generator().manual_seed(8))
    config["tie_word_embeddings"] = config.get("tie_word_embeddings", False)
    write("qrwkv7_tiny/" + name, {"architectures": ["RWKV7Qwen2ForCausalLM"], "model_type": "rwkv7qwen2", **config}, model, ids)


# configs/qwerky7.yaml's options, four heads over two of keys and values
make("qwerky7", 1, num_hidden_layers=1, hidden_size=64, num_attention_heads=4, num_key_value_heads=2, use_rope=True, balance_state=False, groupnorm_att=True,
     gate_rank_type=2, tie_word_embeddings=True)
# the configuration class's defaults, but for the gate, and no biases
make("balanced", 2, gate_rank_type=1, attention_bias=False)
# a last layer of softmax attention
make("hybrid", 3, use_rope=True, num_attention_layers=1, intermediate_size=24)
