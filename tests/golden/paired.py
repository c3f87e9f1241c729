"""Writes paired.json: the paired bootstrap of tests/eval/paired.cpp by Python's own draws and numpy. Run: python3 paired.py (needs numpy)"""
import json
import os
import random

import numpy

DRAWS = 10000


def stream(seed, name):
    """The integer that data/random.cpp seeds a named stream with: seed (8 bytes), name, 1; little endian."""
    return int.from_bytes(seed.to_bytes(8, "little") + name.encode() + b"\1", "little")


def drawn_tasks(n, name):
    r = random.Random(stream(1, "paired " + name))
    return numpy.array([[r._randbelow(n) for _ in range(n)] for _ in range(DRAWS)])


def compare(a, b):
    """Of two [mean, draws]."""
    d = a[1] - b[1]
    ordered = numpy.sort(d)
    beyond = min((d <= 1e-9).sum(), (d >= -1e-9).sum())
    return {"mean": a[0] - b[0], "low": ordered[DRAWS // 40], "high": ordered[DRAWS - 1 - DRAWS // 40], "p": min(1.0, 2 * (1 + beyond) / (1 + DRAWS))}


def main():
    rng = numpy.random.default_rng(5)
    hits = [[float(x) for x in rng.random(40) < share] for share in (0.9, 0.75)]
    graded = [[round(float(x), 4) for x in rng.random(23)], None]
    graded[1] = [min(1.0, max(0.0, round(x + float(rng.normal(0.08, 0.2)), 4))) for x in graded[0]]
    out, means = {"cases": []}, []
    for name, lists in (("hits", hits), ("graded", graded)):
        tasks = drawn_tasks(len(lists[0]), name)
        drawn = [(100 * numpy.mean(scores), 100 * numpy.array(scores)[tasks].mean(axis=1)) for scores in lists]
        means.append(drawn)
        out["cases"].append({"name": name, "scores": lists, "difference": compare(*drawn)})
    both = [((means[0][i][0] + means[1][i][0]) / 2, (means[0][i][1] + means[1][i][1]) / 2) for i in (0, 1)]
    out["mean_of_both"] = compare(*both)
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "paired.json")
    with open(path, "w") as file:
        json.dump(out, file, separators=(",", ":"))
        file.write("\n")


main()
