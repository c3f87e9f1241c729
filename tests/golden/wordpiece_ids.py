"""WordPiece ids against Hugging Face's `tokenizers`.

Run: python tests/golden/wordpiece_ids.py --model DIR [--program build/release/smooth-data] [--texts 100000] [--seed 0] [--write]
DIR holds BERT's tokenizer.json and vocab.txt. Besides it, folders are made with other options (cased, accents kept), MPNet's
specials, and vocab.txt alone. Prints one line; exit status 1 if any id or text differs. --write makes wordpiece_ids.json,
which tests/data/tokenizers_wordpiece.cpp reads.
"""
import copy
import json
import os
import random
import shutil
import sys
import tempfile

from tokenizers import Tokenizer
from transformers import BertTokenizer

import fuzz

HERE = os.path.dirname(os.path.abspath(__file__))


def mpnet(bert):
    """MPNet's list as published: four tokens, BERT's words, <mask>."""
    mpnet = copy.deepcopy(bert)
    words = sorted(bert["model"]["vocab"], key=bert["model"]["vocab"].get)
    vocab = ["<s>", "<pad>", "</s>", "<unk>"] + words + ["<mask>"]
    mpnet["model"]["vocab"] = {word: i for i, word in enumerate(vocab)}
    mpnet["added_tokens"] = [{"id": mpnet["model"]["vocab"][text], "content": text, "single_word": False, "lstrip": text == "<mask>", "rstrip": False,
                              "normalized": text == "<s>", "special": True} for text in ("<s>", "<pad>", "</s>", "<unk>", "[UNK]", "<mask>")]
    return mpnet


def variants(folder):
    """Name and tokenizer.json of each."""
    with open(os.path.join(folder, "tokenizer.json")) as file:
        bert = json.load(file)
    yield "bert", bert
    yield "mpnet", mpnet(bert)
    for name, options in {"cased": {"lowercase": False}, "accents": {"strip_accents": False}, "stripped": {"lowercase": False, "strip_accents": True},
                          "raw": {"clean_text": False, "handle_chinese_chars": False}}.items():
        other = copy.deepcopy(bert)
        other["normalizer"].update(options)
        yield name, other


def normalisation(hf):
    """One text for every character, so that each is seen to be dropped, parted, stripped and lowered as there."""
    return [f"a{chr(c)}b {chr(c)}" for c in range(0x110000) if not 0xd800 <= c < 0xe000]


def main():
    parser = fuzz.arguments(__doc__)
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    wrong = compared = decoded = 0
    with tempfile.TemporaryDirectory() as scratch:
        for name, content in variants(args.model):
            folder = os.path.join(scratch, name)
            os.makedirs(folder)
            with open(os.path.join(folder, "tokenizer.json"), "w") as file:
                json.dump(content, file)
            hf = Tokenizer.from_file(os.path.join(folder, "tokenizer.json"))
            texts = fuzz.texts(args.texts if name == "bert" else args.texts // 10, args.seed)
            if name == "bert" and args.write:
                with open(os.path.join(HERE, "wordpiece_ids.json"), "w") as file:
                    json.dump([[text, hf.encode(text, add_special_tokens=False).ids] for text in texts[:150]], file, separators=(",", ":"))
                    file.write("\n")
            if name in ("bert", "raw"):
                texts += normalisation(hf)
            expected = [one.ids for one in hf.encode_batch(texts, add_special_tokens=False)]
            wrong += fuzz.compare(f"{name}: encode", fuzz.through(args.program, "tokenize", folder, texts), expected, texts)
            r = random.Random(args.seed)
            ids = expected[:args.texts // 10] + [[r.randrange(hf.get_vocab_size()) for _ in range(r.randint(0, 12))] for _ in range(args.texts // 10)]
            wrong += fuzz.compare(f"{name}: decode", fuzz.through(args.program, "detokenize", folder, ids), [hf.decode(one, skip_special_tokens=False) for one in ids], ids)
            compared += len(texts)
            decoded += len(ids)
        folder = os.path.join(scratch, "lines")
        os.makedirs(folder)
        shutil.copy(os.path.join(args.model, "vocab.txt"), folder)
        hf = BertTokenizer.from_pretrained(folder)
        texts = fuzz.texts(args.texts // 10, args.seed)
        wrong += fuzz.compare("vocab.txt: encode", fuzz.through(args.program, "tokenize", folder, texts), hf(texts, add_special_tokens=False)["input_ids"], texts)
        compared += len(texts)
    print(f"wordpiece: {compared} texts encoded, {decoded} id lists decoded, {wrong} differences")
    sys.exit(wrong > 0)


main()
