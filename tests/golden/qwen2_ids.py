"""Compares `smooth-data tokenize` and `detokenize`, id for id and text for text, with Hugging Face's `tokenizers` on Qwen2's
vocabulary: the fixture's own rows, every Unicode character, and fuzzed texts. Prints one summary line; exits 1 on a difference.

Run: python tests/golden/qwen2_ids.py --model DIR [--program build/release/smooth-data] [--texts 100000] [--seed 0] [--step 1] [--write]
DIR holds Qwen2's tokenizer.json and the fixture's rows. --step n takes every n-th character only. --write also writes qwen2_ids.jsonl beside this file, for tests/data/bpe.cpp.
"""
import json
import os
import random
import re
import sys
import tempfile

from tokenizers import AddedToken, Tokenizer
from tokenizers.normalizers import NFC

import fuzz

HERE = os.path.dirname(os.path.abspath(__file__))
MARKERS = ["<CONTINUE>", "<STOP>"]
BLANKS = [" ", "  ", "   ", "\t", "\n", "\n\n", "\r\n", "\r", "\u00a0", "\u3000", "\u2028", "\u0085", "\x0b", "\x1c", "\u180e", "\u200b", "\ufeff"]
APOSTROPHES = [a + b for a in ("'", "\u2019", "x'", " '") for b in ("s", "S", "\u017f", "t", "T", "re", "RE", "rE", "ve", "Ve", "m", "ll", "lL", "d", "D", "r", "l", "x", "")]
MARKS = ["e\u0301", "\u00e9", "a\u030a\u0323", "a\u0323\u030a", "\u1100\u1161\u11a8", "\uac00\u11a8", "\u1112\u1175", "\u0915\u094d\u0937", "\u0b47\u0b3e", "\u0344", "\u0374", "\u037e",
         "\u0958", "\u212b", "\u2126", "\uf900", "\u0301", "\u0308\u0301", "\u1e9b\u0323", "\ufb01", "\uff21", "\u00bd", "\u2460", "q\u0307\u0323", "\u05e9\u05c1\u05bc", "\u3099", "\u304b\u3099", "\u0338", "=\u0338", ">\u0338"]
DIGITS = ["0", "7", "42", "1234567", "\u0663\u0664", "\u096a", "\u0be8", "\uff15", "\U0001d7d8", "\u2167", "\u00b2", "\u3007", "\u4e09", "\u0bf0", "\U00010107", "\u2153"]
EMOJI = ["\U0001f600", "\U0001f469\u200d\U0001f680", "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\u2764\ufe0f", "\U0001f1e9\U0001f1ea", "\U0001f44d\U0001f3fd", "\u200d", "\ufe0f", "1\ufe0f\u20e3"]
WORDS = ["the", " the", "The", " of", "ing", " boat", "'s", "don't", " I'll", "hello", " world", "antidisestablishmentarianism", "na\u00efve", " caf\u00e9", "\u00fcber", " \u0441\u043b\u043e\u0432\u043e",
         "\u03bb\u03cc\u03b3\u03bf\u03c2", "\u05e9\u05dc\u05d5\u05dd", "\u0645\u0631\u062d\u0628\u0627", "\u0928\u092e\u0938\u094d\u0924\u0947", "\u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35", "\u4f60\u597d\u4e16\u754c", "\u3053\u3093\u306b\u3061\u306f", "\uc548\ub155", "\u30ab\u30bf", "\u3002", "\uff0c"]
CODE = ["def f(x):\n    return x**2\n", "for (int i = 0; i < n; ++i) {\n\t", "}\n\n", "// ---", "/* */", "==", "!=", "->", "::", "#include <a.h>\n", "0x3fFF", "1e-5", "a_b_c", "\"\\n\"", "<div class='x'>", "    ", "        ", "${x}", "@", "\\", "`", "~", "^",
        "self.", "()", "[];", "|", "<|", "|>", "<|im_", "_end|>", "<tool", "</", "<"]


def character(r):
    """Any code point but a surrogate; the first planes more often."""
    while True:
        c = r.randrange(r.choice([0x80, 0x250, 0x3000, 0x10000, 0x20000, 0x110000]))
        if not 0xD800 <= c < 0xE000:
            return chr(c)


