"""SentencePiece ids of a published model against the Python package `sentencepiece`, on more and wilder texts than
sentencepiece_ids.py has.

Run: python tests/golden/sentencepiece_fuzz.py --model DIR [--program build/release/smooth-data] [--texts 100000]
DIR holds tokenizer.model (Llama 2, Mistral). Besides the model alone, folders with added tokens are made, with `legacy` true
and false and without a prefix; the reference is what Hugging Face's LlamaTokenizer documents, spelled out with the package.
Prints one line; exit status 1 if any id or text differs.
"""
import argparse
import json
import os
import random
import re
import shutil
import sys
import tempfile

import sentencepiece

import fuzz

ADDED = ["<CONTINUE>", "<STOP>", "<|im_end|>", "<|im_end|>x"]


def added_folder(scratch, name, model, size, **options):
    folder = os.path.join(scratch, name)
    os.makedirs(folder)
    shutil.copy(model, folder)
    decoder = {str(size + i): {"content": text, "lstrip": False, "normalized": False, "rstrip": False, "single_word": False, "special": True}
               for i, text in enumerate(ADDED)}
    with open(os.path.join(folder, "tokenizer_config.json"), "w") as file:
        json.dump({"added_tokens_decoder": decoder, **options}, file)
    return folder


def with_specials(prefixed, bare, text, rule):
    """The ids of a text whose specials are cut out; `rule`: which parts get the dummy prefix."""
    ids = []
    known = ["<s>", "</s>"] + ADDED
    for i, part in enumerate(re.split("(" + "|".join(map(re.escape, sorted(known, key=len, reverse=True))) + ")", text)):
        if part in known:
            ids.append({"<s>": 1, "</s>": 2}.get(part, prefixed.vocab_size() + ADDED.index(part) if part in ADDED else None))
        elif part:
            ids += (prefixed if rule == "every" or rule == "first" and i == 0 else bare).encode(part)
    return ids


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True)
    parser.add_argument("--program", default="build/release/smooth-data")
    parser.add_argument("--texts", type=int, default=100000)
    args = parser.parse_args()
    model = os.path.join(args.model, "tokenizer.model")
    prefixed = sentencepiece.SentencePieceProcessor(model_file=model)
    with open(model, "rb") as file:  # a second normalizer_spec, merged into the first: add_dummy_prefix false
        bare = sentencepiece.SentencePieceProcessor(model_proto=file.read() + b"\x1a\x02\x18\x00")
    assert prefixed.encode("a") != bare.encode("a")
    wrong = 0
    texts = [fuzz.text(seed) for seed in range(args.texts)]
    expected = prefixed.encode(texts)
    got = fuzz.through(args.program, "tokenize", args.model, texts)
    wrong += fuzz.compare("encode", got, expected, texts)
    same = [i for i, text in enumerate(texts) if "\u2581" not in text]  # the sign for a blank comes back as one
    back = fuzz.through(args.program, "detokenize", args.model, got)
    wrong += fuzz.compare("decode of encode", [back[i] for i in same], [texts[i] for i in same], [texts[i] for i in same])
    r = random.Random(1)
    first = 3  # <unk>, <s>, </s> are shown by us and hidden by the library
    ids = [[r.choice([r.randrange(first, prefixed.vocab_size()), r.randrange(first, 259)]) for _ in range(r.randint(0, 12))] for _ in range(args.texts)]
    wrong += fuzz.compare("decode", fuzz.through(args.program, "detokenize", args.model, ids), prefixed.decode(ids), ids)
    count = len(texts)
    with tempfile.TemporaryDirectory() as scratch:
        for rule, options in {"every": {"legacy": True}, "first": {"legacy": False}, "none": {"legacy": False, "add_prefix_space": False}}.items():
            folder = added_folder(scratch, rule, model, prefixed.vocab_size(), **options)
            some = []
            for text in texts[:args.texts // 10]:
                cuts = sorted(r.randint(0, len(text)) for _ in range(r.randint(0, 3)))
                some.append("".join(text[a:b] + r.choice(ADDED + ["</s>", " <STOP> "]) for a, b in zip([0] + cuts, cuts)) + text[cuts[-1] if cuts else 0:])
            reference = [with_specials(prefixed, bare, text, rule) for text in some]
            wrong += fuzz.compare(f"prefix {rule}", fuzz.through(args.program, "tokenize", folder, some), reference, some)
            count += len(some)
    print(f"sentencepiece: {count} texts encoded, {len(same)} decoded again, {len(ids)} random id lists decoded, {wrong} differences")
    sys.exit(wrong > 0)


main()
