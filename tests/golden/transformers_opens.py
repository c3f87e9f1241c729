"""Opens model folders that this framework wrote with transformers, exactly as they are and without a network, and compares
logits (fp32, eager attention; longer texts than the window too), token ids and decoded texts.

Run: python tests/golden/transformers_opens.py PROGRAMS [FOLDER ...] [--qwen2 DIR] [--texts 3000] [--seed 0]
PROGRAMS is the folder of smooth-data, smooth-train and smooth-eval. FOLDER is a checkpoint of Qwen2's architecture; without
any, small ones are trained: dense and with a window, on a SentencePiece tokenizer of either type and, given --qwen2 (a folder
with Qwen2's tokenizer), on that one with the markers added. Prints a line a folder; exit status 1 on any difference.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile

os.environ["HF_HUB_OFFLINE"] = "1"
import torch  # noqa: E402
from safetensors.torch import load_file  # noqa: E402
from transformers import AutoModelForCausalLM, AutoTokenizer  # noqa: E402
from transformers.utils import logging  # noqa: E402

import fuzz  # noqa: E402

logging.disable_progress_bar()
LENGTHS = (1, 5, 64, 200)
DATA = """
out: {name}
tokenizer: {tokenizer}
rows:
  - row: niah-b
    samples: 40
    min_tokens: 240
    max_tokens: 300
    min_chunk: 48
    max_chunk: 96
    niah: {{keys: 2, digits: 3, adjectives: 8, nouns: 8}}
"""
TRAIN = """
run: {run}
threads: 1
model: {{hidden_size: 32, num_hidden_layers: 2, num_attention_heads: 2, num_key_value_heads: 1, intermediate_size: 64, tie_word_embeddings: {tied}}}
sliding_window: {window}
data: {{files: [{name}/niah-b.sr.jsonl], tokenizer: {tokenizer}, context: 1024}}
batch: 1
steps: 20
optim: {{lr: 0.01, warmup_steps: 4}}
"""


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\nfailed: {done.stderr}")


def configured(program, scratch, text):
    file = os.path.join(scratch, "config.yaml")
    with open(file, "w") as out:
        out.write(text)
    run(*program, file)


def trained(programs, scratch, qwen2):
    """Checkpoints of both windows on each tokenizer, a set of data for each."""
    tokenizers = {"unigram": "{vocab_size: 700}", "bpe": "{vocab_size: 700, model_type: bpe}"}
    if qwen2:
        marked = os.path.join(scratch, "qwen2-tokenizer")
        run(f"{programs}/smooth-data", "markers", "--model", qwen2, "--out", marked)
        tokenizers["qwen2"] = f"{{path: {marked}}}"
    for kind, tokenizer in tokenizers.items():
        name = os.path.join(scratch, kind)
        configured([f"{programs}/smooth-data", "build"], scratch, DATA.format(name=name, tokenizer=tokenizer))
        folder = marked if kind == "qwen2" else name + "/tokenizer"
        for window, tied in (("null", "true"), ("16", "false")):
            checkpoints = f"{name}-{window}"
            configured([f"{programs}/smooth-train"], scratch,
                       TRAIN.format(run=checkpoints, window=window, tied=tied, name=name, tokenizer=folder))
            yield checkpoints + "/checkpoints/step-20"


def logits_differ(programs, folder):
    """The largest difference, by the largest logit, over texts of several lengths."""
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    generator = torch.Generator().manual_seed(1)
    worst = 0.0
    with tempfile.TemporaryDirectory() as scratch:
        for length in LENGTHS:
            ids = torch.randint(0, model.config.vocab_size, (1, length), generator=generator)
            with open(scratch + "/ids", "w") as file:
                file.write(" ".join(map(str, ids[0].tolist())))
            run(f"{programs}/smooth-eval", "logits", "--model", folder, "--ids", scratch + "/ids", "--out", scratch + "/out.safetensors")
            ours = load_file(scratch + "/out.safetensors")["logits"]
            with torch.no_grad():
                theirs = model(ids).logits[0]
            worst = max(worst, ((ours - theirs).abs().max() / theirs.abs().max()).item())
    return worst, getattr(model.config, "sliding_window", None)


def texts_of(folder, count, seed):
    """Fuzzed texts, with the tokens of chat templates strewn in."""
    texts = [fuzz.text(i) for i in range(seed * count, (seed + 1) * count)]
    tokens = ["<CONTINUE>", "<STOP>", "<|im_start|>", "<|im_end|>", "<|im_end", "<s>"]
    return [text if i % 3 else text[:i % 41] + tokens[i % len(tokens)] + text[i % 41:] for i, text in enumerate(texts)]


def tokens_differ(programs, folder, texts, trust):
    """How many ids and decoded texts differ."""
    tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=trust)
    ids = tokenizer(texts, add_special_tokens=False)["input_ids"]
    assert [tokenizer.encode(text) for text in texts[:50]] == ids[:50], "adds tokens of its own"
    program = f"{programs}/smooth-data"
    wrong = fuzz.compare(f"{folder}: ids", fuzz.through(program, "tokenize", folder, texts), ids, texts)
    return wrong + fuzz.compare(f"{folder}: decoded", fuzz.through(program, "detokenize", folder, ids), tokenizer.batch_decode(ids), ids)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("programs")
    parser.add_argument("folders", nargs="*")
    parser.add_argument("--qwen2")
    parser.add_argument("--texts", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    failed = False
    with tempfile.TemporaryDirectory() as scratch:
        for folder in options.folders or trained(options.programs, scratch, options.qwen2):
            difference, window = logits_differ(options.programs, folder)
            texts = texts_of(folder, options.texts, options.seed)
            wrong = tokens_differ(options.programs, folder, texts, False) + tokens_differ(options.programs, folder, texts[:100], True)
            failed |= wrong > 0 or not difference < 5e-5
            print(f"{os.path.relpath(folder, scratch)}: window {window}, logits differ by {difference:.1e} of the largest, "
                  f"{wrong} of {len(texts)} texts differ", flush=True)
    sys.exit(failed)


if __name__ == "__main__":
    main()
