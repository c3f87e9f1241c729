"""Writes ruler_niah.json: tasks made with Python's `random`, drawn in the order of NVIDIA/RULER
scripts/data/synthetic/niah.py (generate_input_output), for tests/data/niah.cpp: RULER's eight tasks (scripts/synthetic.yaml), and
other settings. Run: python3 tests/golden/ruler_niah.py

What differs from RULER, on purpose:
- the generator is seeded anew for each task (RULER's runs on from sample to sample), and a second one draws the lines of the needle
  haystack, whose number is not known before the needles' places are drawn;
- the place of a needle among lines is int(lines * random()), the next free line where two would share one, instead of
  sample(range(lines)): equal depths for tokenizers that fill a length with other numbers of lines;
- a key or value that contains another of the task, or is contained in one, is drawn again;
- the words are those of data/words.cpp, not wonderwords';
- the empty pieces around a needle at the first or last sentence are left out (RULER's join leaves stray blanks there).
The stream's name holds the length of the prompt in words, which draws do not change.
"""
import json
import os
import random
import re
import uuid

HERE = os.path.dirname(os.path.abspath(__file__))
DEPTHS = [0, 3, 5, 8, 10, 13, 15, 18, 21, 23, 26, 28, 31, 33, 36, 38, 41, 44, 46, 49,
          51, 54, 56, 59, 62, 64, 67, 69, 72, 74, 77, 79, 82, 85, 87, 90, 92, 95, 97, 100]
NOISE = "The grass is green. The sky is blue. The sun is yellow. Here we go. There and back again."
ESSAYS = [f"Sentence {word} stands here." for word in
          [a + b for a in ("Alpha", "Beta", "Gamma", "Delta", "Eta", "Zeta") for b in ("one", "two", "three", "four", "five", "six", "seven")]]
INSTRUCTION = ["Some special magic {t} are hidden within the following text. Make sure to memorize it. "
               "I will quiz you about the {t} afterwards.",
               "A special magic {t} is hidden within the following text. Make sure to memorize it. "
               "I will quiz you about the {t} afterwards."]
QUESTION = ["What are all the special magic {t} for {query} mentioned in the provided text?",
            "What is the special magic {t} for {query} mentioned in the provided text?"]
NEEDLE = "One of the special magic {type_needle_v} for {key} is: {value}."

# scripts/synthetic.yaml: haystack, type of key and value, k, v, q. niah.py raises k to q.
VARIANTS = {
    "single_1": ("noise", "words", "numbers", 1, 1, 1),
    "single_2": ("essays", "words", "numbers", 1, 1, 1),
    "single_3": ("essays", "words", "uuids", 1, 1, 1),
    "multikey_1": ("essays", "words", "numbers", 4, 1, 1),
    "multikey_2": ("needle", "words", "numbers", 1, 1, 1),
    "multikey_3": ("needle", "uuids", "uuids", 1, 1, 1),
    "multivalue": ("essays", "words", "numbers", 1, 4, 1),
    "multiquery": ("essays", "words", "numbers", 1, 1, 4),
}


def words():
    lists = re.findall(r'split\(R"\((.*?)\)"\)', open(os.path.join(HERE, "../../data/words.cpp")).read(), re.S)
    adjectives, nouns = lists[0].split(), lists[1].split()
    return sorted(f"{adjective}-{noun}" for adjective in adjectives for noun in nouns)


WORDS = words()


def generate_any(draws, kind):
    if kind == "numbers":
        return str(draws.randint(10**6, 10**7 - 1))
    if kind == "words":
        return draws.choice(WORDS)
    return str(uuid.UUID(int=draws.getrandbits(128), version=4))


def generate(draws, kind, taken):
    while True:
        text = generate_any(draws, kind)
        if not any(text in other or other in text for other in taken):
            return text


def lines_of_needles(draws, case, n, count):
    taken = set()
    for _ in range(count):
        line = int(draws.random() * n)
        while line in taken:
            line = (line + 1) % n
        taken.add(line)
    return sorted(taken, reverse=True)


