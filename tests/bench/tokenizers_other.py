"""Speed of smooth-data's SentencePiece, World and WordPiece tokenizers beside the Python packages that do the same.

Run: python tests/bench/tokenizers_other.py FIXTURES/tokenizers [--program build/release/smooth-data] [--megabytes 10]
Both sides get the same lines (English-like prose and the source code of Python's own library, half and half, 64 kB a line), one
thread each, in turns; the packages' time is that of encoding alone, ours that of the whole program less its time on one empty
line (start-up and loading). Prints MB/s and the ratio of the medians, a line a tokenizer.
"""
import argparse
import glob
import importlib.metadata
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["RAYON_NUM_THREADS"] = "1"

import sentencepiece  # noqa: E402
from tokenizers import Tokenizer  # noqa: E402

ROUNDS = 3


def corpus(size, chunk=65536):
    """English: the documentation strings and prose of Python's library; code: the same files as they are."""
    root = os.path.dirname(os.__file__)
    code = "".join(open(path, encoding="utf-8", errors="ignore").read() for path in sorted(glob.glob(root + "/*.py") + glob.glob(root + "/*/*.py")))
    prose = "".join(open(path, encoding="utf-8", errors="ignore").read() for path in
                    sorted(glob.glob("/usr/share/common-licenses/*") + glob.glob("/usr/share/doc/*/copyright")) if os.path.isfile(path))
    half = size // 2
    prose, code = (text * (half // len(text) + 1) for text in (prose, code))
    text = prose[:half] + code[:half]
    return [text[at:at + chunk] for at in range(0, len(text), chunk)]


def timed(work):
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def ours(program, folder, lines):
    with tempfile.NamedTemporaryFile("w") as file:
        file.write("".join(json.dumps(line) + "\n" for line in lines))
        file.flush()
        with open(file.name) as stdin:
            return timed(lambda: subprocess.run([program, "tokenize", "--model", folder, "--jsonl"], stdin=stdin, stdout=subprocess.DEVNULL, check=True))


def packages(fixtures):
    names = {}
    exec(importlib.metadata.distribution("rwkv").locate_file("rwkv/rwkv_tokenizer.py").read_text(), names)
    world = names["TRIE_TOKENIZER"](os.path.join(fixtures, "rwkv_world", "rwkv_vocab_v20230424.txt"))
    llama = sentencepiece.SentencePieceProcessor(model_file=os.path.join(fixtures, "llama_spm", "tokenizer.model"))
    bert = Tokenizer.from_file(os.path.join(fixtures, "bert_wordpiece", "tokenizer.json"))
    return {"rwkv_world": world.encode, "llama_spm": llama.encode, "bert_wordpiece": lambda text: bert.encode(text, add_special_tokens=False).ids}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("fixtures")
    parser.add_argument("--program", default="build/release/smooth-data")
    parser.add_argument("--megabytes", type=float, default=10)
    args = parser.parse_args()
    lines = corpus(int(args.megabytes * 1e6))
    size = sum(len(line.encode()) for line in lines) / 1e6
    for name, encode in packages(args.fixtures).items():
        folder = os.path.join(args.fixtures, name)
        there, here = [], []
        for _ in range(ROUNDS):
            there.append(timed(lambda: [encode(line) for line in lines]))
            here.append(ours(args.program, folder, lines) - ours(args.program, folder, [""]))
        a, b = statistics.median(there), statistics.median(here)
        print(f"{name}: package {size / a:.2f} MB/s, here {size / b:.2f} MB/s (with reading and printing JSON), ratio {a / b:.1f}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
