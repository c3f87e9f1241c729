"""SentencePiece ids of a model against the Python package `sentencepiece`, on more and wilder texts than
sentencepiece_ids.py has.

Run: python tests/golden/sentencepiece_fuzz.py --model DIR [--program build/release/smooth-data] [--texts 100000] [--seed 0]
DIR holds tokenizer.model: Llama 2's, Mistral's, or one trained here. If it has a dummy prefix, folders with added tokens are
made too, with `legacy` true and false and without a prefix; the reference is what Hugging Face's LlamaTokenizer documents,
spelled out with the package.
Prints one line; exit status 1 if any id or text differs.
"""
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


def compare_plain(args, processor, texts):
    """Without added tokens: ids, texts of ids, and random ids. Returns differences and how many texts were given back."""
    specials = [processor.id_to_piece(i) for i in range(processor.vocab_size()) if processor.is_control(i)]
    texts = [text for text in texts if not any(special in text for special in specials)]
    got = fuzz.through(args.program, "tokenize", args.model, texts)
    wrong = fuzz.compare("encode", got, processor.encode(texts), texts)
    back = fuzz.through(args.program, "detokenize", args.model, got)
    same = [i for i, text in enumerate(texts) if "\u2581" not in text]  # the sign for a blank comes back as one
    wrong += fuzz.compare("decode of encode", [back[i] for i in same], [texts[i] for i in same], [texts[i] for i in same])
    r = random.Random(args.seed)
    first = 3  # <unk>, <s>, </s> are shown by us and hidden by the library
    ids = [[r.choice([r.randrange(first, processor.vocab_size()), r.randrange(first, 259)]) for _ in range(r.randint(0, 12))] for _ in range(args.texts)]
    wrong += fuzz.compare("decode", fuzz.through(args.program, "detokenize", args.model, ids), processor.decode(ids), ids)
    return wrong, len(same), len(ids)


def strewn(r, text):
    cuts = sorted(r.randint(0, len(text)) for _ in range(r.randint(0, 3)))
    return "".join(text[a:b] + r.choice(ADDED + ["</s>", " <STOP> "]) for a, b in zip([0] + cuts, cuts)) + text[cuts[-1] if cuts else 0:]


def compare_added(args, model, prefixed, bare, texts):
    """With added tokens, under each rule for the dummy prefix."""
    wrong = 0
    r = random.Random(args.seed + 1)
    with tempfile.TemporaryDirectory() as scratch:
        for rule, options in {"every": {"legacy": True}, "first": {"legacy": False}, "none": {"legacy": False, "add_prefix_space": False}}.items():
            folder = added_folder(scratch, rule, model, prefixed.vocab_size(), **options)
            some = [strewn(r, text) for text in texts]
            reference = [with_specials(prefixed, bare, text, rule) for text in some]
            wrong += fuzz.compare(f"prefix {rule}", fuzz.through(args.program, "tokenize", folder, some), reference, some)
    return wrong, 3 * len(texts)


def main():
    args = fuzz.arguments(__doc__).parse_args()
    model = os.path.join(args.model, "tokenizer.model")
    prefixed = sentencepiece.SentencePieceProcessor(model_file=model)
    with open(model, "rb") as file:  # a second normalizer_spec, merged into the first: add_dummy_prefix false
        bare = sentencepiece.SentencePieceProcessor(model_proto=file.read() + b"\x1a\x02\x18\x00")
    texts = fuzz.texts(args.texts, args.seed)
    wrong, back, lists = compare_plain(args, prefixed, texts)
    added = 0
    if prefixed.encode("a") != bare.encode("a"):
        more, added = compare_added(args, model, prefixed, bare, texts[:args.texts // 10])
        wrong += more
    print(f"sentencepiece: {len(texts)} texts encoded, {back} given back, {lists} random id lists decoded, {added} texts with added tokens, {wrong} differences")
    sys.exit(wrong > 0)


main()
