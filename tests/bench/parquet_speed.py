#!/usr/bin/env python3
"""Raw sets as parquet: how long their rows take to become tasks, beside pyarrow's reading of the same columns alone, one thread, same
run. The files are made up: GovReport (flat) and HotpotQA (nested). Run by hand:

    ninja -C build/release bench_raw && python3 tests/bench/parquet_speed.py [--program build/release/bench_raw]

needs pyarrow from PyPI. Prints one JSON object a set."""
import argparse
import json
import os
import pathlib
import random
import re
import subprocess
import tempfile
import time
from pydoc_data.topics import topics

import pyarrow as pa
import pyarrow.parquet as pq

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--program", default="build/release/bench_raw")
options = parser.parse_args()
draw = random.Random(1)
words = re.findall(r"\b[a-z]+\b", " ".join(topics.values()))


def text(count):
    return " ".join(draw.choices(words, k=count)) + "."


def govreport():
    return pa.table({"report": [text(7000) for _ in range(2000)], "summary": [text(500) for _ in range(2000)]})


def hotpotqa():
    rows = [{"id": str(n), "question": text(15), "answer": text(2), "type": "bridge", "level": "hard", "supporting_facts": {"title": ["a"], "sent_id": [0]},
             "context": {"title": [f"{n} {p}" for p in range(10)], "sentences": [[text(20) + " " for _ in range(4)] for _ in range(10)]}} for n in range(10000)]
    return pa.Table.from_pylist(rows)


COLUMNS = {"govreport": ["report", "summary"], "hotpotqa": ["id", "question", "answer", "context"]}
pa.set_cpu_count(1)
with tempfile.TemporaryDirectory() as scratch:
    for row, make in (("govreport", govreport), ("hotpotqa", hotpotqa)):
        file = pathlib.Path(scratch) / row / "train-00000-of-00001.parquet"
        file.parent.mkdir()
        pq.write_table(make(), file, compression="snappy")
        arrow, ours = [], []
        for _ in range(3):
            begun = time.perf_counter()
            table = pq.read_table(file, columns=COLUMNS[row], use_threads=False)
            arrow.append(time.perf_counter() - begun)
            done = subprocess.run([os.path.abspath(options.program), row, str(file.parent), "1"], stdout=subprocess.PIPE, check=True)
            ours.append(json.loads(done.stdout)["load_seconds"])
        print(json.dumps({"row": row, "file_mb": round(file.stat().st_size / 1e6, 1), "column_mb": round(table.nbytes / 1e6, 1), "arrow_seconds": round(min(arrow), 3), "seconds": round(min(ours), 3)}))
