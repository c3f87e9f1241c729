"""Evaluates a small model on made LongBench tasks with `longbench.prompts: official`, and does the same with transformers as LongBench's pred.py does it
(restated here): the predictions have to be equal, character for character.

Run: python tests/golden/longbench_pred.py PROGRAMS [--qwen2 DIR]
PROGRAMS is the folder of smooth-data, smooth-train and smooth-eval, DIR one with Qwen2's tokenizer. Prints a line a model; exit status 1 on any difference.
"""
import argparse
import itertools
import json
import os
import random
import shutil
import sys
import tempfile

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from transformers_opens import configured, trained

TASKS = {  # template, tokens of the answer
    "trec": ("What is asked for? {context}\n{input}", 12),
    "samsum": ("Sum up the dialogue. {context}\n\n{input}", 30),
    "lcc": ("Go on: {context}Next line:\n", 20),
    "hotpotqa": ("Answer from these.\n\n{context}\n\n{{One}} or two words: {input}\nAnswer:", 25),
    "gov_report": ("Sum it up: {context}\n", 30),
}
PLAIN = {"trec", "triviaqa", "samsum", "lcc", "repobench-p"}
CHAT = "<|im_start|>user\n%s<|im_end|>\n<|im_start|>assistant\n"
# No two characters that a tokenizer spells as bytes stand side by side: where a cut falls into such a row, `tokenizers` shows every byte of it as U+FFFD,
# SentencePiece, and with it this framework, only those that are no character.
WORDS = "One of the special magic numbers for old cat is: 482. What is all the number mentioned in text? naïve 漢 \U0001f600 <|im_end|> {x} def f(x):".split(" ")
MAX_LENGTH = 71
EVAL = """
out: {out}
threads: 1
benchmark: longbench
longbench: {{path: {scratch}/raw, tasks: [{tasks}], prompts: official, config: {scratch}/config, max_length: {max_length}}}
rows: 4
models:
  - name: one
    checkpoint: {model}
    reading: {{mode: os}}
"""


def write_benchmark(scratch):
    os.makedirs(scratch + "/config")
    os.makedirs(scratch + "/raw")
    for name, column in (("dataset2prompt", 0), ("dataset2maxlen", 1)):
        with open(f"{scratch}/config/{name}.json", "w") as file:
            json.dump({task: entry[column] for task, entry in TASKS.items()}, file)
    r = random.Random(4)
    records = {}
    for task in TASKS:
        for i in range(6):
            context = "".join(r.choice(WORDS) + r.choice([" ", " ", " ", "\n", "  "]) for _ in range(r.choice([5, 30, 90])))
            records[f"{task}{i}"] = {"_id": f"{task}{i}", "input": r.choice(WORDS) + "?", "context": context, "answers": ["x"], "length": 9, "dataset": task, "language": "en",
                                     "all_classes": ["x", "y"]}
        with open(f"{scratch}/raw/{task}.jsonl", "w") as file:
            file.writelines(json.dumps(record) + "\n" for record in records.values() if record["dataset"] == task)
    return records


def pred(model, tokenizer, record):
    task = record["dataset"]
    template, max_gen = TASKS[task]
    prompt = template.format(**record)
    ids = tokenizer(prompt, truncation=False).input_ids
    if len(ids) > MAX_LENGTH:
        half = int(MAX_LENGTH / 2)
        prompt = tokenizer.decode(ids[:half], skip_special_tokens=True) + tokenizer.decode(ids[-half:], skip_special_tokens=True)
    if task not in PLAIN:
        prompt = CHAT % prompt
    inputs = tokenizer(prompt, truncation=False, return_tensors="pt", return_token_type_ids=False)
    length = inputs.input_ids.shape[-1]
    more = {}
    if task == "samsum":  # pred.py names the tokenizer's one end; here they are the model's
        more = {"min_length": length + 1, "eos_token_id": model.generation_config.eos_token_id + [tokenizer.encode("\n", add_special_tokens=False)[-1]]}
    with torch.no_grad():
        output = model.generate(**inputs, max_new_tokens=max_gen, num_beams=1, do_sample=False, temperature=1.0, **more)[0]
    return tokenizer.decode(output[length:], skip_special_tokens=True), length


def compared(programs, scratch, checkpoint, records):
    """How many predictions differ, and how many answers ended before their limit."""
    folder = checkpoint.replace("/", "-").lstrip("-")
    shutil.copytree(checkpoint, f"{scratch}/{folder}")
    tokenizer = AutoTokenizer.from_pretrained(f"{scratch}/{folder}")
    ends = [tokenizer.convert_tokens_to_ids("<|im_end|>"), tokenizer.encode("3", add_special_tokens=False)[-1]]
    with open(f"{scratch}/{folder}/generation_config.json", "w") as file:
        json.dump({"eos_token_id": ends, "pad_token_id": ends[0]}, file)
    model = AutoModelForCausalLM.from_pretrained(f"{scratch}/{folder}", dtype=torch.float32, attn_implementation="eager").eval()
    out = f"{scratch}/out-{folder}"
    configured([f"{programs}/smooth-eval", "eval"], scratch,
               EVAL.format(out=out, scratch=scratch, tasks=", ".join(TASKS), max_length=MAX_LENGTH, model=f"{scratch}/{folder}"))
    wrong = early = 0
    for task in TASKS:
        with open(f"{out}/pred/one/{task}.jsonl") as file:
            lines = [json.loads(line) for line in file]
        assert len(lines) == 6 and not any("error" in line for line in lines)
        for line in lines:
            expected, length = pred(model, tokenizer, records[line["_id"]])
            early += line["decode_tokens"] < TASKS[task][1]
            if line["pred"] != expected or line["prefill_tokens"] != length:
                wrong += 1
                print(f"{line['_id']}: {line['prefill_tokens']} tokens, {line['pred']!r}; expected {length} tokens, {expected!r}")
    return wrong, early


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("programs")
    parser.add_argument("--qwen2")
    options = parser.parse_args()
    failed = False
    with tempfile.TemporaryDirectory() as scratch:
        records = write_benchmark(scratch)
        for checkpoint in itertools.islice(trained(options.programs, scratch, options.qwen2), 1, None, 3):
            wrong, early = compared(options.programs, scratch, checkpoint, records)
            failed |= wrong > 0
            print(f"{os.path.relpath(checkpoint, scratch)}: {wrong} of {len(records)} predictions differ from pred.py's; {early} ended before their limit", flush=True)
    sys.exit(failed)


main()
