"""Writes ruler/TASK/validation.jsonl with RULER's own scripts/data/synthetic/niah.py, unchanged, for tests/data/ruler.cpp: its eight tasks,
its chat templates, --remove_newline_tab, and a file of the generator of 2024, which left the answer's beginning in `input`.

Run: python3 tests/golden/ruler_jsonl.py RULER
RULER is a git clone of https://github.com/NVIDIA/RULER (with its history); needs wonderwords, nltk, numpy and tqdm. Only its surroundings
are ours: a tokenizer that counts words, sentences that end at a full stop, an essay, and every tenth of wonderwords' words, which sorts faster.
"""
import json
import os
import runpy
import shutil
import subprocess
import sys
import tempfile
import types

import nltk.tokenize
import wonderwords

HERE = os.path.dirname(os.path.abspath(__file__))
COMMITS = {"2026": "c3f5e3b", "2024": "4f6507e"}
ESSAY = " ".join(f"Sentence {a}{b} of the essay stands here,\nand  tells nothing." for a in ("alpha", "beta", "gamma", "delta") for b in range(40))
ALL_WORDS = wonderwords.random_word._get_words_from_text_file
STOCK = {"single_1": ("noise", "words", "numbers", 1, 1, 1), "single_2": ("essay", "words", "numbers", 1, 1, 1),
         "single_3": ("essay", "words", "uuids", 1, 1, 1), "multikey_1": ("essay", "words", "numbers", 4, 1, 1),
         "multikey_2": ("needle", "words", "numbers", 1, 1, 1), "multikey_3": ("needle", "uuids", "uuids", 1, 1, 1),
         "multivalue": ("essay", "words", "numbers", 1, 4, 1), "multiquery": ("essay", "words", "numbers", 1, 1, 4)}


class Words:
    def text_to_tokens(self, text):
        return text.split()


def stubs(folder):
    """What niah.py imports from its surroundings."""
    def write_manifest(path, lines, ensure_ascii=True):
        with open(path, "w", encoding="utf-8") as out:
            for line in lines:
                out.write(json.dumps(line, ensure_ascii=ensure_ascii) + "\n")
    tokenizer = types.ModuleType("tokenizer")
    tokenizer.select_tokenizer = lambda kind, path: Words()
    manifest = types.ModuleType("manifest_utils")
    manifest.write_manifest = write_manifest
    manifest.read_manifest = None
    modules = {"tokenizer": tokenizer, "manifest_utils": manifest}
    for name in ("nemo", "nemo.collections", "nemo.collections.asr", "nemo.collections.asr.parts", "nemo.collections.asr.parts.utils"):
        modules[name] = types.ModuleType(name)
    modules["nemo.collections.asr.parts.utils.manifest_utils"] = manifest
    sys.modules.update(modules)
    wonderwords.random_word._get_words_from_text_file = lambda name: ALL_WORDS(name)[::10]
    nltk.tokenize.sent_tokenize = lambda text: [piece + "." for piece in text.rstrip(".").split(". ")]
    os.makedirs(os.path.join(folder, "json"), exist_ok=True)
    with open(os.path.join(folder, "json", "PaulGrahamEssays.json"), "w") as out:
        json.dump({"text": ESSAY}, out)


def show(ruler, commit, path):
    return subprocess.run(["git", "-C", ruler, "show", f"{commit}:{path}"], check=True, capture_output=True, text=True).stdout


def run(ruler, era, out, task, template="base", remove_newlines=False):
    haystack, key_type, value_type, k, v, q = STOCK[task]
    with tempfile.TemporaryDirectory() as work:
        folder = os.path.join(work, "synthetic")
        stubs(folder)
        for name in ("niah.py", "constants.py"):
            with open(os.path.join(folder, name), "w") as file:
                file.write(show(ruler, COMMITS[era], f"scripts/data/synthetic/{name}"))
        constants = runpy.run_path(os.path.join(folder, "constants.py"))["TASKS"]["niah"]
        templates = {}
        exec(show(ruler, COMMITS[era], "scripts/data/template.py"), templates)
        whole = templates["Templates"][template].format(task_template=constants["template"]) + constants["answer_prefix"]  # as prepare.py
        if era == "2024" and haystack == "noise":
            haystack = "repeat"
        sys.argv = ["niah.py", "--save_dir", work, "--save_name", "made", "--tokenizer_path", "none", "--max_seq_length", "900", "--tokens_to_generate", "128",
                    "--num_samples", "2", "--type_haystack", haystack, "--type_needle_k", key_type, "--type_needle_v", value_type, "--num_needle_k", str(k),
                    "--num_needle_v", str(v), "--num_needle_q", str(q), "--template", whole] + (["--remove_newline_tab"] if remove_newlines else [])
        sys.path.insert(0, folder)
        sys.modules.pop("constants", None)
        runpy.run_path(os.path.join(folder, "niah.py"), run_name="__main__")
        sys.path.remove(folder)
        os.makedirs(os.path.join(HERE, "ruler", out), exist_ok=True)
        shutil.copy(os.path.join(work, "made", "validation.jsonl"), os.path.join(HERE, "ruler", out, "validation.jsonl"))


def main():
    ruler = sys.argv[1]
    shutil.rmtree(os.path.join(HERE, "ruler"), ignore_errors=True)
    for task in STOCK:
        run(ruler, "2026", f"niah_{task}", task)
    run(ruler, "2024", "of_2024", "multivalue")
    run(ruler, "2024", "of_2024_in_meta-chat", "multikey_2", "meta-chat")
    for template in ("meta-chat", "vicuna-chat", "lwm-chat", "command-r-chat", "chatglm-chat", "RWKV", "Phi3", "meta-llama3", "jamba", "nemotron5-instruct"):
        run(ruler, "2026", f"in_{template}", "multikey_2", template)
    run(ruler, "2026", "without_newlines", "multiquery", "RWKV", True)
    run(ruler, "2026", "without_newlines_single", "single_1", "lwm-chat", True)


if __name__ == "__main__":
    main()
