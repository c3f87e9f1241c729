"""Do TensorBoard and this run's metrics.jsonl say the same? Prints how many values were compared.

Run: python tests/golden/tensorboard_opens.py RUN     (pip install tensorboard)
"""
import json
import math
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
print(f"{compared} values of {len(events.Tags()['scalars'])} curves are the same")
