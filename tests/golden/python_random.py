"""Writes python_random.json: draws of Python's own `random`, for tests/data/random.cpp. Run: python3 python_random.py"""
import json
import os
import random
import uuid


def stream(seed, name):
    """The integer that data/random.cpp seeds a named stream with: seed (8 bytes), name, 1; little endian."""
    return int.from_bytes(seed.to_bytes(8, "little") + name.encode() + b"\1", "little")


def draws(seed):
    r = random.Random(seed)
    got = {"words": [r.getrandbits(32) for _ in range(3)]}
    got["bits"] = [[k, str(r.getrandbits(k))] for k in (1, 7, 31, 32, 33, 48, 63, 64)]
    got["uniform"] = [r.random().hex() for _ in range(3)]
    got["below"] = [[str(n), str(r._randbelow(n))] for n in (1, 2, 3, 1000, 2**32 - 1, 2**32, 2**32 + 1, 2**63, 2**64 - 1)]
    got["randint"] = [[a, b, r.randint(a, b)] for a, b in ((10**6, 10**7 - 1), (-5, 5), (7, 7), (-(2**63), 2**62))]
    # Both branches of sample() and the sizes where it changes from one to the other.
    sizes = [(40, 4), (21, 5), (22, 5), (85, 6), (86, 6), (40, 40), (277, 40), (278, 40), (18000, 40), (9, 0), (1, 1)]
    got["sample"] = [[n, k, r.sample(range(n), k)] for n, k in sizes]
    items = list(range(50))
    r.shuffle(items)
    got["shuffle"] = items
    got["choice"] = [r.choice(range(617)) for _ in range(5)]
    got["uuids"] = [str(uuid.UUID(int=r.getrandbits(128), version=4)) for _ in range(3)]
    for _ in range(5000):
        r.getrandbits(32)
    got["late"] = r.getrandbits(32)
    return got


def main():
    out = {"seeds": [], "streams": []}
    for seed in (0, 1, 42, 2**32 - 1, 2**32, 123456789012345678, 2**64 - 1):
        out["seeds"].append({"seed": str(seed), "draws": draws(seed)})
    for seed, name in ((42, ""), (42, "a"), (2**64 - 1, "niah/train/4096/17"), (7, "x" * 3000)):
        out["streams"].append({"seed": str(seed), "name": name, "draws": draws(stream(seed, name))})
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "python_random.json")
    with open(path, "w") as file:
        json.dump(out, file, separators=(",", ":"))
        file.write("\n")


main()
