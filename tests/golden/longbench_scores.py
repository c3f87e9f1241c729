"""Compares `smooth-data score`, number for number, with the packages that LongBench's official script calls (longbench_official.py):
random and realistic pairs for every metric, every character of Unicode, and folders of predictions with and without --e.

Run: python tests/golden/longbench_scores.py [--program build/release/smooth-data] [--pairs 200000] [--folders 200] [--seed 0]
         [--only METRIC] [--characters] [--write]
--pairs counts the pairs for each metric, code_sim's for each backend. --characters goes through Unicode. --write makes
longbench_scores.json, which tests/data/scores.cpp reads. Prints a line for each metric; exit status 1 on any difference.
"""
import argparse
import json
import os
import random
import subprocess
import sys
import tempfile

import fuzz
import longbench_official as official

HERE = os.path.dirname(os.path.abspath(__file__))
BATCH = 20000
# What the rules turn on: articles and what is next to them, the sigmas, characters with a value, marks, white space of Python's.
BITS = ["a", "an", "the", "The", "AN", "a\u0301", "the\u0308", "\u0301the", "_a_", "a-the", "the's", "ａ", "Σ", "σ", "ς", "ΑΣ", "ΑΣ.", "ΑΣ'Α", "Σ\u0301", "ʰΣ", "\u0345Σ", "İ", "i\u0307", "I", "ı", "ẞ", "ß", "Ǆ", "ǅ",
        "½", "²", "Ⅷ", "五", "〇", "①", "٣", "५", "𝟘", "１", "\u0fff", "1,000", "U.S.", "3.14", "well-known", "“the”", "‘a’", "x_y", "\U0001e4f3", "\U00011f52", "\u1c89"]
BLANKS = [" ", " ", " ", " ", "  ", "\n", "\t", "\r\n", "\x0b", "\x0c", "\x1c", "\x1f", "\x85", "\xa0", "\u1680", "\u2003", "\u2028", "\u202f", "\u205f", "\u3000", "\u200b", "\ufeff", "\u180e"]
COMMON = "the of and to in a is that for it on was he as his with be at by had not from report program agency funds federal year said one two found".split()
SYMBOLS = ["(", ")", "[", "]", "{", "}", "=", " = ", "==", ".", ",", ";", ":", " ", "    ", "\t", "\n", "\n\n", "#", "//", "`", "```", "\"", "'", "_", "->", "return ", "self.", "int ", "for ", "if ", "x", "i", "foo", "bar", "0", "1", "é", "→", "变", "😀", "\r"]


def related(r, parts):
    """Some of the parts, some of them elsewhere, some doubled or new."""
    out = [part for part in parts if r.random() < 0.8]
    for _ in range(r.randrange(4)):
        if parts:
            out.insert(r.randrange(len(out) + 1), r.choice(parts))
    if r.random() < 0.3:
        r.shuffle(out)
    return out


def qa_parts(r):
    kinds = [lambda: r.choice(BITS), lambda: r.choice(BITS), lambda: r.choice(COMMON), lambda: r.choice(fuzz.PROSE), lambda: fuzz.character(r), lambda: r.choice(fuzz.MARKS)]
    parts = []
    for _ in range(r.randrange(9)):
        parts += [r.choice(kinds)(), r.choice(BLANKS) if r.random() < 0.7 else ""]
    return parts


def changed_case(r, text):
    return r.choice([text, text, text.lower(), text.upper(), text.title(), text.swapcase()])


def qa_pair(r):
    if r.random() < 0.2:
        return fuzz.text(r.randrange(10**12)), [fuzz.text(r.randrange(10**12))], []
    parts = qa_parts(r)
    answers = ["".join(related(r, parts)) for _ in range(r.choice([1, 1, 1, 2, 5]))]
    return changed_case(r, "".join(parts)), [changed_case(r, answer) for answer in answers], []


def sentences(r, words, longest):
    parts = []
    for _ in range(r.randrange(6)):
        parts += [r.choice(words) + r.choice(BLANKS) for _ in range(r.randrange(longest))] + [r.choice([".", ". ", ".\n", "..", "", ".5 "])]
    return parts


def rouge_pair(r):
    kind = r.random()
    if kind < 0.1:
        return fuzz.text(r.randrange(10**12)), [fuzz.text(r.randrange(10**12))], []
    if kind < 0.1005:  # about as long as the package can go
        words = COMMON[:r.randrange(1, 20)]
        size = r.randrange(300, 700)
        return tuple(" ".join(r.choice(words) for _ in range(n)) for n in (size, max(1, 990 - size + r.randrange(-3, 4)))), None, []
    words = r.choice([["a", "b"], ["x", "y", "z", "w"], COMMON[:12], COMMON, ["é", "e\u0301", "\ufeff", "\u200b", "a", "A"]])
    parts = sentences(r, words, r.choice([3, 8, 30]))
    answers = ["".join(related(r, parts)) for _ in range(r.choice([1, 1, 1, 3]))]
    return "".join(parts), answers, []


def label(r):
    return "".join(r.choice("abcé ") for _ in range(r.randrange(1, 5)))


