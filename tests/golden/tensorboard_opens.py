"""Do TensorBoard and this run's metrics.jsonl, and accuracies.jsonl where it was watched, say the same? Prints how many values were compared.

Run: python tests/golden/tensorboard_opens.py RUN     (pip install tensorboard)
"""
import json
import math
import os
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

run = sys.argv[1]
events = EventAccumulator(run + "/events")
events.Reload()
compared = 0
lines = [json.loads(line) for line in open(run + "/metrics.jsonl")]
for tag in events.Tags()["scalars"]:
    here = {event.step: event.value for event in events.Scalars(tag)}
    name = {"learning_rate": "lr"}.get(tag, tag)
    there = {line["step"]: line[name] for line in lines if name in line}
    if tag == "tokens_per_second":
        there = {line["step"]: line["tokens"] / line["seconds"] for line in lines}
    assert here.keys() == there.keys(), (tag, sorted(here.keys() ^ there.keys()))
    assert len(events.Scalars(tag)) == len(there), f"{tag}: a step is shown twice"
    for step, value in there.items():
        assert math.isclose(here[step], value, rel_tol=1e-6), (tag, step, here[step], value)
        compared += 1
curves = len(events.Tags()["scalars"])

# Every watch has a folder of its own.
there = {}
if os.path.exists(run + "/accuracies.jsonl"):
    for line in map(json.loads, open(run + "/accuracies.jsonl")):
        there.setdefault(f"accuracy/{line['model']}/{line['length']}", {})[line["step"]] = line["score"]
here = {}
for name in sorted(os.listdir(run + "/events")):
    if os.path.isdir(f"{run}/events/{name}"):
        events = EventAccumulator(f"{run}/events/{name}")
        events.Reload()
        for tag in events.Tags()["scalars"]:
            here[tag] = {event.step: event.value for event in events.Scalars(tag)}
            assert len(events.Scalars(tag)) == len(here[tag]), f"{tag}: a step is shown twice"
assert here.keys() == there.keys(), sorted(here.keys() ^ there.keys())
for tag, values in there.items():
    assert here[tag].keys() == values.keys(), (tag, sorted(here[tag].keys() ^ values.keys()))
    for step, value in values.items():
        assert math.isclose(here[tag][step], value, rel_tol=1e-6), (tag, step, here[tag][step], value)
        compared += 1
print(f"{compared} values of {curves + len(here)} curves are the same")
