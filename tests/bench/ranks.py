"""The ranks of one run on this machine, as torchrun would start them."""
import os
import socket
import subprocess


def start_ranks(command, ranks, **options):
    """Starts `ranks` processes of `command`, of one thread each; `options` are Popen's."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    shared = dict(os.environ, OMP_NUM_THREADS="1", WORLD_SIZE=str(ranks), MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
    return [subprocess.Popen(command, env=dict(shared, RANK=str(rank), LOCAL_RANK=str(rank)), **options) for rank in range(ranks)]
