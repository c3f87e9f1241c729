#!/usr/bin/env python3
"""The chat teacher's requests in flight, memory and rate, against a server that answers at once, or after a while; and whether a
build that is killed again and again ends in the same bytes. Run by hand, after ./smooth build:

    python3 tests/bench/chat.py [--readings 2000] [--in-flight 256] [--delay 0.2] [--blank-seconds 0] [--kills 20]

The server is this script; the teacher is build/release/tests_data "[.teacher]". Prints one JSON object."""
import argparse
import asyncio
import json
import os
import random
import resource
import signal
import tempfile
import time

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--program", default="build/release/tests_data")
parser.add_argument("--readings", type=int, default=2000)
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


async def start(port, folder, life):
    environment = dict(os.environ, SMOOTH_TEST_URL=f"http://127.0.0.1:{port}", SMOOTH_TEST_CACHE=f"{folder}/cache", SMOOTH_TEST_OUT=f"{folder}/out",
                       SMOOTH_TEST_READINGS=str(options.readings), SMOOTH_TEST_IN_FLIGHT=str(options.in_flight), SMOOTH_TEST_KEY=f"life-{life}", no_proxy="127.0.0.1")
    return await asyncio.create_subprocess_exec(options.program, "[.teacher]", env=environment, stdout=asyncio.subprocess.DEVNULL)


def cached(folder):
    try:
        with open(f"{folder}/cache/answers.jsonl", "rb") as file:
            return sum(line.endswith(b"\n") for line in file)
    except FileNotFoundError:
        return 0


async def main():
    server = Server()
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, backlog=1024, limit=1 << 22)
    port = listening.sockets[0].getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        begun = time.time()
        process = await start(port, f"{folder}/whole", 0)
        if await process.wait():
            raise SystemExit("the teacher failed")
        seconds = time.time() - begun
        requests = len(server.requests)
        result = {"readings": options.readings, "requests": requests, "in_flight": server.most, "seconds": round(seconds, 2), "requests_per_second": round(requests / seconds),
                  "peak_mib": round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024, 1), "distinct": len({body for _, body in server.requests})}
        process = await start(port, f"{folder}/whole", 1)
        begun = time.time()
        await process.wait()
        result.update(seconds_from_cache=round(time.time() - begun, 2), requests_from_cache=len(server.requests) - requests)

        if options.kills:
            server.requests.clear()
            draw, lost = random.Random(5), 0
            for life in range(options.kills):
                before, process = cached(f"{folder}/killed"), await start(port, f"{folder}/killed", life)
                until = len(server.requests) + draw.randint(1, 2 * requests // options.kills)
                while process.returncode is None and len(server.requests) < until:
                    await asyncio.sleep(0.001)
                if process.returncode is None:
                    process.send_signal(signal.SIGKILL)
                await process.wait()
                lost += sum(key == f"Bearer life-{life}" for key, _ in server.requests) - (cached(f"{folder}/killed") - before)
            process = await start(port, f"{folder}/killed", options.kills)
            await process.wait()
            with open(f"{folder}/whole/out", "rb") as whole, open(f"{folder}/killed/out", "rb") as killed:
                same = whole.read() == killed.read()
            # What was in flight at a kill has no answer and is asked again; nothing else is.
            result.update(kills=options.kills, same_bytes=same, lost_in_flight=lost, sent_again=len(server.requests) - requests)
    listening.close()
    print(json.dumps(result))


asyncio.run(main())
