"""Processor time that a training step of a windowed model takes for a token, at several lengths of the text: it should not grow.

Run: python tests/bench/cost_per_token.py [--program build/release/smooth-train] [--window 512] [--lengths 4096 8192 32768]
Two runs of `--bench` a length, of which one takes more steps; the kernel's count of processor seconds of the one less the other's, so that
start-up falls out, and what else the machine does hardly counts.
"""
import argparse
import os
import subprocess
import tempfile

SHAPE = "{hidden_size: 1024, num_hidden_layers: 1, num_attention_heads: 16, num_key_value_heads: 2, intermediate_size: 2816}"
FEWER, TOKENS = 1, 65536  # steps of the shorter run; tokens that the longer one takes more, at least


def seconds(program, file, length, repeats):
    """User and system time of a run."""
    command = [program, "--bench", file, "--set", f"prompt={length}", "--set", f"repeats={repeats}"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(command)}: status {status}")
    return usage.ru_utime, usage.ru_stime


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", default="build/release/smooth-train")
    parser.add_argument("--window", type=int, default=512)
    parser.add_argument("--lengths", type=int, nargs="+", default=[4096, 8192, 32768])
    args = parser.parse_args()
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(f"model: {SHAPE}\nvocab_size: 8000\nsliding_window: {args.window}\ntarget_share: 0.2\nthreads: 2\n")
        file.flush()
        for length in args.lengths:
            more = -(-TOKENS // length)
            few, many = (seconds(args.program, file.name, length, repeats) for repeats in (FEWER, FEWER + more))
            user, system = ((b - a) / (more * length) * 1e6 for a, b in zip(few, many))
            print(f"{length} tokens: user {user:.0f}, system {system:.0f}, sum {user + system:.0f} us a token", flush=True)


if __name__ == "__main__":
    main()
