"""Conversations laid out by the published chat templates (Jinja, through transformers), for tests/data/layout_published.cpp.

Run: python tests/golden/chat_templates.py FIXTURES/tokenizers; needs transformers, jinja2, sentencepiece, and the package rwkv's
tokenizer. Writes chat_templates.json: for each template the text that apply_chat_template gives and, for each tokenizer, its
ids: Qwen's with the two markers after its vocabulary, Llama 2's SentencePiece with them after its own (a part between special
tokens is encoded by itself, with the dummy prefix), RWKV World's with them at 65530 and 65531.
"""
import importlib.metadata
import json
import os
import re
import sys

import sentencepiece
from tokenizers import AddedToken, Tokenizer
from transformers.utils.chat_template_utils import render_jinja_template

HERE = os.path.dirname(os.path.abspath(__file__))
MARKERS = ["<CONTINUE>", "<STOP>"]
SUMMARY = "Target: find the number\nClues: a-b: 17; c: 3\nReason: nothing yet.\n<CONTINUE>"
CONVERSATIONS = [
    [("user", "What is 2 + 2?")],
    [("user", "Chunk one.\nWith two lines."), ("assistant", SUMMARY), ("user", "Chunk two: über, 漢字 😀.")],
    [("user", "one"), ("assistant", SUMMARY), ("user", "two"), ("assistant", SUMMARY), ("user", "three"),
     ("assistant", "Target: t\nClues: \nReason: r\nAnswer: 17\n<STOP>")],
]
# As in the model folders' tokenizer_config.json, without the branches for tools.
TEMPLATES = {
    # Qwen/Qwen2.5-7B-Instruct
    "qwen2.5": """{%- if messages[0]['role'] == 'system' %}
    {{- '<|im_start|>system\n' + messages[0]['content'] + '<|im_end|>\n' }}
{%- else %}
    {{- '<|im_start|>system\nYou are Qwen, created by Alibaba Cloud. You are a helpful assistant.<|im_end|>\n' }}
{%- endif %}
{%- for message in messages %}
    {%- if (message.role == "user") or (message.role == "system" and not loop.first) or (message.role == "assistant") %}
    {{- '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>' + '\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\n' }}
{%- endif %}""",
    # mistralai/Mistral-7B-Instruct-v0.2
    "mistral": "{{ '<s>' }}{% for message in messages %}{% if message['role'] == 'user' %}{{ '[INST] ' + message['content'] + ' [/INST]' }}"
               "{% elif message['role'] == 'assistant' %}{{ ' ' + message['content'] + '</s>' }}{% endif %}{% endfor %}",
    # fla-hub/rwkv7-1.5B-world
    "rwkv-world": "{{ '<|rwkv_tokenizer_end_of_text|>' }}{% for message in messages %}{% if message['role'] == 'user' %}{{ 'User: ' + message['content'] + '\n\n' }}"
                  "{% elif message['role'] == 'assistant' %}{{ 'Assistant: ' + message['content'] + '\n\n' }}{% endif %}{% endfor %}"
                  "{% if add_generation_prompt %}{{ 'Assistant:' }}{% endif %}",
}


def by_parts(text, specials, plain):
    ids = []
    for part in re.split("(" + "|".join(map(re.escape, specials)) + ")", text):
        ids += [specials[part]] if part in specials else plain(part) if part else []
    return ids


def encoders(fixtures):
    qwen = Tokenizer.from_file(os.path.join(fixtures, "qwen2", "tokenizer.json"))
    qwen.add_special_tokens([AddedToken(text, normalized=False) for text in MARKERS])
    llama = sentencepiece.SentencePieceProcessor(model_file=os.path.join(fixtures, "llama_spm", "tokenizer.model"))
    names = {}
    exec(importlib.metadata.distribution("rwkv").locate_file("rwkv/rwkv_tokenizer.py").read_text(), names)
    world = names["TRIE_TOKENIZER"](os.path.join(fixtures, "rwkv_world", "rwkv_vocab_v20230424.txt"))
    return {
        "qwen2.5": lambda text: qwen.encode(text, add_special_tokens=False).ids,
        # The dummy prefix stands for the blank after [/INST] where an answer begins, and is put there by every part.
        "mistral": lambda text: by_parts(text, {"<s>": 1, "</s>": 2, "<CONTINUE>": 32000, "<STOP>": 32001}, llama.encode),
        "rwkv-world": lambda text: by_parts(text, {"<|rwkv_tokenizer_end_of_text|>": 0, "<CONTINUE>": 65530, "<STOP>": 65531}, world.encode),
    }


def main():
    rows = []
    encode = encoders(sys.argv[1])
    for template, jinja in TEMPLATES.items():
        for conversation in CONVERSATIONS:
            messages = [{"role": role, "content": content} for role, content in conversation]
            asks = conversation[-1][0] == "user"
            rendered, _ = render_jinja_template(conversations=[messages], chat_template=jinja, add_generation_prompt=asks)
            rows.append({"template": template, "messages": [content for _, content in conversation], "text": rendered[0], "ids": encode[template](rendered[0])})
    with open(os.path.join(HERE, "chat_templates.json"), "w") as file:
        json.dump(rows, file, separators=(",", ":"))
        file.write("\n")
    print(f"chat templates: {len(rows)} conversations written")


main()
