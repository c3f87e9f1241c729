"""Writes tests/golden/arwkv_tiny: random ARWKV models with logits, loss and gradients of RWKVInside's own time-mix in float64.

    python tests/golden/arwkv_tiny.py RWKVINSIDE        needs torch and transformers

RWKVINSIDE is a checkout of yynil/RWKVInside (at commit 2863300). The time-mix is the published code's text: RWKV_Tmix_x070 of
rwkv_inside/TimeMixer.py (training) and of test/hybrid_model_run_rwkv7.py (inference), with the kernels replaced by the
recurrence they compute and the constant ranks 64, 64, 32 and 128 made small. It stands in place of self_attn in transformers'
Qwen2, as rwkv_inside/hybrid_model.py puts it.
"""
import argparse
import math
import pathlib
import re
import types

import torch
from torch import nn
from torch.nn import functional as F
from transformers import Qwen2Config, Qwen2ForCausalLM

from rwkv_hybrid import randomise, recurrence, write

HEAD = 16
RANKS = {"D_DECAY_LORA": 4, "D_AAA_LORA": 3, "D_MV_LORA": 2, "D_GATE_LORA": 5}


class State:
    def __init__(self, shift_state, wkv_state):
        self.shift_state, self.wkv_state = shift_state, wkv_state


def heads(*inputs):
    return [x.view(*x.shape[:2], -1, HEAD) for x in inputs]


def kernel(r, w, k, v, a, b, mask=None):
    """TimeMixer.py's order of arguments; w is the logarithm of minus the decay's logarithm."""
    r, w, k, v, a, b = heads(r, w, k, v, a, b)
    return recurrence(r, -w.exp(), k, v, a, b)[0].flatten(2)


def kernel_from_state(B, T, C, H, r, k, v, w, a, b, s):
    r, w, k, v, a, b = heads(r, w, k, v, a, b)
    y, s = recurrence(r, -w.exp(), k, v, a, b, s)
    return y.flatten(2), s


def published(file):
    """RWKV_Tmix_x070 of the file."""
    text = pathlib.Path(file).read_text()
    text = re.search(r"^class RWKV_Tmix_x070\(.*?(?=^\S)", text, re.M | re.S)[0]
    for name, rank in RANKS.items():
        text = re.sub(rf"^( +{name} = )\d+$", rf"\g<1>{rank}", text, flags=re.M)
    space = dict(torch=torch, nn=nn, F=F, math=math, TimeMixState=State, RUN_CUDA_RWKV7g=kernel, RUN_CUDA_RWKV7_STATE=kernel_from_state)
    exec(text, space)
    return space["RWKV_Tmix_x070"]


class Mixer(nn.Module):
    """self_attn.time_mixer, whichever of the two codes it is."""

    def __init__(self, mixer, args, layer, shared):
        super().__init__()
        self.shared, self.training_code = shared, mixer.__init__.__code__.co_argcount == 3
        hand_over = () if self.training_code else (lambda v: shared.update(v=v), lambda: shared["v"])
        self.time_mixer = mixer(args, layer, *hand_over)

    def forward(self, hidden_states, **_):
        if self.training_code:
            y, self.shared["v"] = self.time_mixer(hidden_states, self.shared.get("v"), None)
        else:
            y, _ = self.time_mixer(hidden_states, State(torch.zeros_like(hidden_states[:, 0]), None))
        return y, None


def make(mixer, layers, tied, gate, group_norm, softmax=(), window=None):
    torch.manual_seed(0)
    qwen = dict(vocab_size=24, hidden_size=32, intermediate_size=16, num_hidden_layers=layers, num_attention_heads=4, num_key_value_heads=2,
                rms_norm_eps=1e-6, max_position_embeddings=256, tie_word_embeddings=tied, use_sliding_window=window is not None,
                sliding_window=window, max_window_layers=0 if window else layers)
    model = Qwen2ForCausalLM(Qwen2Config(**qwen, rope_parameters={"rope_type": "default", "rope_theta": 10000.0}, attn_implementation="eager"))
    args = types.SimpleNamespace(head_size_a=HEAD, dim_att=32, n_embd=32, n_layer=layers, gate_free=not gate, has_group_norm=group_norm, head_size_divisor=8)
    shared = {}
    recurrent = [l for l in range(layers) if l not in softmax]
    for l in recurrent:
        model.model.layers[l].self_attn = Mixer(mixer, args, l, shared)
    config = {"architectures": ["RwkvHybridForCausalLM"], "model_type": "rwkv_hybrid", **qwen, "rope_theta": 10000.0, "rope_scaling": None,
              "hidden_act": "silu", "head_size": HEAD, "head_size_divisor": 8, "wkv_version": 7, "wkv_has_gate": gate,
              "wkv_has_group_norm": group_norm}
    if softmax:
        config["wkv_layers"] = recurrent
    return config, model


parser = argparse.ArgumentParser()
parser.add_argument("checkout")
root = pathlib.Path(parser.parse_args().checkout)
training, inference = published(root / "rwkv_inside/TimeMixer.py"), published(root / "test/hybrid_model_run_rwkv7.py")
ids = torch.randint(0, 24, (1, 37), generator=torch.Generator().manual_seed(7))

config, model = make(training, layers=2, tied=True, gate=False, group_norm=False)
randomise(model, 1)
write("arwkv_tiny/plain", config, model, ids)

config, model = make(inference, layers=3, tied=False, gate=True, group_norm=True, softmax=(1,), window=8)
randomise(model, 2)
write("arwkv_tiny/gate", config, model, ids)

config, model = make(training, layers=2, tied=True, gate=True, group_norm=False)
randomise(model, 3)
write("arwkv_tiny/one_plus_gate", {**config, "wkv_gate_offset": 1}, model, ids, gradients=False)
