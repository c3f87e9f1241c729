"""Writes the seeds in sentencepiece/: small models, trained by the `sentencepiece` package, with a text and the files beside them.

usage: python3 tests/fuzz/corpus/make.py
"""
import io
import os
import tempfile

import sentencepiece

LINES = ["the cat sat on the mat", "a hat on the cat", "that is that", "\u4e2d\u6587 on 12 mats"] * 5
RULES = "FB01\t66 69\nFF21\t41\n3000\t20\n65 301\tE9\n"  # a ligature, a wide letter, a wide blank, a combining accent


def model(**options):
    out = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter(LINES), model_writer=out, hard_vocab_limit=False, minloglevel=2, **options)
    return out.getvalue()


def save(name, text, config, trained):
    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "sentencepiece")
    with open(os.path.join(folder, name), "wb") as file:
        file.write(text.encode() + b"\n====\n" + config.encode() + b"====\n====\n" + trained)


with tempfile.NamedTemporaryFile("w", suffix=".tsv") as rules:
    rules.write(RULES)
    rules.flush()
    normalised = model(model_type="unigram", vocab_size=60, normalization_rule_tsv=rules.name)
save("normalised", "the \ufb01n \uff21 e\u0301\u3000cat", "", normalised)
save("bpe", "that <x>cat\u4e2d", '{"legacy": false, "added_tokens_decoder": {"40": {"content": "<x>", "lstrip": true}}}\n',
     model(model_type="bpe", vocab_size=40, normalization_rule_name="identity", user_defined_symbols=["<y>", "at"]))
save("bytes", "a \u00e9 \U0001f600", '{"add_prefix_space": false}\n',
     model(model_type="unigram", vocab_size=300, byte_fallback=True, normalization_rule_name="identity", remove_extra_whitespaces=False))
save("words", "the cat sat", "", model(model_type="word", vocab_size=20, normalization_rule_name="identity"))
save("characters", "the cat", "", model(model_type="char", vocab_size=20, normalization_rule_name="identity"))
