"""RWKV World ids against RWKV's own tokenizer (the `rwkv` package's rwkv_tokenizer.py, which is run as it stands).

Run: python tests/golden/world_ids.py --model DIR [--program build/release/smooth-data] [--texts 100000] [--seed 0] [--write]
DIR holds rwkv_vocab_v20230424.txt. Prints one line; exit status 1 if any id or text differs. --write makes world_ids.json,
which tests/data/tokenizers_world.cpp reads.
"""
import glob
import importlib.metadata
import json
import os
import random
import sys

import fuzz

HERE = os.path.dirname(os.path.abspath(__file__))


def reference(folder):
    source = importlib.metadata.distribution("rwkv").locate_file("rwkv/rwkv_tokenizer.py")
    names = {}
    with open(source) as file:
        exec(compile(file.read(), str(source), "exec"), names)
    return names["TRIE_TOKENIZER"](glob.glob(os.path.join(folder, "rwkv_vocab*.txt"))[0])


def main():
    parser = fuzz.arguments(__doc__)
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    rwkv = reference(args.model)
    if args.write:
        rows = [[text, rwkv.encode(text)] for text in map(fuzz.text, range(150))]
        with open(os.path.join(HERE, "world_ids.json"), "w") as file:
            json.dump(rows, file, separators=(",", ":"))
            file.write("\n")
    texts = fuzz.texts(args.texts, args.seed)
    texts += ["a" + chr(c) + " " + chr(c) for c in range(0x110000) if not 0xd800 <= c < 0xe000 and (c < 0x3400 or c % 37 == 0)]
    expected = [rwkv.encode(text) for text in texts]
    got = fuzz.through(args.program, "tokenize", args.model, texts)
    wrong = fuzz.compare("encode", got, expected, texts)
    wrong += fuzz.compare("decode of encode", fuzz.through(args.program, "detokenize", args.model, got), texts, texts)
    r = random.Random(args.seed)
    ids = [[r.choice([r.randint(1, 65529), r.randint(1, 260)]) for _ in range(r.randint(0, 12))] for _ in range(args.texts)]
    decoded = [rwkv.decodeBytes(one).decode("utf-8", errors="replace") for one in ids]
    wrong += fuzz.compare("decode", fuzz.through(args.program, "detokenize", args.model, ids), decoded, ids)
    print(f"world: {len(texts)} texts encoded and decoded, {len(ids)} random id lists decoded, {wrong} differences")
    sys.exit(wrong > 0)


main()
