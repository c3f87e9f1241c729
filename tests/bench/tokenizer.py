"""How fast byte-level BPE is beside Hugging Face's `tokenizers`, both with one thread on this machine, in turns,
in processor time.

Run: python tests/bench/tokenizer.py PROGRAM FOLDER [--english FILE] [--code FILE] [--rounds 3], PROGRAM being smooth-data and
FOLDER holding Qwen2's tokenizer.json. Texts of 10 MB are taken from the files, or gathered on this machine: prose from
documentation in Python's packages, code from Python's sources. Prints one JSON object a text, each time the best of the rounds.
"""
import argparse
import glob
import json
import os
import subprocess
import sysconfig
import time

os.environ["RAYON_NUM_THREADS"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
from tokenizers import Tokenizer  # noqa: E402  (reads the two variables)

SIZE = 10_000_000


def gathered(patterns):
    text = ""
    for pattern in patterns:
        for path in sorted(glob.glob(pattern, recursive=True)):
            with open(path, encoding="utf-8", errors="ignore") as file:
                text += file.read()
            if len(text) >= SIZE:
                return text[:SIZE]
    return (text * (SIZE // max(len(text), 1) + 1))[:SIZE]


def ours(program, folder, texts):
    out = subprocess.run([program, "tokenize", "--model", folder, "--time"], input="".join(json.dumps(text) + "\n" for text in texts), capture_output=True, text=True, check=True)
    return json.loads(out.stdout)


def theirs(tokenizer, texts):
    start = time.process_time()
    tokens = sum(len(tokenizer.encode(text).ids) for text in texts)
    return {"tokens": tokens, "seconds": time.process_time() - start}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("folder")
    parser.add_argument("--english")
    parser.add_argument("--code")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    library = sysconfig.get_path("stdlib")
    english = open(options.english).read()[:SIZE] if options.english else gathered(["/usr/share/doc/**/*.txt", "/usr/share/perl/**/*.pod", "/usr/share/common-licenses/*"])
    code = open(options.code).read()[:SIZE] if options.code else gathered([library + "/**/*.py"])
    tokenizer = Tokenizer.from_file(os.path.join(options.folder, "tokenizer.json"))
    for name, text in (("english", english), ("code", code)):
        for shape, texts in (("one text", [text]), ("lines", [line for line in text.split("\n") if line])):
            mine, other = [], []
            for _ in range(options.rounds):
                mine.append(ours(options.program, options.folder, texts))
                other.append(theirs(tokenizer, texts))
            assert mine[0]["tokens"] == other[0]["tokens"], f"{name}, {shape}: {mine[0]['tokens']} tokens, not {other[0]['tokens']}"
            fast, slow = (min(run["seconds"] for run in runs) for runs in (mine, other))
            print(json.dumps({"text": name, "shape": shape, "texts": len(texts), "bytes": mine[0]["bytes"], "tokens": mine[0]["tokens"],
                              "MB/s": round(mine[0]["bytes"] / fast / 1e6, 1), "tokenizers MB/s": round(mine[0]["bytes"] / slow / 1e6, 1),
                              "ratio": round(slow / fast, 1), "load seconds": round(min(run["load_seconds"] for run in mine), 3)}))


main()
