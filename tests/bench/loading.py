"""What it costs to load a checkpoint: resident memory at its peak and time, for a random model of Qwen2.5-0.5B's shape in fp32 and
bf16, as safetensors and as torch.save's files, whole and in shards; beside it what Python's safetensors and transformers take.

Run: python tests/bench/loading.py PROGRAM [--dir DIR] [--rounds 3] [--layers 24], PROGRAM being smooth-eval; DIR gets 9 GB and is
emptied again. Each row is `PROGRAM logits` with one id, computed in the file's dtype, unless it says otherwise.
  anon   peak RssAnon of /proc/PID/status, what the process holds of its own, less that of a model of a thousandth the size
  peak   VmHWM, mapped pages of the file included, less the same; both also as a share of the file
  warm   seconds with the file in the page cache, less those of the small model (which pays for starting LibTorch); best of rounds
  cold   the same once after the file was dropped from the cache; `disk` is a plain cold read of the file
Python's rows are the time of the call alone, in a process of its own. Prints one JSON object a row.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

os.environ["HF_HUB_OFFLINE"] = "1"
SHAPE = {"hidden_size": 896, "intermediate_size": 4864, "num_attention_heads": 14, "num_key_value_heads": 2, "vocab_size": 151936}
SMALL = {"hidden_size": 32, "intermediate_size": 64, "num_attention_heads": 2, "num_key_value_heads": 1, "vocab_size": 1024}
IN_PYTHON = {
    "safetensors": "from safetensors.torch import load_file\n[load_file(str(f)) for f in sorted(folder.glob('*.safetensors'))]",
    "transformers": "from transformers import AutoModelForCausalLM\nAutoModelForCausalLM.from_pretrained(folder, dtype='auto')",
}


def made(folder, shape, layers, dtype, kind, shards):
    """The folder of a model with random weights; the size of its files of weights."""
    import torch
    from transformers import Qwen2Config, Qwen2ForCausalLM
    torch.manual_seed(0)
    config = Qwen2Config(**shape, num_hidden_layers=layers, tie_word_embeddings=True, max_position_embeddings=32768, dtype=dtype)
    model = Qwen2ForCausalLM(config).to(getattr(torch, dtype))
    if kind == "safetensors":
        model.save_pretrained(folder, max_shard_size="300MB" if shards else "50GB")
    else:
        config.architectures = ["Qwen2ForCausalLM"]
        config.save_pretrained(folder)
        torch.save({name: value for name, value in model.state_dict().items() if name != "lm_head.weight"}, folder / "pytorch_model.bin")
    return sum(file.stat().st_size for file in files_of(folder))


def files_of(folder):
    return [file for file in folder.iterdir() if file.suffix in (".safetensors", ".bin")]


def drop(folder):
    for file in files_of(folder):
        with open(file, "rb") as handle:
            os.fsync(handle.fileno())
            os.posix_fadvise(handle.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def read(folder):
    begin = time.perf_counter()
    for file in files_of(folder):
        with open(file, "rb", buffering=0) as handle:
            while handle.read(1 << 24):
                pass
    return time.perf_counter() - begin


def watched(command):
    """Seconds, and the peaks of RssAnon and VmHWM in bytes."""
    begin = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    peaks = {"RssAnon": 0, "VmHWM": 0}
    while process.poll() is None:
        try:
            for line in open(f"/proc/{process.pid}/status"):
                name, _, value = line.partition(":")
                if name in peaks:
                    peaks[name] = max(peaks[name], 1024 * int(value.split()[0]))
        except (FileNotFoundError, ProcessLookupError):
            pass
        time.sleep(0.003)
    assert process.returncode == 0, command
    return time.perf_counter() - begin, peaks["RssAnon"], peaks["VmHWM"]


def python_seconds(folder, work):
    code = f"import pathlib, time, torch, transformers, safetensors.torch\nfolder = pathlib.Path({str(folder)!r})\nbegin = time.perf_counter()\n{work}\nprint(time.perf_counter() - begin)"
    return float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()[-1])


def row(program, scratch, folder, size, dtype, small, rounds):
    def once(model):
        return watched([program, "logits", "--model", model, "--ids", scratch / "ids", "--out", scratch / "out.safetensors", "--dtype", dtype])
    drop(folder)
    disk = read(folder)
    drop(folder)
    cold, _, _ = once(folder)
    runs, bases = zip(*[(once(folder), once(small)) for _ in range(rounds)])
    start, anon, peak = (min(base[i] for base in bases) for i in range(3))
    anon, peak = max(run[1] for run in runs) - anon, max(run[2] for run in runs) - peak
    return {"MB": round(size / 1e6), "anon MB": round(anon / 1e6), "anon of file": round(anon / size, 3), "peak MB": round(peak / 1e6), "peak of file": round(peak / size, 3),
            "warm s": round(min(run[0] for run in runs) - start, 2), "cold s": round(cold - start, 2), "disk s": round(disk, 2)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--dir")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--layers", type=int, default=24)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.dir) as name:
        scratch = pathlib.Path(name)
        (scratch / "ids").write_text("1")
        made(scratch / "small", SMALL, 1, "float32", "safetensors", False)
        for dtype, kind, shards in (("float32", "safetensors", False), ("bfloat16", "safetensors", False), ("bfloat16", "safetensors", True), ("bfloat16", "bin", False),
                                    ("float32", "bin", False)):
            folder = scratch / f"{dtype}-{kind}-{shards}"
            folder.mkdir()
            size = made(folder, SHAPE, options.layers, dtype, kind, shards)
            stored = {"file": f"{dtype} {kind}", "files": len(files_of(folder))}
            print(json.dumps({**stored, "in": dtype, **row(options.program, scratch, folder, size, dtype, scratch / "small", options.rounds)}), flush=True)
            if dtype == "bfloat16" and kind == "safetensors" and not shards:
                print(json.dumps({**stored, "in": "float32", **row(options.program, scratch, folder, size, "float32", scratch / "small", options.rounds)}), flush=True)
            for package, work in IN_PYTHON.items():
                if kind == "safetensors":
                    print(json.dumps({**stored, "package": package, "warm s": round(min(python_seconds(folder, work) for _ in range(options.rounds)), 2)}), flush=True)
            subprocess.run(["rm", "-r", folder], check=True)


main()