def classification_pair(r):
    classes = [label(r) for _ in range(r.randrange(1, 12))]
    classes += [r.choice(classes)[:r.randrange(1, 4)] for _ in range(r.randrange(6))]
    r.shuffle(classes)
    pred = " ".join(r.choice(classes + [label(r)]) for _ in range(r.randrange(8)))
    return pred, [r.choice([r.choice(classes), max(classes, key=len), label(r)])], classes


def number(r):
    return r.choice(["5", "5", "05", "7", "12", "３", "٣", "５", "५", "𝟝", "²", "½", "Ⅴ", "3.5", "1,000", "-5", "1e5", "\U00011f55", "\U0001e4f5", str(r.randrange(40))])


def numbers_text(r, gold):
    return "".join(r.choice([number(r), gold, gold, " ", ", ", "There are ", "Paragraph ", "é", fuzz.character(r)]) for _ in range(r.randrange(10)))


def count_pair(r):
    answers = [number(r) for _ in range(r.choice([1, 1, 2]))]
    return numbers_text(r, answers[0]), answers, []


def retrieval_pair(r):
    gold = r.choice(["5", "05", "12", "３"])
    label = r.choice(["Paragraph ", "Paragraph ", "Paragraph x Paragraph ", "Paragraph  1 Paragraph "])
    return numbers_text(r, gold), [label + gold + r.choice(["", "", "é", " 6"])] + [f"Paragraph {r.randrange(9)}"] * r.randrange(2), []


def code_text(r, size):
    return "".join(r.choice(SYMBOLS if r.random() < 0.9 else fuzz.CODE) for _ in range(size))


def code_pair(r):
    kind = r.random()
    if kind < 0.2:  # few letters: many blocks of one length
        letters = "ab" if r.random() < 0.5 else "abcdé "
        return tuple("".join(r.choice(letters) for _ in range(r.randrange(45))) for _ in range(2)), None, []
    if kind < 0.3:
        return fuzz.text(r.randrange(10**12)), [fuzz.text(r.randrange(10**12))], []
    size = r.choice([3, 10, 25, 80])  # the last reaches 200 characters, from which on some are "popular"
    gold = code_text(r, r.randrange(size)).replace("\n", "")
    pred = "".join(related(r, [gold[i:i + 3] for i in range(0, len(gold), 3)]))
    if r.random() < 0.3:
        pred = code_text(r, r.randrange(8)) + "\n" + pred
    return pred + r.choice(["", "\n" + code_text(r, 5)]), [gold], []


def string_match_pair(r):
    pred, answers, _ = qa_pair(r)
    parts = [pred[i:j] for i, j in (sorted(r.choices(range(len(pred) + 1), k=2)) for _ in range(2))]
    return r.choice(["", " \x01", "\n"]) + pred + r.choice(["", "\x02 ", "\x1f"]), answers + [changed_case(r, part) for part in parts], []


PAIRS = {"qa_f1": qa_pair, "rouge-l": rouge_pair, "classification": classification_pair, "count": count_pair, "retrieval": retrieval_pair, "code_sim": code_pair,
         "string-match": string_match_pair}


def pair(metric, r):
    pred, answers, classes = PAIRS[metric](r)
    if answers is None:
        pred, answer = pred
        answers = [answer]
    plain = lambda text: text.encode("utf-8", "replace").decode()  # no lone surrogates
    return {"metric": metric, "pred": plain(pred), "answers": [plain(answer) for answer in answers], "classes": classes}


def ours(program, pairs, backend):
    lines = "".join(json.dumps(one) + "\n" for one in pairs)
    done = subprocess.run([program, "score", "--pairs", "--code-backend", backend], input=lines.encode(), stdout=subprocess.PIPE, check=True)
    scores = [json.loads(line) for line in done.stdout.decode().split("\n") if line]
    assert len(scores) == len(pairs), f"{program}: {len(pairs)} lines in, {len(scores)} out"
    return scores


def theirs(pairs, backend):
    return [official.score(one["metric"], one["pred"], one["answers"], one["classes"], backend) for one in pairs]


def compare_pairs(program, metric, backend, count, seed):
    r = random.Random(f"{metric} {backend} {seed}")
    wrong, some = 0, 0
    for begin in range(0, count, BATCH):
        pairs = [pair(metric, r) for _ in range(min(BATCH, count - begin))]
        expected = theirs(pairs, backend)
        some += sum(0 < one < 1 for one in expected)
        wrong += fuzz.compare(f"{metric}, {backend}", ours(program, pairs, backend), expected, pairs)
    print(f"{metric}{', ' + backend if metric == 'code_sim' else ''}: {count} pairs, {some} of them neither 0 nor 1, {wrong} differences", flush=True)
    return wrong


