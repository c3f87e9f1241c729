"""What arwkv_tiny.py and qrwkv7_tiny.py share: the WKV recurrence token by token, float64 throughout, and the folders."""
import contextlib
import json
import pathlib

import torch
from safetensors.torch import save_file

here = pathlib.Path(__file__).parent


def recurrence(r, log_w, k, v, a, b, initial_state=None, **_):
    """S <- S diag(w) + (S a) b^T + v k^T, y = S r, for inputs [B, T, H, N]: what the published CUDA and Triton kernels compute."""
    B, T, H, N = r.shape
    state = r.new_zeros(B, H, N, N) if initial_state is None else initial_state.to(r.dtype)
    y = []
    for t in range(T):
        sa = (state @ a[:, t, :, :, None])
        state = state * log_w[:, t, :, None, :].exp() + sa @ b[:, t, :, None, :] + v[:, t, :, :, None] @ k[:, t, :, None, :]
        y.append((state @ r[:, t, :, :, None]).squeeze(-1))
    return torch.stack(y, 1), state


@contextlib.contextmanager
def float64():
    """Casts to narrower types lose nothing: the published code's norms, decays and kernels ask for fp32 and bf16 by name."""
    kept = torch.float32, torch.Tensor.float, torch.Tensor.bfloat16
    torch.float32, torch.Tensor.float, torch.Tensor.bfloat16 = torch.float64, torch.Tensor.double, lambda x: x
    try:
        yield
    finally:
        torch.float32, torch.Tensor.float, torch.Tensor.bfloat16 = kept


def randomise(model, seed):
    """Nothing is left at a special value, and every value is one of bf16, in which the folder keeps it."""
    torch.manual_seed(seed)
    for name, p in model.named_parameters():
        x = torch.randn(p.shape)
        last = name.split(".")[-1]
        if "norm" in name or "ln_x" in name:
            x = x * 0.2 + (1 if last == "weight" else 0)
        elif last.startswith("x_"):
            x = torch.rand(p.shape)
        elif last == "w0":
            x = x * 1.5 - 1
        elif last in ("k_k", "k_a"):
            x = x * 0.3 + 0.8
        elif last in ("a0", "v0", "bias"):
            x = x * 0.5
        elif last in ("w1", "w2", "a1", "a2", "v1", "v2", "g1", "g2", "r_k"):
            x = x * 0.4
        else:
            x = x * 0.4 if "embed" in name else x / p.shape[-1] ** 0.5
        p.data = x.to(torch.bfloat16).to(p.dtype)


def run(model, ids):
    """Logits, the mean loss of every next token, and all gradients (zeros where nothing computes with a parameter)."""
    model = model.double()
    with float64():
        logits = model(ids, use_cache=False).logits
        loss = torch.nn.functional.cross_entropy(logits[0, :-1], ids[0, 1:])
        loss.backward()
    return logits[0].detach(), loss.detach(), {name: torch.zeros_like(p) if p.grad is None else p.grad for name, p in model.named_parameters()}


def write(name, config, model, ids, gradients=True):
    folder = here / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps({**config, "torch_dtype": "bfloat16"}, indent=2) + "\n")
    weights = {k: p.detach().to(torch.bfloat16).contiguous() for k, p in model.named_parameters()}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    logits, loss, grads = run(model, ids)
    io = {"input_ids": ids[0], "logits": logits.to(torch.float32), "loss": loss}
    if gradients:
        io.update({"grad." + k: g.to(torch.float32).contiguous() for k, g in grads.items()})
    save_file(io, folder / "io.safetensors")
    print(name, "loss", loss.item(), "logits up to", logits.abs().max().item())
