"""One peer, once: loads the model, takes a prompt in once for the caches, then times it. Prints a JSON object.

Run: python tests/bench/peer.py transformers|llama.cpp|rwkv prefill|decode|logits MODEL float32|bfloat16 THREADS PROMPT TOKENS
MODEL is what tests/bench/peer_models.py made. `logits` prints the logits after the prompt instead.
"""
import json
import os
import sys
import time

THREADS = sys.argv[5]
os.environ["OMP_NUM_THREADS"] = THREADS
os.environ.update({"RWKV_V7_ON": "1", "RWKV_JIT_ON": "1", "RWKV_CUDA_ON": "0", "HF_HUB_OFFLINE": "1"})
import numpy as np  # noqa: E402  (reads the variable above)
import torch  # noqa: E402

torch.set_num_threads(int(THREADS))
torch.set_grad_enabled(False)


class Transformers:
    def __init__(self, model, dtype):
        from transformers import AutoModelForCausalLM
        self.model = AutoModelForCausalLM.from_pretrained(model, dtype=getattr(torch, dtype))

    def begin(self):
        self.past = None

    def feed(self, ids):
        with torch.inference_mode():
            out = self.model(torch.tensor([ids]), past_key_values=self.past, use_cache=True, logits_to_keep=1)
        self.past = out.past_key_values
        return out.logits[0, -1].float().numpy()


class LlamaCpp:
    def __init__(self, model, dtype):
        import llama_cpp
        self.lib = llama_cpp
        quiet = llama_cpp.llama_log_callback(lambda *_: None)
        llama_cpp.llama_log_set(quiet, None)
        self.quiet = quiet
        self.model = llama_cpp.llama_model_load_from_file((model + ".gguf").encode(), llama_cpp.llama_model_default_params())
        settings = llama_cpp.llama_context_default_params()
        settings.n_ctx, settings.n_batch, settings.n_ubatch = 4096, 4096, 512
        settings.n_threads = settings.n_threads_batch = int(THREADS)
        self.context = llama_cpp.llama_init_from_model(self.model, settings)
        self.vocab = llama_cpp.llama_vocab_n_tokens(llama_cpp.llama_model_get_vocab(self.model))

    def begin(self):
        self.lib.llama_memory_clear(self.lib.llama_get_memory(self.context), True)

    def feed(self, ids):
        tokens = (self.lib.llama_token * len(ids))(*ids)
        assert self.lib.llama_decode(self.context, self.lib.llama_batch_get_one(tokens, len(ids))) == 0
        return np.ctypeslib.as_array(self.lib.llama_get_logits_ith(self.context, -1), (self.vocab,))


class Rwkv:
    def __init__(self, model, dtype):
        from rwkv.model import RWKV
        self.model = RWKV(model=model, strategy="cpu " + {"float32": "fp32", "bfloat16": "bf16"}[dtype])

    def begin(self):
        self.state = None

    def feed(self, ids):
        logits, self.state = self.model.forward(ids, self.state)
        return logits.float().numpy()


def prompt_of(count, vocab=65000):
    return [int(x) for x in np.random.RandomState(7).randint(0, vocab, count)]


def main():
    program, what, model, dtype, _, prompt, tokens = sys.argv[1:8]
    stdout, sys.stdout = sys.stdout, sys.stderr  # some of them talk
    peer = {"transformers": Transformers, "llama.cpp": LlamaCpp, "rwkv": Rwkv}[program](model, dtype)
    ids, seconds = prompt_of(int(prompt)), {}
    for _ in range(2):
        peer.begin()
        begin = time.perf_counter()
        logits = peer.feed(ids)
        seconds["prefill"] = time.perf_counter() - begin
        if what == "decode":
            begin = time.perf_counter()
            for _ in range(int(tokens)):
                logits = peer.feed([int(logits.argmax())])
            seconds["decode"] = time.perf_counter() - begin
    if what == "logits":
        print(json.dumps([float(x) for x in logits]), file=stdout)
        return
    count = int(prompt) if what == "prefill" else int(tokens)
    print(json.dumps({"program": program, "tokens_per_second": count / seconds[what]}), file=stdout)


if __name__ == "__main__":
    main()
