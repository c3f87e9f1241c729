"""Peak resident memory of a rank beside what `--plan` says of it, for ZeRO 0, 1 and 2.

Run: python tests/bench/rank_memory.py [--programs build/release] [--ranks 2 4] [--hidden 1024]
A run of three steps, two packs a rank, nothing computed again; a rank's peak is what the kernel says when it has ended, less the same of a
model too small to matter (the program, LibTorch, the data). The plan is without its reserve, which stands for that.
"""
import argparse
import os
import pathlib
import re
import subprocess
import sys
import tempfile

from ranks import start_ranks

DATA = """
out: set
tokenizer: {vocab_size: 800, model_type: bpe, training_documents: 60}
rows:
  - {row: niah-b, samples: 200, min_tokens: 300, max_tokens: 400, min_chunk: 48, max_chunk: 96, niah: {keys: 2, digits: 3, adjectives: 8, nouns: 8}}
"""
UNITS = {"MiB": 1, "GiB": 1024, "KiB": 1 / 1024}


def yaml(run, hidden, ranks, zero):
    return (f"run: {run}\nthreads: 1\nmodel: {{hidden_size: {hidden}, num_hidden_layers: 6, num_attention_heads: {max(1, hidden // 64)}, "
            f"num_key_value_heads: {max(1, hidden // 64)}, intermediate_size: {hidden * 11 // 4}}}\nsliding_window: 128\n"
            f"data: {{files: [set/niah-b.os.jsonl], tokenizer: set/tokenizer, context: 512}}\nbatch: {2 * ranks}\nbatch_of: packs\nsteps: 3\n"
            f"recompute: 0\nranks: {{zero: {zero}}}\ncheckpoint: {{background: false}}\n")


def peaks(program, file, ranks):
    """MiB of each rank."""
    processes = start_ranks([program, file], ranks, stderr=subprocess.DEVNULL)
    found = []
    for process in processes:
        _, status, usage = os.wait4(process.pid, 0)
        if status:
            sys.exit(f"{file}: a rank ended with status {status}")
        found.append(usage.ru_maxrss / 1024)
    return found


def planned(program, file, ranks):
    text = subprocess.run([program, file, "--plan", "--ranks", str(ranks)], check=True, capture_output=True, text=True).stdout
    text = text[text.index("memory of a rank"):]
    part = lambda name: (lambda m: float(m[1]) * UNITS[m[2]])(re.search(rf"^  {name} +([\d.]+) (\w+)", text, re.M))
    return part("all") - part("reserve")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--programs", type=pathlib.Path, default="build/release")
    parser.add_argument("--ranks", type=int, nargs="+", default=[2, 4])
    parser.add_argument("--hidden", type=int, default=1024)
    args = parser.parse_args()
    programs = args.programs.resolve()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        pathlib.Path("data.yaml").write_text(DATA)
        subprocess.run([programs / "smooth-data", "build", "data.yaml"], check=True, stderr=subprocess.DEVNULL)
        for ranks in args.ranks:
            for zero in 0, 1, 2:
                small, large = pathlib.Path("small.yaml"), pathlib.Path("large.yaml")
                small.write_text(yaml(f"small-{ranks}-{zero}", 32, ranks, zero))
                large.write_text(yaml(f"large-{ranks}-{zero}", args.hidden, ranks, zero))
                without, peak = peaks(programs / "smooth-train", small, ranks), peaks(programs / "smooth-train", large, ranks)
                own = [a - b for a, b in zip(peak, without)]
                plan = planned(programs / "smooth-train", large, ranks)
                print(f"{ranks} ranks, ZeRO {zero}: plan {plan:.0f} MiB, peak of the ranks {min(own):.0f} to {max(own):.0f} MiB, "
                      f"{min(own) / plan:.2f} to {max(own) / plan:.2f} of it", flush=True)


if __name__ == "__main__":
    main()
