"""How fast the tokenizers are beside the Python packages that do the same, one thread each, in turns, in processor time.

Run: python tests/bench/tokenizer_speed.py FIXTURES/tokenizers [--program build/release/smooth-data] [--only qwen2] [--rounds 3]
         [--english PATH ...] [--code PATH ...]
FIXTURES/tokenizers holds the folders of PACKAGES below; `tokenizers` and `sentencepiece` are compiled code, RWKV's tokenizer is
Python. Llama's is compared with both, in `tokenizers` as transformers converts it. Each gets 10 MB of English and 10 MB of source code, as texts of 64 kB and as lines, out of the files under the paths
(text: .txt, .dz; code: .py, .c, .cpp, .h), no file twice and none with more than 2 MB of itself. Good English is in Debian's
packages dict-gcide and linux-doc, unpacked by `dpkg -x`; code in Python's own packages. Prints one JSON object a row, each time
the best of the rounds; `new` is the share of the text's words that had not come before, for a cache of words lives on the rest.
"""
import argparse
import gzip
import importlib.metadata
import json
import os
import pathlib
import random
import re
import subprocess
import sysconfig
import time

os.environ["RAYON_NUM_THREADS"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
import sentencepiece  # noqa: E402
from tokenizers import Tokenizer  # noqa: E402  (reads the two variables)

SIZE, LARGEST, CHUNK = 10_000_000, 2_000_000, 65536


def gathered(paths, suffixes):
    files = sorted(file for path in paths for file in pathlib.Path(path).rglob("*") if file.suffix in suffixes and file.is_file())
    random.Random(1).shuffle(files)
    text, seen = "", set()
    for file in files:
        content = (gzip.open(file) if file.suffix == ".dz" else open(file, "rb")).read(LARGEST).decode(errors="ignore")
        if content not in seen:
            seen.add(content)
            text += content
        if len(text) >= SIZE:
            return text[:SIZE]
    raise SystemExit(f"only {len(text)} characters under {', '.join(map(str, paths))}")


def shapes(text):
    yield "64 kB", [text[at:at + CHUNK] for at in range(0, len(text), CHUNK)]
    yield "lines", [line for line in text.split("\n") if line]


def share_new(text):
    words = re.findall(r"\s*\S+", text)
    return sum(map(len, set(words))) / sum(map(len, words))


def world(folder):
    names = {}
    exec(importlib.metadata.distribution("rwkv").locate_file("rwkv/rwkv_tokenizer.py").read_text(), names)
    return names["TRIE_TOKENIZER"](os.path.join(folder, "rwkv_vocab_v20230424.txt")).encode


def hugging_face(folder):
    tokenizer = Tokenizer.from_file(os.path.join(folder, "tokenizer.json"))
    return lambda text: tokenizer.encode(text, add_special_tokens=False).ids


def converted(folder):
    from transformers import LlamaTokenizer
    tokenizer = LlamaTokenizer.from_pretrained(folder).backend_tokenizer
    return lambda text: tokenizer.encode(text, add_special_tokens=False).ids


def spm(folder):
    return sentencepiece.SentencePieceProcessor(model_file=os.path.join(folder, "tokenizer.model")).encode


PACKAGES = {"qwen2": {"tokenizers": hugging_face}, "bert_wordpiece": {"tokenizers": hugging_face},
            "llama_spm": {"sentencepiece": spm, "tokenizers": converted}, "rwkv_world": {"rwkv": world}}


def ours(program, folder, texts):
    lines = "".join(json.dumps(text) + "\n" for text in texts)
    return json.loads(subprocess.run([program, "tokenize", "--model", folder, "--time"], input=lines, capture_output=True, text=True, check=True).stdout)


def theirs(encode, texts):
    start = time.process_time()
    tokens = sum(len(encode(text)) for text in texts)
    return {"tokens": tokens, "seconds": time.process_time() - start}


def compared(program, folder, encode, texts, rounds):
    mine, other = zip(*[(ours(program, folder, texts), theirs(encode, texts)) for _ in range(rounds)])
    fast, slow = (min(run["seconds"] for run in runs) for runs in (mine, other))
    size = mine[0]["bytes"] / 1e6
    return {"texts": len(texts), "MB": round(size, 1), "tokens": mine[0]["tokens"], "package tokens": other[0]["tokens"], "MB/s": round(size / fast, 1), "package MB/s": round(size / slow, 1),
            "ratio": round(slow / fast, 1), "load seconds": round(min(run["load_seconds"] for run in mine), 3)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("fixtures")
    parser.add_argument("--program", default="build/release/smooth-data")
    parser.add_argument("--only", choices=PACKAGES)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--english", nargs="+", default=["/usr/share/doc", "/usr/share/dictd"])
    parser.add_argument("--code", nargs="+", default=[sysconfig.get_path("purelib"), sysconfig.get_path("stdlib")])
    options = parser.parse_args()
    texts = {"english": gathered(options.english, {".txt", ".dz"}), "code": gathered(options.code, {".py", ".c", ".cpp", ".h"})}
    for name, packages in PACKAGES.items():
        for package, load in packages.items() if options.only in (None, name) else ():
            encode = load(os.path.join(options.fixtures, name))
            for kind, text in texts.items():
                for shape, parts in shapes(text):
                    row = compared(options.program, os.path.join(options.fixtures, name), encode, parts, options.rounds)
                    print(json.dumps({"tokenizer": name, "package": package, "text": kind, "new": round(share_new(text), 3), "shape": shape, **row}), flush=True)


main()
