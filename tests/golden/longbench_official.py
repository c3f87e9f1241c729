"""LongBench's metrics, restated on the packages that its eval.py calls: rouge 1.0.1, fuzzywuzzy 0.18.0, python-Levenshtein 0.27.5,
numpy; on Python 3.11, by whose Unicode the scores go. And RULER's string_match_all.

A module for longbench_scores.py beside this file and for tests/bench/scores_speed.py.
"""
import difflib
import re
import string
import sys
from collections import Counter

import numpy as np
from fuzzywuzzy import StringMatcher, fuzz
from rouge import Rouge

BACKENDS = {"difflib": difflib.SequenceMatcher, "levenshtein": StringMatcher.StringMatcher}
METRICS = {"narrativeqa": "qa_f1", "qasper": "qa_f1", "multifieldqa_en": "qa_f1", "hotpotqa": "qa_f1", "2wikimqa": "qa_f1", "musique": "qa_f1",
           "gov_report": "rouge-l", "qmsum": "rouge-l", "multi_news": "rouge-l", "trec": "classification", "triviaqa": "qa_f1", "samsum": "rouge-l",
           "passage_count": "count", "passage_retrieval_en": "retrieval", "lcc": "code_sim", "repobench-p": "code_sim"}
FIRST_LINE = {"trec", "triviaqa", "samsum"}
BUCKETS = ["0-4k", "4-8k", "8k+"]
NO_PUNCTUATION = str.maketrans("", "", string.punctuation)


def words(text):
    return re.sub(r"\b(?:a|an|the)\b", " ", text.lower().translate(NO_PUNCTUATION)).split()


def qa_f1(pred, gold):
    given, wanted = words(pred), words(gold)
    shared = (Counter(given) & Counter(wanted)).total()
    if shared == 0:
        return 0.0
    p, r = shared / len(given), shared / len(wanted)
    return 2 * p * r / (p + r)


def depth():
    frame, count = sys._getframe(1), 0
    while frame:
        frame, count = frame.f_back, count + 1
    return count


def rouge_l(pred, gold):
    """The package recurses, and eval.py swallows what comes of that: with 1000 calls, of which its metric is the third."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(1000 + depth() - 3)
    try:
        return Rouge().get_scores([pred], [gold], avg=True)["rouge-l"]["f"]
    except (ValueError, RecursionError):
        return 0.0
    finally:
        sys.setrecursionlimit(limit)


def classification(pred, gold, classes):
    found = [name for name in classes if name in pred]
    for name in found:  # while names are taken out of it
        if name != gold and name in gold:
            found.remove(name)
    return 1 / len(found) if gold in found else 0.0


def count(pred, gold):
    numbers = re.findall(r"\d+", pred)
    return numbers.count(gold) / len(numbers) if numbers else 0.0


def retrieval(pred, gold):
    return count(pred, re.search(r"Paragraph (\d+)", gold)[1])


def code_sim(pred, gold, backend):
    lines = (line for line in pred.lstrip("\n").split("\n") if not any(mark in line for mark in ("`", "#", "//")))
    fuzz.SequenceMatcher = BACKENDS[backend]
    return fuzz.ratio(next(lines, ""), gold) / 100


def string_match(pred, answers):
    pred = re.sub(r"[\x00-\x1f]", "\n", pred.strip()).strip().lower()
    return sum(1.0 if answer.lower() in pred else 0.0 for answer in answers) / len(answers)


def compare(metric, pred, gold, classes, backend):
    if metric == "qa_f1":
        return qa_f1(pred, gold)
    if metric == "rouge-l":
        return rouge_l(pred, gold)
    if metric == "classification":
        return classification(pred, gold, classes)
    if metric == "count":
        return count(pred, gold)
    if metric == "retrieval":
        return retrieval(pred, gold)
    return code_sim(pred, gold, backend)


def score(metric, pred, answers, classes=(), backend="difflib"):
    if metric == "string-match":
        return string_match(pred, answers)
    best = 0.0
    for gold in answers:
        best = max(best, compare(metric, pred, gold, classes, backend))
    return best


def sample_score(dataset, line, classes, backend):
    pred = line["pred"].lstrip("\n").split("\n")[0] if dataset in FIRST_LINE else line["pred"]
    return score(METRICS[dataset], pred, line["answers"], classes, backend)


def task_score(dataset, lines, e, backend):
    """What result.json says of a file of predictions."""
    scores = [sample_score(dataset, line, lines[-1]["all_classes"], backend) for line in lines]
    if not e:
        total = 0.0
        for one in scores:  # not sum(), which later versions of Python make more exact
            total += one
        return round(100 * total / len(scores), 2)
    buckets = [[], [], []]
    for line, one in zip(lines, scores):
        buckets[0 if line["length"] < 4000 else 1 if line["length"] < 8000 else 2].append(one)
    return {name: float(round(100 * np.mean(values), 2)) if values else float("nan") for name, values in zip(BUCKETS, buckets)}
