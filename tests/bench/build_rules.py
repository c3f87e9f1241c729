#!/usr/bin/env python3
"""`data build` of the rows that rules write, as configs/data/smooth-reading.yaml has them: 6,667 samples of up to 32k tokens, from raw
sets that are made up in the forms of wikiHow's WikiSum and HotpotQA; with --longbench also 13-grams against a benchmark of LongBench's
size. Run by hand, after ./smooth build:

    python3 tests/bench/build_rules.py --tokenizer DIR [--longbench] [--keep DIR]

DIR is the folder of Qwen2.5's tokenizer with the markers added (./smooth data markers). Prints one JSON object and the
set's statistics."""
import argparse
import json
import os
import pathlib
import random
import re
import resource
import shutil
import subprocess
import tempfile
import time
from pydoc_data.topics import topics

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--tokenizer", required=True)
parser.add_argument("--program", default="build/release/smooth-data")
parser.add_argument("--longbench", action="store_true")
parser.add_argument("--keep", help="folder to work in, kept; a temporary one unless given")
options = parser.parse_args()

NEEDLES = "min_tokens: 4096, max_tokens: 32000, min_chunk: 128, max_chunk: 4096, niah: {haystack: passages, passages: raw/hotpotqa, keys: 1, value_type: uuids}"
CONFIG = f"""
out: set
tokenizer: {{path: {os.path.abspath(options.tokenizer)}}}
max_sample_tokens: 32768
chat_template: qwen2.5
{'decontamination: {benchmark: raw/longbench}' if options.longbench else ''}
rows:
  - {{row: passage-count, samples: 3333, min_chunk: 128, max_chunk: 4096, source: {{path: raw/wikisum}}}}
  - {{row: niah-a, samples: 1667, {NEEDLES}}}
  - {{row: niah-b, samples: 1667, {NEEDLES}}}
"""


class Text:
    """Sentences of the words of Python's own documentation, as frequent as there."""

    def __init__(self, seed):
        self.draw = random.Random(seed)
        self.words = re.findall(r"\b[a-z]+\b", " ".join(topics.values()))

    def sentences(self, count):
        words = self.draw.choices(self.words, k=17 * count)
        return [" ".join(words[17 * i:17 * i + 17]).capitalize() + "." for i in range(count)]


def write_raw(folder):
    text = Text(1)
    for name in ("wikisum", "hotpotqa"):
        (folder / "raw" / name).mkdir(parents=True)
    with open(folder / "raw/wikisum/train.jsonl", "w") as file:
        for article in range(20000):
            paragraphs = [" ".join(text.sentences(8)) for _ in range(4)]
            file.write(json.dumps({"title": f"How to {article}", "text": "\n\n".join(paragraphs), "summary": paragraphs[0]}) + "\n")
    questions = [{"_id": str(n), "question": f"Which is {n}?", "answer": "It.", "type": "bridge", "level": "hard", "supporting_facts": [],
                  "context": [[f"Title {n} {p}", text.sentences(5)] for p in range(10)]} for n in range(10000)]
    (folder / "raw/hotpotqa/hotpot_train_v1.1.json").write_text(json.dumps(questions))


# As many words as LongBench and LongBench-E together.
def write_longbench(folder):
    text = Text(2)
    folder.mkdir()
    for name, samples in (("narrativeqa", 3750), ("qasper_e", 3668)):
        with open(folder / f"{name}.jsonl", "w") as file:
            for sample in range(samples):
                file.write(json.dumps({"input": f"Which is {sample}?", "context": " ".join(text.sentences(450)), "answers": ["It."]}) + "\n")


with tempfile.TemporaryDirectory() as scratch:
    folder = pathlib.Path(options.keep or scratch)
    if not (folder / "raw").exists():
        write_raw(folder)
    if options.longbench and not (folder / "raw/longbench").exists():
        write_longbench(folder / "raw/longbench")
    shutil.rmtree(folder / "set", ignore_errors=True)
    (folder / "data.yaml").write_text(CONFIG)
    begun = time.time()
    subprocess.run([os.path.abspath(options.program), "build", "data.yaml"], cwd=folder, check=True)
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    rows = json.loads((folder / "set/manifest.json").read_text())["rows"]
    print(json.dumps({"samples": sum(row["samples"] for row in rows if row["form"] == "sr"), "seconds": round(time.time() - begun, 1),
                      "processor_seconds": round(usage.ru_utime + usage.ru_stime, 1), "peak_mib": usage.ru_maxrss // 1024,
                      "megabytes": sum(row["bytes"] for row in rows) // 1000000}))
    subprocess.run([os.path.abspath(options.program), "stats", "set"], cwd=folder, check=True)
