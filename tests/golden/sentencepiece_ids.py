"""Trains three small models and writes what the Python package `sentencepiece` makes of fuzzed texts, for
tests/data/sentencepiece.cpp: sentencepiece/{unigram,bpe,phrases}/ and sentencepiece/ids.json.

Run: python3 tests/golden/sentencepiece_ids.py [LLAMA], LLAMA being Llama 2's tokenizer.model. Text i is redrawn in C++ from
Python's own draws of seed i, so the file holds a checksum of the ids of each text and only a few ids in full.
"""
import io
import json
import os
import random
import sys

import sentencepiece

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "sentencepiece")
SPECIALS = ["<STOP>", "<CONTINUE>", "<|im_end|>"]
FRAGMENTS = ["the", "The", " the", "boat", "s", " was", " is", " magic", "ing", " ", " ", " ", "  ", "    ", "\n", "\n\n", "\t", "\r\n",
             ".", ". ", ", ", ": ", "-", "'", "\"", "<", ">", "<STO", "P>", "|", "_", "7", "42", "1234567", " 2024", "é", "ß", " ж", "漢字", "、",
             "かな", "😀", "👩‍🚀", "\u00a0", "\u200b", "e\u0301", "\ufb01", "Ａ", "￿", "x" * 40, "aaaa", "Lorem", " ipsum", "0x3f"]
TEXTS = 3000


def text(seed, fragments):
    r = random.Random(seed)
    return "".join(r.choice(fragments) for _ in range(r.randint(1, 40)))


def checksum(ids):
    """The first 8 digits of FNV-1a (64 bit), as configs/run.h has it, of the ids joined by commas."""
    value = 0xCBF29CE484222325
    for byte in ",".join(map(str, ids)).encode():
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return f"{value:016x}"[:8]


def train(name):
    """unigram, bpe, or phrases: unigram with pieces that reach over blanks."""
    r = random.Random(name)
    things = "boat harbour miller basket letter window market river garden lamp road the a was is magic special number for".split()
    lines = []
    for _ in range(400):
        words = [r.choice(things) + r.choice(["", "s", "ing", "er"]) for _ in range(r.randint(3, 12))]
        lines.append(" ".join(words).capitalize() + f": {r.randint(0, 99999)}.\n" + "  indented, é and ж")
    folder = os.path.join(HERE, name)
    os.makedirs(folder, exist_ok=True)
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines), model_writer=model, model_type="bpe" if name == "bpe" else "unigram",
        split_by_whitespace=name != "phrases", vocab_size=480, hard_vocab_limit=False,
        split_digits=True, byte_fallback=True, normalization_rule_name="identity", add_dummy_prefix=False,
        remove_extra_whitespaces=False, split_by_unicode_script=False, user_defined_symbols=["\n"] + SPECIALS, num_threads=1,
        minloglevel=2)
    with open(os.path.join(folder, "tokenizer.model"), "wb") as file:
        file.write(model.getvalue())
    with open(os.path.join(folder, "tokenizer_config.json"), "w") as file:
        json.dump({"additional_special_tokens": SPECIALS}, file)
        file.write("\n")
    return os.path.join(folder, "tokenizer.model")


def main():
    out = {"fragments": FRAGMENTS, "specials": SPECIALS, "models": {}}
    models = {name: train(name) for name in ("unigram", "bpe", "phrases")}
    if len(sys.argv) > 1:
        models["llama_spm"] = sys.argv[1]
    for name, path in models.items():
        processor = sentencepiece.SentencePieceProcessor(model_file=path)
        # A special token of one model is plain text to another that lacks it.
        fragments = FRAGMENTS + (SPECIALS if name != "llama_spm" else [])
        ids = [processor.encode(text(seed, fragments)) for seed in range(TEXTS)]
        out["models"][name] = {"specials_in_text": name != "llama_spm", "vocab_size": processor.vocab_size(), "first": ids[:5],
                               "checksums": "".join(map(checksum, ids))}
    with open(os.path.join(HERE, "ids.json"), "w") as file:
        json.dump(out, file, separators=(",", ":"))
        file.write("\n")


main()