def character_pairs(c):
    """Is it a letter, white space, a digit, cased, ignorable for case; and its lower case."""
    yield "qa_f1", f"the{c} x{c}y", [f"{c} x y"]
    yield "qa_f1", f"{c}the z x{c}", [f"z {c.lower()}the x{c.lower()}", f"z x{c.lower()}"]
    yield "qa_f1", f"{c.upper()}z a{c}Σ {c}Σ Σ{c}a Σ{c}", [f"{c}z a{c}ς {c}σ σ{c}a ς{c}", f"{c.lower()}z a{c}σ {c}ς ς{c}a σ{c}"]
    yield "rouge-l", f"x{c}y z", ["x y z"]
    yield "count", f"5{c} {c}", ["5", c]
    yield "string-match", f"{c}x{c}", ["x" + c.lower(), "x" + c.upper(), c]


def compare_characters(program):
    wrong, total, pairs = 0, 0, []
    for code in [*range(0xd800), *range(0xe000, 0x34000), *range(0xe0000, 0xe1000), *range(0xf0000, 0xf0010), 0x10ffff]:
        pairs += [{"metric": metric, "pred": pred, "answers": answers, "classes": []} for metric, pred, answers in character_pairs(chr(code))]
        if len(pairs) < 3 * BATCH and code != 0x10ffff:
            continue
        wrong += fuzz.compare("characters", ours(program, pairs, "difflib"), theirs(pairs, "difflib"), pairs)
        total += len(pairs)
        pairs = []
    print(f"characters: {total} pairs, {wrong} differences", flush=True)
    return wrong


def prediction(metric, r):
    one = pair(metric, r)
    line = {"pred": r.choice(["", "\n", "\n\n"]) + one["pred"] + r.choice(["", "\n", "\nmore"]), "answers": one["answers"], "all_classes": one["classes"] or None,
            "length": r.choice([r.randrange(20000), r.randrange(20000), 3999, 4000, 7999, 8000])}
    if r.random() < 0.05:  # half a character, as some write it
        line["pred"] += "\ud83d" if r.random() < 0.5 else "\udc00 \ud83d\ud83d"
        line["answers"].append("\ud83d")
    return line


def compare_folders(program, count, seed):
    r = random.Random(f"folders {seed}")
    wrong = 0
    for _ in range(count):
        e, backend = r.random() < 0.5, r.choice(list(official.BACKENDS))
        expected = {}
        with tempfile.TemporaryDirectory() as folder:
            for dataset in r.sample(sorted(official.METRICS), r.randint(1, 16)):
                lines = [prediction(official.METRICS[dataset], r) for _ in range(r.choice([1, 5, 9, 30, 200, 300]))]
                if dataset == "passage_retrieval_en":
                    for line in lines:
                        line["answers"] = line["answers"][:1]
                with open(f"{folder}/{dataset}.jsonl", "w") as file:
                    file.writelines(json.dumps(line) + "\n" for line in lines)
                expected[dataset] = official.task_score(dataset, lines, e, backend)
            command = [program, "score", folder, "--code-backend", backend] + ["--e"] * e
            done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
        wrong += fuzz.compare("folder", [done.stdout.decode()], [json.dumps(dict(sorted(expected.items())), indent=4) + "\n"], [command])
    print(f"folders: {count} scored, {wrong} differences", flush=True)
    return wrong


def write():
    """Cases by hand, then a few small random ones of each metric."""
    long = " ".join(f"w{i}" for i in range(495))
    cases = [("qa_f1", "The  answer: Paris, France!", ["paris"]), ("qa_f1", "the", ["an"]), ("qa_f1", "ΟΔΥΣΣΕΥΣ ΣΑΣ'Α İ", ["οδυσσευς σας'α i̇"]), ("qa_f1", "x\xa0y\u200bz", ["x yz"]),
             ("rouge-l", long, [" ".join(f"v{i}" for i in range(495))]), ("rouge-l", long, [" ".join(f"v{i}" for i in range(496))]), ("rouge-l", "the cat sat. ", ["the cat sat."])]
    pairs = [{"metric": metric, "pred": pred, "answers": answers, "classes": []} for metric, pred, answers in cases]
    for metric in PAIRS:
        r, kept = random.Random(f"golden {metric}"), []
        while len(kept) < 14:
            one = pair(metric, r)
            if len(json.dumps(one)) < 400 and 0 < official.score(one["metric"], one["pred"], one["answers"], one["classes"]) < 1:
                kept.append(one)
        pairs += kept
    rows = [{**one, "backend": backend, "score": official.score(one["metric"], one["pred"], one["answers"], one["classes"], backend)}
            for one in pairs for backend in (official.BACKENDS if one["metric"] == "code_sim" else ["difflib"])]
    with open(os.path.join(HERE, "longbench_scores.json"), "w") as file:
        file.write("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default="build/release/smooth-data")
    parser.add_argument("--pairs", type=int, default=200000)
    parser.add_argument("--folders", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", choices=PAIRS)
    parser.add_argument("--characters", action="store_true")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    if options.write:
        write()
    wrong = 0
    for metric in PAIRS if options.only is None else [options.only]:
        for backend in official.BACKENDS if metric == "code_sim" else ["difflib"]:
            wrong += compare_pairs(options.program, metric, backend, options.pairs, options.seed)
    wrong += compare_folders(options.program, options.folders, options.seed)
    if options.characters:
        wrong += compare_characters(options.program)
    sys.exit(wrong > 0)


main()
