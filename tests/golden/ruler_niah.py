"""Writes ruler_niah.json: tasks made with Python's `random`, drawn in the order of NVIDIA/RULER
scripts/data/synthetic/niah.py (generate_input_output), for tests/data/niah.cpp. Run: python3 tests/golden/ruler_niah.py

Two things differ from RULER: the generator is seeded anew for each task (RULER's runs on from sample to sample), and the
empty pieces around a needle at the first or last sentence are left out (RULER's join leaves stray blanks there). The stream's
name holds the length of the prompt in words, which draws do not change.
"""
import json
import os
import random
import uuid

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


def generate(kind):
    if kind == "numbers":
        return str(random.randint(10**6, 10**7 - 1))
    return str(uuid.UUID(int=random.getrandbits(128), version=4))


def task(case, seed, state):
    k, v, q = case["keys"], case["values"], case["queries"]
    n = case["units"]
    random.seed(state)
    keys, values, needles = [], [], []
    for _ in range(k):
        keys.append(generate(case["key_type"]))
        values.append([])
        for _ in range(v):
            values[-1].append(generate(case["value_type"]))
            needles.append(f"One of the special magic {case['value_type']} for {keys[-1]} is: {values[-1][-1]}.")
    random.Random(seed).shuffle(needles)
    if case["haystack"] == "essays":
        sentences = (ESSAYS * (n // len(ESSAYS) + 1))[:n]
        positions = [0] + sorted(int(n * (depth / 100)) for depth in random.sample(DEPTHS, len(needles))) + [n]
        pieces = []
        for i in range(1, len(positions)):
            pieces.append(" ".join(sentences[positions[i - 1]:positions[i]]))
            if i - 1 < len(needles):
                pieces.append(needles[i - 1])
        context = " ".join(piece for piece in pieces if piece)
    else:
        sentences = [NOISE] * n
        indexes = sorted(random.sample(range(n), len(needles)), reverse=True)
        for index, element in zip(indexes, needles):
            sentences.insert(index, element)
        context = "\n".join(sentences)
    indices = random.sample(range(k), q)
    queries = [keys[i] for i in indices]
    query = ", ".join(queries[:-1]) + ", and " + queries[-1] if q > 1 else queries[0]
    single = q * v == 1
    kind = case["value_type"][:-1] if single else case["value_type"]
    return {"instruction": INSTRUCTION[single].format(t=kind), "context": context,
            "question": QUESTION[single].format(t=kind, query=query), "answers": [a for i in indices for a in values[i]]}


def main():
    shapes = [(1, 1, 1), (4, 1, 1), (1, 4, 1), (4, 1, 4), (5, 2, 2)]
    types = [("numbers", "numbers"), ("uuids", "uuids"), ("uuids", "numbers"), ("numbers", "uuids")]
    out = {"essays": " ".join(ESSAYS), "cases": []}
    for number, (haystack, (k, v, q)) in enumerate([(h, s) for h in ("noise", "essays") for s in shapes]):
        key_type, value_type = types[number % len(types)]
        case = {"haystack": haystack, "keys": k, "values": v, "queries": q, "key_type": key_type, "value_type": value_type,
                "units": {"noise": 12, "essays": 61}[haystack] + number, "seed": 42 + number // 5, "index": number}
        made = task(case, case["seed"], 0)
        case["length"] = len((made["instruction"] + "\n" + made["context"] + "\n" + made["question"]).split())
        name = f"niah/all/{case['length']}/{case['index']}"
        state = int.from_bytes(case["seed"].to_bytes(8, "little") + name.encode() + b"\1", "little")
        out["cases"].append(case | task(case, case["seed"], state))
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "ruler_niah.json")
    with open(path, "w") as file:
        json.dump(out, file, separators=(",", ":"))
        file.write("\n")


main()
