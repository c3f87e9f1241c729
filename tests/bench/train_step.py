"""A training step of transformers with torch's AdamW, to put beside `./smooth bench train`: the same shape, tokens and loss mask.

Run: python tests/bench/train_step.py [--window W] [--context T] [--targets SHARE] [--dtype float32|bfloat16] [--threads N]
Runs both in turn, PAIRS times, each time anew, and prints a JSON object of the medians and of the ratio of each pair. Needs torch and
transformers, and a built smooth-train.
"""
import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time

SHAPE = dict(hidden_size=512, num_hidden_layers=8, num_attention_heads=8, num_key_value_heads=2, intermediate_size=1408)
VOCAB = 32000


def peer(args):
    os.environ["OMP_NUM_THREADS"] = str(args.threads)
    import torch
    from transformers import Qwen2Config, Qwen2ForCausalLM
    torch.set_num_threads(args.threads)
    torch.manual_seed(1)
    window = dict(use_sliding_window=True, sliding_window=args.window, max_window_layers=0) if args.window else {}
    config = Qwen2Config(vocab_size=VOCAB, tie_word_embeddings=True, max_position_embeddings=65536, attn_implementation="sdpa", **SHAPE, **window)
    model = Qwen2ForCausalLM(config)
    model.train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-5, weight_decay=0.01, fused=True)
    ids = torch.randint(VOCAB, (1, args.context))
    labels = ids.clone()
    labels[0, torch.arange(args.context) % 1024 < int((1 - args.targets) * 1024)] = -100

    def step():
        with torch.autocast("cpu", torch.bfloat16, enabled=args.dtype == "bfloat16"):
            loss = model(input_ids=ids, labels=labels, use_cache=False).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    step()
    best = float("inf")
    for _ in range(args.repeats):
        begin = time.perf_counter()
        step()
        best = min(best, time.perf_counter() - begin)
    print(json.dumps({"tokens_per_second": args.context / best, "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))


def ours(args):
    window = f"sliding_window: {args.window}\n" if args.window else ""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        model = ", ".join(f"{key}: {value}" for key, value in SHAPE.items())
        file.write(f"model: {{{model}}}\nvocab_size: {VOCAB}\n{window}prompt: {args.context}\ntarget_share: {args.targets}\n"
                   f"dtype: {args.dtype}\nthreads: {args.threads}\nrepeats: {args.repeats}\n")
        file.flush()
        return json.loads(subprocess.run([args.program, "--bench", file.name], check=True, capture_output=True, text=True).stdout)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--window", type=int, default=0)
    parser.add_argument("--context", type=int, default=4096)
    parser.add_argument("--targets", type=float, default=1.0)
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--program", default="build/release/smooth-train")
    parser.add_argument("--peer", action="store_true", help="only transformers, once")
    args = parser.parse_args()
    if args.peer:
        return peer(args)
    pairs = []
    for _ in range(args.pairs):
        theirs = json.loads(subprocess.run([sys.executable, *sys.argv, "--peer"], check=True, capture_output=True, text=True).stdout)
        pairs.append((ours(args), theirs))
    rates = [[one["tokens_per_second"] for one in pair] for pair in pairs]
    print(json.dumps({"context": args.context, "window": args.window, "targets": args.targets, "dtype": args.dtype, "threads": args.threads,
                      "smooth": statistics.median(r[0] for r in rates), "transformers": statistics.median(r[1] for r in rates),
                      "ratios": [round(r[0] / r[1], 3) for r in rates],
                      "share_of_limit": round(pairs[-1][0]["matmul_share_of_limit"], 3),
                      "peak_mib": [round(one["peak_bytes"] / 2**20) for one in pairs[-1]]}))


if __name__ == "__main__":
    main()
