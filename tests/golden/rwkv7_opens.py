"""Trains a small RWKV-7 with this framework and opens it with the software of others: config.json and weights with fla (its
model takes every tensor and lacks none), and, converted to RWKV-LM's .pth, with the package rwkv, whose logits are compared.

Run: python tests/golden/rwkv7_opens.py PROGRAMS [FOLDER]
PROGRAMS is the folder of smooth-data, smooth-train and smooth-eval; FOLDER an RWKV-7 checkpoint, else one is trained. fla's
kernels need a GPU, so nothing is computed with it. Prints one line; exit status 1 on any difference.
"""
import os
import sys
import tempfile
import warnings

warnings.simplefilter("ignore")  # fla warns that there is no GPU
os.environ.update(RWKV_V7_ON="1", RWKV_JIT_ON="0", RWKV_CUDA_ON="0", HF_HUB_OFFLINE="1")
import torch  # noqa: E402
from safetensors import safe_open  # noqa: E402
from safetensors.torch import load_file  # noqa: E402

from transformers_opens import DATA, configured, run  # noqa: E402

TRAIN = """
run: {name}/run
threads: 1
model: {{architecture: rwkv7, hidden_size: 128, num_hidden_layers: 3, intermediate_size: 512, tie_word_embeddings: false}}
data: {{files: [{name}/niah-b.sr.jsonl], tokenizer: {name}/tokenizer, context: 512}}
batch: 1
steps: 20
optim: {{lr: 0.003, warmup_steps: 4}}
"""


def trained(programs, scratch):
    name = os.path.join(scratch, "set")
    configured([f"{programs}/smooth-data", "build"], scratch, DATA.format(name=name, tokenizer="{vocab_size: 700, model_type: bpe}"))
    configured([f"{programs}/smooth-train"], scratch, TRAIN.format(name=name))
    return name + "/run/checkpoints/step-20"


def open_with_fla(folder):
    """How many tensors fla's model has; throws unless they are those of the folder, in name and shape."""
    from fla.models import RWKV7Config, RWKV7ForCausalLM
    config = RWKV7Config.from_pretrained(folder)
    with torch.device("meta"):
        model = RWKV7ForCausalLM(config)
    expected = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    with safe_open(folder + "/model.safetensors", "pt") as file:
        found = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}
    assert found == expected, f"not what fla has: {sorted(set(found.items()) ^ set(expected.items()))}"
    return len(found)


def logits_differ(programs, folder, scratch):
    """Ours from the folder, theirs from the .pth; of the largest logit."""
    from rwkv.model import RWKV
    pth = os.path.join(scratch, "converted")
    run(f"{programs}/smooth-eval", "convert", "--from", folder, "--to", pth + ".pth", "--layout", "blinkdl")
    ids = torch.randint(0, 600, (150,), generator=torch.Generator().manual_seed(1)).tolist()
    with open(scratch + "/ids", "w") as file:
        file.write(" ".join(map(str, ids)))
    run(f"{programs}/smooth-eval", "logits", "--model", folder, "--ids", scratch + "/ids", "--out", scratch + "/out.safetensors")
    ours = load_file(scratch + "/out.safetensors")["logits"]
    theirs, _ = RWKV(model=pth, strategy="cpu fp32").forward(ids, None, full_output=True)
    return ((ours - theirs).abs().max() / theirs.abs().max()).item()


def main():
    programs = sys.argv[1]
    with tempfile.TemporaryDirectory() as scratch:
        folder = sys.argv[2] if len(sys.argv) > 2 else trained(programs, scratch)
        try:
            tensors = f"fla takes all of {open_with_fla(folder)} tensors"
        except ImportError:
            tensors = "fla is not installed"
        difference = logits_differ(programs, folder, scratch)
    print(f"rwkv7: {tensors}, logits differ from the package rwkv's by {difference:.1e} of the largest")
    sys.exit(not difference < 5e-5)


main()
