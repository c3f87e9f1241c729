"""Bytes that ranks send one another in a step, counted by the kernel, beside the formulas of README.md ("Several processes").

Run: python tests/bench/communication.py [--programs build/release] [--ranks 2 4] [--steps 4] [--only NAME]
Ranks of smooth-train run in a network of their own (unshare --user --net), where nothing else is sent: what /proc/net/dev says of `lo` after
runs of n and of 2n steps, the difference divided by n. Headers of TCP and IP are in it, and what ranks show one another to say they live.
`counted` is what metrics.jsonl says the first rank has sent, times the ranks; `halo alone` is a split run less the same run not split.
"""
import argparse
import json
import os
import pathlib
import struct
import subprocess
import sys
import tempfile

from ranks import start_ranks

LAYERS, HIDDEN, HEADS, HEAD_DIM, WINDOW = 4, 512, 8, 64, 65
DATA = """
out: set
tokenizer: {vocab_size: 800, model_type: bpe, training_documents: 60}
rows:
  - {row: niah-b, samples: 200, min_tokens: 300, max_tokens: 400, min_chunk: 48, max_chunk: 96, niah: {keys: 2, digits: 3, adjectives: 8, nouns: 8}}
"""
MODELS = {
    "SWA": f"{{hidden_size: {HIDDEN}, num_hidden_layers: {LAYERS}, num_attention_heads: {HEADS}, num_key_value_heads: {HEADS}, intermediate_size: 1408}}\n"
           f"sliding_window: {WINDOW}",
    "RWKV-7": f"{{architecture: rwkv7, hidden_size: {HIDDEN}, num_hidden_layers: {LAYERS}, head_dim: {HEAD_DIM}, intermediate_size: 1408}}",
}
# Numbers that cross a border between two ranks, in one layer and direction.
HALO = {"SWA": 2 * (WINDOW - 1) * HEADS * HEAD_DIM, "RWKV-7": HEADS * HEAD_DIM**2 + 2 * HIDDEN}


def sent_over_lo():
    for line in open("/proc/net/dev"):
        name, _, numbers = line.partition(":")
        if name.strip() == "lo":
            return int(numbers.split()[8])
    raise SystemExit("no lo in /proc/net/dev")


def train(programs, yaml, ranks):
    """Bytes over lo while `ranks` processes train."""
    before = sent_over_lo()
    processes = start_ranks([programs / "smooth-train", yaml], ranks, stderr=subprocess.PIPE, text=True)
    said = [process.communicate()[1] for process in processes]
    if any(process.returncode for process in processes):
        raise SystemExit("\n".join(said))
    return sent_over_lo() - before


def parameters(run):
    """Bytes of all weights, which are fp32 as gradients are."""
    file = next(iter(sorted(run.glob("checkpoints/step-*/model.safetensors"))))
    with open(file, "rb") as opened:
        header = json.loads(opened.read(struct.unpack("<Q", opened.read(8))[0]))
    return sum(entry["data_offsets"][1] - entry["data_offsets"][0] for name, entry in header.items() if name != "__metadata__")


def measure(args, work, model, ranks, zero, context, packs):
    totals, runs = [], []
    for steps in (args.steps, 2 * args.steps):
        run = work / f"run-{len(list(work.iterdir()))}"
        yaml = run.with_suffix(".yaml")
        yaml.write_text(f"run: {run}\nthreads: 1\nmodel: {MODELS[model]}\ndata: {{files: [{work}/set/niah-b.os.jsonl], tokenizer: {work}/set/tokenizer, context: 512}}\n"
                        f"batch: {packs}\nbatch_of: packs\nrecompute: 0\nsteps: {steps}\nranks: {{zero: {zero}, context: {context}}}\n")
        totals.append(train(args.programs, yaml, ranks))
        runs.append(run)
    G = parameters(runs[1])
    groups, N = ranks // context, ranks
    gradients = {0: 2 * (N - 1) * G, 1: 2 * (N - 1) * G, 2: (N - 1) * (G * (packs // groups) + G)}[zero]
    halo = packs * (context - 1) * LAYERS * 2 * 4 * HALO[model] if context > 1 else 0
    counted = json.loads((runs[1] / "metrics.jsonl").read_text().splitlines()[-1])["sent"] * ranks
    return {"G": G, "formula": gradients + halo, "halo": halo, "counted": counted, "measured": (totals[1] - totals[0]) / args.steps}


def show(name, formula, counted, measured):
    mb = lambda value: "" if value is None else f"{value / 1e6:.2f}"
    print(f"| {name} | {mb(formula)} | {mb(counted)} | {mb(measured)} | {measured / formula:.4f} |", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--programs", type=pathlib.Path, default=pathlib.Path("build/release"))
    parser.add_argument("--ranks", type=int, nargs="+", default=[2, 4])
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--only", default="", help="rows whose name holds this")
    args = parser.parse_args()
    args.programs = args.programs.resolve()
    if "SMOOTH_OWN_NETWORK" not in os.environ:
        os.environ["SMOOTH_OWN_NETWORK"] = "1"
        os.execvp("unshare", ["unshare", "--user", "--map-root-user", "--net", sys.executable, *sys.argv])
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        (work / "data.yaml").write_text(DATA)
        subprocess.run([args.programs / "smooth-data", "build", "data.yaml"], cwd=work, check=True, capture_output=True)
        print("| MB sent by all ranks in a step | formula | counted | measured | measured / formula |\n|---|---|---|---|---|")
        for N in args.ranks:
            cases = [("SWA", f"{N} ranks, ZeRO {zero}", zero, 1, 2 * N) for zero in (0, 1, 2)]
            cases += [(model, f"{N} ranks, {model} split by {context}", 0, context, 4 * N) for model in MODELS for context in sorted({2, N})]
            whole = {}  # model -> what is measured without a halo
            for model, name, zero, context, packs in cases:
                if args.only not in name:
                    continue
                one = measure(args, work, model, N, zero, context, packs)
                show(name, one["formula"], one["counted"], one["measured"])
                if context > 1:
                    if model not in whole:
                        whole[model] = measure(args, work, model, N, 0, 1, packs)["measured"]
                    show(f"{name}, halo alone", one["halo"], None, one["measured"] - whole[model])
        print(f"\nweights: {one['G'] / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
