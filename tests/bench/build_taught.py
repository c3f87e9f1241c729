#!/usr/bin/env python3
"""`data build` of a row that a language model teaches, against a server that answers at once, or after a while: requests in flight,
memory and rate; and whether a build that is killed again and again ends in the same bytes. Run by hand, after ./smooth build:

    python3 tests/bench/build_taught.py --tokenizer DIR [--samples 2000] [--in-flight 256] [--delay 0.2] [--blank-seconds 0] [--kills 20]

The server is this script; the raw set is made up, in QMSum's form. Prints one JSON object."""
import argparse
import asyncio
import hashlib
import json
import os
import pathlib
import random
import resource
import signal
import tempfile
import time

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--tokenizer", required=True, help="folder of any tokenizer")
parser.add_argument("--program", default="build/release/smooth-data")
parser.add_argument("--samples", type=int, default=2000)
parser.add_argument("--in-flight", type=int, default=256)
parser.add_argument("--delay", type=float, default=0.2, help="seconds until each answer")
parser.add_argument("--blank-seconds", type=float, default=0, help="of blank lines before every first answer on a connection")
parser.add_argument("--kills", type=int, default=0)
options = parser.parse_args()


class Server:
    def __init__(self):
        self.now = self.most = 0
        self.requests = []  # (life, body)

    async def serve(self, reader, writer):
        first = True
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                fields = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if line)
                body = await reader.readexactly(int(fields["Content-Length"]))
                self.requests.append((fields.get("Authorization"), body))
                self.now += 1
                self.most = max(self.most, self.now)
                await asyncio.sleep(options.delay)
                self.now -= 1
                answer = json.dumps({
                    "choices": [{"message": {"role": "assistant", "content": self.answer(json.loads(body))}, "finish_reason": "stop"}],
                    "usage": {"prompt_tokens": 1000, "completion_tokens": 100},
                }).encode()
                writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                if first:
                    for _ in range(int(options.blank_seconds)):
                        writer.write(b"1\r\n\n\r\n")
                        await asyncio.sleep(1)
                writer.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(answer), answer))
                await writer.drain()
                first = False
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    @staticmethod
    def answer(request):
        asked = request["messages"][-1]["content"]
        word = asked.split(" of the text:\n", 1)[1].split(" ", 1)[0]
        last = "[This was the end" in asked
        return f"Target: first words\nClues: {word}\nReason: It adds {word}.\n" + (f"Answer: {word}\n<STOP>" if last else "<CONTINUE>")


CONFIG = """
out: set
tokenizer: {{path: {tokenizer}}}
teacher: {{base_url: 'http://127.0.0.1:{port}/v1', model: m, key_env: SMOOTH_TEST_KEY, cache: cache, in_flight: {in_flight}, chunk: 200}}
rows: [{{row: qmsum, samples: {samples}, source: {{path: ../qmsum, mean_tokens: 0}}}}]
"""


# Four queries a meeting; meetings of some 700 words, four pieces each.
def write_meetings(folder):
    draw = random.Random(1)
    folder.mkdir(parents=True)
    with open(folder / "train.jsonl", "w") as file:
        for meeting in range((options.samples + 3) // 4):
            turns = [{"speaker": f"S{n % 5}", "content": " ".join(f"w{draw.randint(0, 9999)}" for _ in range(30))} for n in range(20)]
            queries = [{"query": f"What of {n} in {meeting}?", "answer": "It was said.", "relevant_text_span": []} for n in range(4)]
            file.write(json.dumps({"topic_list": [], "general_query_list": queries, "specific_query_list": [], "meeting_transcripts": turns}) + "\n")


async def start(port, folder, life):
    folder.mkdir(exist_ok=True)
    (folder / "data.yaml").write_text(CONFIG.format(tokenizer=os.path.abspath(options.tokenizer), port=port, in_flight=options.in_flight, samples=options.samples))
    environment = dict(os.environ, SMOOTH_TEST_KEY=f"life-{life}", no_proxy="127.0.0.1")
    return await asyncio.create_subprocess_exec(os.path.abspath(options.program), "build", "data.yaml", cwd=folder, env=environment, stderr=asyncio.subprocess.DEVNULL)


# Of every file of the set, manifest and all.
def digest(folder):
    files = sorted(path for path in (folder / "set").iterdir() if path.is_file() and path.name != ".lock")
    return [(path.name, hashlib.sha256(path.read_bytes()).hexdigest()) for path in files]


def cached(folder):
    try:
        with open(folder / "cache/answers.jsonl", "rb") as file:
            return sum(line.endswith(b"\n") for line in file)
    except FileNotFoundError:
        return 0


async def main():
    server = Server()
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, backlog=1024, limit=1 << 22)
    port = listening.sockets[0].getsockname()[1]
    with tempfile.TemporaryDirectory() as scratch:
        whole, killed = pathlib.Path(scratch) / "whole", pathlib.Path(scratch) / "killed"
        write_meetings(pathlib.Path(scratch) / "qmsum")
        begun = time.time()
        process = await start(port, whole, 0)
        if await process.wait():
            raise SystemExit("the build failed")
        seconds = time.time() - begun
        requests = len(server.requests)
        result = {"samples": options.samples, "requests": requests, "in_flight": server.most, "seconds": round(seconds, 2), "requests_per_second": round(requests / seconds),
                  "peak_mib": round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024, 1), "distinct": len({body for _, body in server.requests})}
        (whole / "set/manifest.json").unlink()
        begun = time.time()
        await (await start(port, whole, 1)).wait()
        result.update(seconds_from_cache=round(time.time() - begun, 2), requests_from_cache=len(server.requests) - requests)

        if options.kills:
            server.requests.clear()
            draw, lost = random.Random(5), 0
            for life in range(options.kills):
                before, process = cached(killed), await start(port, killed, life)
                until = len(server.requests) + draw.randint(1, 2 * requests // options.kills)
                while process.returncode is None and len(server.requests) < until:
                    await asyncio.sleep(0.001)
                if process.returncode is None:
                    process.send_signal(signal.SIGKILL)
                await process.wait()
                lost += sum(key == f"Bearer life-{life}" for key, _ in server.requests) - (cached(killed) - before)
            await (await start(port, killed, options.kills)).wait()
            # What was in flight at a kill has no answer and is asked again; nothing else is.
            result.update(kills=options.kills, same_bytes=digest(whole) == digest(killed), lost_in_flight=lost, sent_again=len(server.requests) - requests)
    listening.close()
    print(json.dumps(result))


asyncio.run(main())