def context_of(case, needles, draws, units, taken):
    n = case["units"]
    if case["haystack"] == "essays":
        sentences = (ESSAYS * (n // len(ESSAYS) + 1))[:n]
        positions = [0] + sorted(int(n * (depth / 100)) for depth in draws.sample(DEPTHS, len(needles))) + [n]
        pieces = []
        for i in range(1, len(positions)):
            pieces.append(" ".join(sentences[positions[i - 1]:positions[i]]))
            if i - 1 < len(needles):
                pieces.append(needles[i - 1])
        return " ".join(piece for piece in pieces if piece)
    sentences = [NOISE] * n
    if case["haystack"] == "needle":
        sentences = []
        for _ in range(n):
            key = generate(units, case["key_type"], taken)
            sentences.append(NEEDLE.format(type_needle_v=case["value_type"], key=key, value=generate(units, case["value_type"], taken)))
    for index, element in zip(lines_of_needles(draws, case, n, len(needles)), needles):
        sentences.insert(index, element)
    return "\n".join(sentences)


def task(case, name):
    seed = case["seed"]
    k, v, q = max(case["keys"], case["queries"]), case["values"], case["queries"]
    draws, units = (random.Random(int.from_bytes(seed.to_bytes(8, "little") + stream.encode() + b"\1", "little")) for stream in (name, name + "/haystack"))
    keys, values, needles, taken = [], [], [], []
    for _ in range(k):
        keys.append(generate(draws, case["key_type"], taken))
        taken.append(keys[-1])
        values.append([])
        for _ in range(v):
            values[-1].append(generate(draws, case["value_type"], taken))
            taken.append(values[-1][-1])
            needles.append(NEEDLE.format(type_needle_v=case["value_type"], key=keys[-1], value=values[-1][-1]))
    random.Random(seed).shuffle(needles)
    context = context_of(case, needles, draws, units, taken)
    indices = draws.sample(range(k), q)
    queries = [keys[i] for i in indices]
    query = ", ".join(queries[:-1]) + ", and " + queries[-1] if q > 1 else queries[0]
    single = q * v == 1
    kind = case["value_type"][:-1] if single else case["value_type"]
    return {"instruction": INSTRUCTION[single].format(t=kind), "context": context,
            "question": QUESTION[single].format(t=kind, query=query), "answers": [a for i in indices for a in values[i]]}


def complete(case):
    made = task(case, "any")
    case["length"] = len((made["instruction"] + "\n" + made["context"] + "\n" + made["question"]).split())
    return case | task(case, f"niah/all/{case['length']}/{case['index']}")


def main():
    shapes = [(1, 1, 1), (4, 1, 1), (1, 4, 1), (4, 1, 4), (5, 2, 2)]
    types = [("numbers", "numbers"), ("uuids", "uuids"), ("uuids", "numbers"), ("numbers", "uuids"), ("words", "words")]
    out = {"essays": " ".join(ESSAYS), "cases": []}
    units = {"noise": 12, "essays": 61, "needle": 30}
    for number, (haystack, (k, v, q)) in enumerate([(h, s) for h in ("noise", "essays", "needle") for s in shapes]):
        key_type, value_type = types[(number + number // 5) % len(types)]
        out["cases"].append(complete({"variant": None, "haystack": haystack, "keys": k, "values": v, "queries": q, "key_type": key_type,
                                      "value_type": value_type, "units": units[haystack] + number, "seed": 42 + number // 5, "index": number}))
    for name, (haystack, key_type, value_type, k, v, q) in VARIANTS.items():
        for index in range(3):
            out["cases"].append(complete({"variant": name, "haystack": haystack, "keys": k, "values": v, "queries": q, "key_type": key_type,
                                          "value_type": value_type, "units": units[haystack] + 5 * index, "seed": 42, "index": index}))
    with open(os.path.join(HERE, "ruler_niah.json"), "w") as file:
        json.dump(out, file, separators=(",", ":"))
        file.write("\n")


main()