def fuzzed(r, specials):
    kinds = [BLANKS, BLANKS, APOSTROPHES, MARKS, DIGITS, EMOJI, WORDS, WORDS, CODE, specials]
    some = r.sample(kinds, r.randint(1, 4))
    parts = []
    for _ in range(r.randint(0, 25)):
        if r.random() < 0.15:
            parts.append("".join(character(r) for _ in range(r.randint(1, 4))))
        elif r.random() < 0.03:
            parts.append(r.choice(["a", "ab", " ", "\n", "=", "\u4e2d", "\u0301", "x1"]) * r.randint(10, 200))
        else:
            parts.append(r.choice(r.choice(some)))
    text = "".join(parts)
    if r.random() < 0.1:  # cut a special token short, or two into each other
        a, b = r.choice(specials), r.choice(specials)
        text += a[: r.randrange(len(a))] + b + a[r.randrange(len(a)):]
    return text


def normal(text, specials):
    """NFC, as of the reference's Unicode, of what lies between added tokens."""
    pattern = "(" + "|".join(map(re.escape, sorted(specials, key=len, reverse=True))) + ")"
    return "".join(part if part in specials else NFC().normalize_str(part) for part in re.split(pattern, text))


class Comparison:
    def __init__(self, program, folder):
        self.program, self.folder = program, folder
        self.tokenizer = Tokenizer.from_file(os.path.join(folder, "tokenizer.json"))
        self.specials = [token.content for token in self.tokenizer.get_added_tokens_decoder().values()]
        self.differences = 0

    def texts(self, texts, what):
        """Ids, and the texts that they give back."""
        theirs = [encoding.ids for encoding in self.tokenizer.encode_batch(texts, add_special_tokens=False)]
        self.differences += fuzz.compare(f"ids, {what}", fuzz.through(self.program, "tokenize", self.folder, texts), theirs, texts)
        decoded = self.decoded(theirs)
        expected = [normal(text, self.specials) for text in texts]
        self.differences += fuzz.compare("given back", decoded, expected, texts)

    def decoded(self, lists):
        ours = fuzz.through(self.program, "detokenize", self.folder, lists)
        self.differences += fuzz.compare("decoded", ours, self.tokenizer.decode_batch(lists, skip_special_tokens=False), lists)
        return ours


def check_markers(program, folder):
    """The fixture's own rows: `tokenizers` adds the markers to its tokenizer."""
    marked = Comparison(program, folder)
    marked.tokenizer.add_tokens([AddedToken(marker, normalized=False) for marker in MARKERS])
    rows = [json.loads(line) for line in open(os.path.join(folder, "qwen2_continue_stop.jsonl"))]
    texts = [row["text"] for row in rows]
    with tempfile.TemporaryDirectory() as marked.folder:
        marked.tokenizer.save(os.path.join(marked.folder, "tokenizer.json"))
        ours = fuzz.through(program, "tokenize", marked.folder, texts)
    return len(rows), fuzz.compare("fixture", ours, [row["ids"] for row in rows], texts)


def main():
    parser = fuzz.arguments(__doc__)
    parser.add_argument("--step", type=int, default=1)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    fixed, differences = check_markers(options.program, options.model)
    comparison = Comparison(options.program, options.model)
    comparison.differences = differences
    characters = [f"a{c}b {c}{c} 1{c}\n{c}'{c}s \t{c}e{c}\u0301 {c} {c}_end ({c}the" for c in map(chr, range(0, 0x110000, options.step)) if not "\ud800" <= c < "\ue000"]
    comparison.texts(characters, "characters")

    r = random.Random(options.seed)
    texts = fuzz.texts(options.texts, options.seed) + [fuzzed(r, comparison.specials) for _ in range(options.texts)]
    comparison.texts(texts, "fuzzed")
    size = comparison.tokenizer.get_vocab_size()
    noise = [[r.randrange(r.choice([256, size])) for _ in range(r.randint(0, 20))] for _ in range(options.texts // 5)]
    comparison.decoded(noise)

    if options.write:
        chosen = [text for text in texts[options.texts:] if len(text) < 120][:350]
        with open(os.path.join(HERE, "qwen2_ids.jsonl"), "w") as file:
            for text, encoding in zip(chosen, comparison.tokenizer.encode_batch(chosen)):
                decoded = comparison.tokenizer.decode(encoding.ids, skip_special_tokens=False)
                file.write(json.dumps({"text": text, "ids": encoding.ids, "decoded": decoded}) + "\n")
    print(f"{fixed} rows of the fixture, {len(characters)} characters, {len(texts)} fuzzed texts, {len(noise)} random id lists: {comparison.differences} differences in ids or in texts given back")
    sys.exit(1 if comparison.differences else 0)


main()
