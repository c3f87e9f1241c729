"""Texts of every kind for comparing tokenizers: random Unicode, white space, combining marks, CJK, emoji, code, control
characters, prose. A seed gives the same texts everywhere.
"""
import argparse
import json
import random
import subprocess
import sys

PROSE = ("the The of and to in is was that for it with as his on be at by had not are but from or have an they which one you were "
         "her all she there would their we him been has when who will more no if out so said what up its about into than them can "
         "only other new some could time these two may then do first any my now such like our over man me even most made after "
         "also did many before must through years where much your way well down should because each just those people how too "
         "little state good very make world still own see men work long get here between both life being under never day same "
         "another know while last might us great old year off come since against go came right used take three international "
         "Mr. Dr. U.S. can't won't it's don't I'm we've they're he'd o'clock co-operate naïve café résumé Zürich İstanbul ΣΊΣΥΦΟΣ "
         "straße ﬁne Ａｂｃ ½ ² № ℃ … — “quoted” ‘single’ «guillemets» ¿qué? ¡sí! 3.14 1,000,000 $5.00 50% 2024-11-21 a@b.org "
         "https://example.org/path?q=1&r=2#top").split()
CODE = ["def f(x):\n    return x + 1\n", "for (int i = 0; i < n; ++i) {\n\t", "}\n\n", "std::vector<int64_t> ids;", " == ", "!=", "->", "&&", "\"\\n\"", "# include",
        "if __name__ == '__main__':\n", "        ", "\t\t", "0x3fULL", "/* c */", "// TODO", "SELECT * FROM t WHERE a='b';", "<div class=\"x\">", "</div>", "import numpy as np\n",
        "self._x[i, j] = None", "camelCaseName", "snake_case_name", "__init__", "{\"a\": [1, 2.5e-3, null]}"]
BLANKS = [" ", "  ", "   ", "\n", "\n\n", "\n\n\n", "\t", "\r\n", "\r", " \n ", "\u00a0", "\u2003", "\u3000", "\u2028", "\u0085", "\u200b", "\ufeff", "\u180e", "\u1680", "\x0b", "\x0c", " " * 17]
MARKS = ["e\u0301", "a\u0308\u0323", "\u0301", "n\u0303", "\u1100\u1161\u11a8", "각", "한국어", "\u0b95\u0bcd", "नमस्ते", "ที่นี่", "\u064e", "שָׁלוֹם", "i\u0307", "\u0345", "\u1ab0", "Ǆǆǅ", "ẞ", "ŉ", "ΰ"]
CJK = ["漢字", "かな", "カタカナ", "中文文本", "、", "。", "「", "」", "㐀", "𠀀", "豈", "﨑", "〇", "々", "ー", "Ａ", "１", "ｱ", "㍿"]
EMOJI = ["😀", "👩‍🚀", "👨‍👩‍👧‍👦", "🇩🇪", "❤️", "✈", "☃", "🏳️‍🌈", "👍🏽", "©", "™"]
TROUBLE = ["\x00", "\x01", "\x1b[0m", "\x7f", "\x80", "\x9f", "\ufffd", "\ufffe", "\uffff", "\U0010ffff", "\u0378", "\ue000", "\u202e", "\u2060", "\u00ad", "x" * 101, "y" * 100, "é" * 120, "-" * 30,
           "##ing", "[CLS]", "[UNK]x", "[MASK]", "<unk>", "<0x0A>", "▁".replace("▁", "_"), "'", "''", "\"", "\\", "<", ">", "|", "``"]


def character(r):
    kind = r.randrange(8)
    if kind == 0:
        return chr(r.randint(32, 126))
    if kind == 1:
        return chr(r.randint(0, 0x24f))
    if kind == 2:
        return chr(r.randint(0x250, 0x1fff))
    if kind == 3:
        return chr(r.randint(0x2000, 0x33ff))
    if kind == 4:
        return chr(r.randint(0x3400, 0xd7ff))
    if kind == 5:
        return chr(r.randint(0xe000, 0xffff))
    if kind == 6:
        return chr(r.randint(0x1f000, 0x1ffff))
    return chr(r.randint(0x10000, 0x10ffff))


def text(seed):
    r = random.Random(seed)
    out = []
    for _ in range(r.randint(0, 24)):
        kind = r.randrange(14)
        if kind < 5:
            out.append(r.choice(PROSE) + r.choice([" ", " ", " ", ", ", ". ", "", "\n"]))
        elif kind < 7:
            out.append(r.choice(CODE))
        elif kind < 8:
            out.append("".join(r.choice(BLANKS) for _ in range(r.randint(1, 4))))
        elif kind < 9:
            out.append(r.choice(MARKS))
        elif kind < 10:
            out.append(r.choice(CJK) + r.choice(CJK))
        elif kind < 11:
            out.append(r.choice(EMOJI))
        elif kind < 12:
            out.append(r.choice(TROUBLE))
        else:
            out.append("".join(character(r) for _ in range(r.randint(1, 12))))
    return "".join(out)


def texts(count, seed=0):
    return [text(seed * 10**9 + i) for i in range(count)]


def arguments(description):
    """The parser that every comparison of a tokenizer has."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True)
    parser.add_argument("--program", default="build/release/smooth-data")
    parser.add_argument("--texts", type=int, default=100000)
    parser.add_argument("--seed", type=int, default=0)
    return parser


def through(program, verb, folder, values):
    """The answers of `smooth-data tokenize|detokenize --jsonl`, a line each."""
    lines = "\n".join(json.dumps(value) for value in values) + "\n"
    done = subprocess.run([program, verb, "--model", folder, "--jsonl"], input=lines.encode(), stdout=subprocess.PIPE, check=True)
    answers = [json.loads(line) for line in done.stdout.decode().split("\n") if line]
    assert len(answers) == len(values), f"{program}: {len(values)} lines in, {len(answers)} out"
    return answers


def compare(what, got, expected, inputs, shown=3):
    """Prints the first differences; returns how many there are."""
    wrong = [i for i, pair in enumerate(zip(got, expected)) if pair[0] != pair[1]]
    for i in wrong[:shown]:
        print(f"{what}: input {inputs[i]!r}\n  got      {got[i]!r}\n  expected {expected[i]!r}", file=sys.stderr)
    return len(wrong)
