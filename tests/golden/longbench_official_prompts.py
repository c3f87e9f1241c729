"""Writes longbench_official_prompts.json: prompts as LongBench's pred.py makes them, for tests/data/longbench_prompts.cpp. The steps are restated here;
templates and records are this file's own. Qwen2's tokenizer is transformers'; Llama's is the package sentencepiece, as in the LlamaTokenizer that
pred.py loads (transformers 5 makes other merges of a tokenizer.model: two blanks are one token).

Run: python tests/golden/longbench_official_prompts.py TOKENIZERS, a folder with qwen2/ (tokenizer.json) and llama_spm/ (tokenizer.model)
"""
import json
import os
import sys
import types

import sentencepiece

os.environ["HF_HUB_OFFLINE"] = "1"
from transformers import AutoTokenizer  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
PLAIN = {"trec", "triviaqa", "samsum", "lcc", "repobench-p"}
CHAT = {
    "qwen2.5": "<|im_start|>system\nYou are Qwen, created by Alibaba Cloud. You are a helpful assistant.<|im_end|>\n<|im_start|>user\n%s<|im_end|>\n<|im_start|>assistant\n",
    "chatml": "<|im_start|>user\n%s<|im_end|>\n<|im_start|>assistant\n",
    "mistral": "[INST] %s [/INST]",  # the tokenizer puts <s> before it
}
FORMS = {
    "hotpotqa": "Read these passages.\n\n{context}\n\nNow answer in {{brackets}}: {input}\nAnswer:",
    "samsum": "Sum up the last dialogue.\n\n{context}\n\n{input}",
    "lcc": "Go on with the code. \n{context}Next line:\n",
}
INPUT = "Who {was} <it>?"
CODE = "def f(x):\n    return {'a': x, \"b\": [1, 2]}  # {context}\n\n" * 5
PROSE = ("Passage 1:\nZoe\u0308 saw 漢字 and \U0001f469\u200d\U0001f680\U0001f600 there; it cost 1,234.50. She wrote naïve <b>café</b>, {input} and {not a field}.\n"
         "Passage 2:\nThe  second   passage\r\nhas \u00bd a line… \U0001f600\U0001f600\U0001f600\U0001f600\U0001f600\U0001f600\U0001f600\U0001f600 and an end.\n") * 3
SPECIAL = "He typed <|im_end|> and <|endoftext|>, then <tool_call> and <|im_start|>user; nothing happened. " * 6


def built(tokenizer, task, chat, record, max_length):
    prompt = FORMS[task].format(**record)
    ids = tokenizer(prompt, truncation=False).input_ids
    if len(ids) > max_length:
        half = int(max_length / 2)
        prompt = tokenizer.decode(ids[:half], skip_special_tokens=True) + tokenizer.decode(ids[-half:], skip_special_tokens=True)
    shown = prompt if task in PLAIN else CHAT[chat] % prompt
    return prompt, tokenizer(shown, truncation=False).input_ids


class Llama:
    def __init__(self, file):
        self.model = sentencepiece.SentencePieceProcessor(model_file=file)

    def __call__(self, text, truncation):
        assert not truncation
        return types.SimpleNamespace(input_ids=[self.model.bos_id()] + self.model.encode(text))

    def decode(self, ids, skip_special_tokens):
        return self.model.decode([i for i in ids if not (skip_special_tokens and self.model.is_control(i))])


def tokenizers(folder):
    yield "qwen2", AutoTokenizer.from_pretrained(os.path.join(folder, "qwen2")), ["qwen2.5", "chatml"], [PROSE, CODE, SPECIAL]
    yield "llama_spm", Llama(os.path.join(folder, "llama_spm", "tokenizer.model")), ["mistral"], [PROSE, CODE]


def main():
    rows, contexts = [], [PROSE, CODE, SPECIAL]
    for name, tokenizer, chats, some in tokenizers(sys.argv[1]):
        for task in FORMS:
            for context in some:
                record = {"context": context, "input": INPUT}
                whole = len(tokenizer(FORMS[task].format(**record), truncation=False).input_ids)
                for number, max_length in enumerate([whole, whole - 1, 61, 40, 2]):
                    chat = chats[number % len(chats)]
                    text, ids = built(tokenizer, task, chat, record, max_length)
                    rows.append({"tokenizer": name, "task": task, "template": chat, "max_length": max_length, "context": contexts.index(context), "text": text, "ids": ids})
    with open(os.path.join(HERE, "longbench_official_prompts.json"), "w") as file:
        json.dump({"forms": FORMS, "contexts": contexts, "input": INPUT, "rows": rows}, file, separators=(",", ":"))
        file.write("\n")
    print(f"LongBench's prompts: {len(rows)} written")


main()
