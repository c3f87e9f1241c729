"""How fast this framework takes text in and writes it, beside the programs that others wrote, on one machine in one run: each is
called in turn, round after round, and its fastest round counts.

Run: python tests/bench/peers.py qwen2|rwkv7 [--dtype float32|bfloat16] [--threads 2] [--prompts 512,2048] [--tokens 64] [--rounds 3]
     [--folder DIR]
needs torch, transformers, gguf, llama-cpp-python, rwkv and safetensors from PyPI. DIR keeps the random weights between runs.

qwen2: the shape of Qwen2.5-0.5B beside transformers and llama.cpp; rwkv7: RWKV-7 World 0.1B beside the `rwkv` package and llama.cpp.
The weights are random and the same for all, and the logits after a prompt are compared before anything is timed. Prints a JSON
object a program and a Markdown table with the ratios.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAMS = {"qwen2": ["transformers", "llama.cpp"], "rwkv7": ["rwkv", "llama.cpp"]}


def ours(options, what, prompt):
    config = os.path.join(options.folder, "bench.yaml")
    with open(config, "w") as file:
        json.dump({"checkpoint": options.model, "dtype": options.dtype, "threads": options.threads, "prompt": prompt,
                   "tokens": options.tokens, "repeats": 1}, file)
    done = subprocess.run([os.path.join(HERE, "../../smooth"), "bench", what, config], stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)["tokens_per_second"]


def theirs(options, program, what, prompt):
    command = [sys.executable, os.path.join(HERE, "peer.py"), program, what, options.model, options.dtype, str(options.threads),
               str(prompt), str(options.tokens)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"{program}: {done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])["tokens_per_second"]


def table(options, rows, programs):
    print(f"\n| {options.shape}, {options.dtype}, {options.threads} threads | this | " + " | ".join(f"{p} | ratio" for p in programs) + " |")
    print("|---|" + "---|" * (1 + 2 * len(programs)))
    for name, rates in rows:
        cells = "".join(f" {rates[p]:.1f} | {rates['this'] / rates[p]:.2f} |" for p in programs)
        print(f"| {name}, tokens/s | {rates['this']:.1f} |{cells}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shape", choices=list(PROGRAMS))
    parser.add_argument("--dtype", default="float32", choices=["float32", "bfloat16"])
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--prompts", default="512,2048")
    parser.add_argument("--tokens", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", default=os.path.join(tempfile.gettempdir(), "smooth-peers"))
    options = parser.parse_args()
    options.folder = os.path.abspath(options.folder)
    options.model = os.path.join(options.folder, f"{options.shape}-{options.dtype}")
    os.makedirs(options.folder, exist_ok=True)
    subprocess.run([sys.executable, os.path.join(HERE, "peer_models.py"), options.shape, options.dtype, options.model], check=True)
    cells = [("prefill", int(prompt)) for prompt in options.prompts.split(",")] + [("decode", 32)]
    programs = PROGRAMS[options.shape]
    rows = []
    for what, prompt in cells:
        rates = {}
        for _ in range(options.rounds):
            now = {"this": ours(options, what, prompt), **{p: theirs(options, p, what, prompt) for p in programs}}
            rates = {name: max(rate, rates.get(name, 0)) for name, rate in now.items()}
        name = f"{what} {prompt}" if what == "prefill" else f"decode after {prompt}"
        print(json.dumps({"bench": what, "prompt": prompt, "dtype": options.dtype, "threads": options.threads, "tokens_per_second": rates}), flush=True)
        rows.append((name, rates))
    table(options, rows, programs)


if __name__ == "__main__":
    main()
