"""How fast `smooth-data score` is beside the packages that LongBench's official script calls, on the same predictions, in processor time.

Run: python tests/bench/scores_speed.py [--program build/release/smooth-data] [--share 1] [--rounds 3] [--seed 0]
Makes LongBench's 3,750 predictions, as long as those of a model: answers of the metrics' kinds and sizes, words drawn by Zipf's law.
--share 0.1 takes a tenth of them. Both sides read the files and score them: the program as a process of its own, its start included, the
best of the rounds; the packages once, without their import, and once more by the other backend for code alone. Prints one JSON object
for each code backend. Needs what tests/golden/longbench_official.py names.
"""
import argparse
import json
import os
import pathlib
import random
import resource
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "golden"))
import longbench_official as official  # noqa: E402

# Samples, then words of a prediction, words of an answer, answers: as in published runs.
SIZES = {"narrativeqa": (200, 60, 5, 1), "qasper": (200, 60, 12, 2), "multifieldqa_en": (150, 40, 12, 1), "hotpotqa": (200, 15, 3, 1), "2wikimqa": (200, 15, 3, 1),
         "musique": (200, 15, 3, 1), "gov_report": (200, 380, 550, 1), "qmsum": (200, 120, 65, 1), "multi_news": (200, 350, 260, 1), "trec": (200, 20, 3, 1),
         "triviaqa": (200, 15, 3, 15), "samsum": (200, 60, 20, 1), "passage_count": (200, 10, 1, 1), "passage_retrieval_en": (200, 10, 1, 1), "lcc": (500, 0, 0, 1),
         "repobench-p": (500, 0, 0, 1)}
WORDS = ["".join(random.Random(i).choices("etaoinshrdlucmfw", k=2 + i % 7)) for i in range(5000)]
CODE = ["self", "return", "if", "for", "in", "range", "value", "index", "new", "String", "public", "(", ")", "[", "]", " = ", ".", ", ", "0", "null", "result"]
LABELS = [f"{WORDS[100 + i]} {WORDS[200 + i]}" for i in range(50)]


def prose(r, size):
    """Sentences of about 22 words."""
    words = r.choices(WORDS, weights=[1 / (i + 1) for i in range(len(WORDS))], k=size)
    return " ".join(word + "." if r.random() < 1 / 22 else word for word in words) + "."


def code(r):
    return " " * r.choice([0, 4, 8]) + "".join(r.choices(CODE, k=r.randint(3, 16)))


def answer(r, metric, size):
    if metric == "code_sim":
        return code(r)
    if metric == "classification":
        return r.choice(LABELS)
    if metric in ("count", "retrieval"):
        return ("Paragraph " if metric == "retrieval" else "") + str(r.randint(1, 30))
    return prose(r, max(1, round(size * r.uniform(0.5, 1.5))))


def line(r, dataset):
    _, pred_size, size, count = SIZES[dataset]
    metric = official.METRICS[dataset]
    answers = [answer(r, metric, size) for _ in range(count)]
    pred = "\n".join(code(r) for _ in range(8)) if metric == "code_sim" else prose(r, round(pred_size * r.uniform(0.5, 1.2))) + " " + r.choice(answers)[:40]
    return {"pred": pred, "answers": answers, "all_classes": LABELS if metric == "classification" else None, "length": r.randrange(20000)}


def made(folder, share, seed):
    r = random.Random(seed)
    for dataset, (samples, *_) in SIZES.items():
        with open(f"{folder}/{dataset}.jsonl", "w", encoding="utf-8") as file:
            for _ in range(max(1, round(samples * share))):
                file.write(json.dumps(line(r, dataset), ensure_ascii=False) + "\n")


def theirs(folder, backend, known):
    """dataset -> score and seconds; what does not depend on the backend is taken from `known`."""
    result = {}
    for name in sorted(os.listdir(folder)):
        dataset = name.split(".")[0]
        if dataset in known and official.METRICS[dataset] != "code_sim":
            result[dataset] = known[dataset]
            continue
        start = time.process_time()
        with open(f"{folder}/{name}", encoding="utf-8") as file:
            lines = [json.loads(text) for text in file]
        score = official.task_score(dataset, lines, False, backend)
        result[dataset] = score, time.process_time() - start
    return result


def ours(program, folder, backend, rounds):
    seconds, walls = [], []
    for _ in range(rounds):
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        done = subprocess.run([program, "score", folder, "--code-backend", backend], capture_output=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        walls.append(time.perf_counter() - start)
    return json.loads(done.stdout), min(seconds), min(walls)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default="build/release/smooth-data")
    parser.add_argument("--share", type=float, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        made(folder, options.share, options.seed)
        count = sum(max(1, round(samples * options.share)) for samples, *_ in SIZES.values())
        size, known = sum(os.path.getsize(f"{folder}/{name}") for name in os.listdir(folder)), {}
        for backend in official.BACKENDS:
            known = theirs(folder, backend, known)
            got, fast, wall = ours(options.program, folder, backend, options.rounds)
            slow = sum(seconds for _, seconds in known.values())
            by_metric = {metric: round(sum(seconds for name, (_, seconds) in known.items() if official.METRICS[name] == metric), 2)
                         for metric in dict.fromkeys(official.METRICS.values())}
            print(json.dumps({"backend": backend, "predictions": count, "MB": round(size / 1e6, 1), "seconds": round(fast, 3), "wall seconds": round(wall, 3),
                              "packages' seconds": round(slow, 1), "ratio": round(slow / fast), "predictions/s": round(count / fast), "packages' predictions/s": round(count / slow, 1),
                              "same scores": got == {name: score for name, (score, _) in known.items()}, "packages' seconds by metric": by_metric}), flush=True)


main()
