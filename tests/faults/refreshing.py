"""Many threads that all want the same token renewed at the same moment. Arguments: connection id, rounds, threads."""

from __future__ import annotations

import sys
import threading

import django

django.setup()

from django.db import connections  # noqa: E402

from integrations import syncing, tokens  # noqa: E402

connection_id, rounds, threads = map(int, sys.argv[1:])
problems: list[str] = []


def renew(barrier: threading.Barrier, version: int) -> None:
    barrier.wait()
    try:
        tokens.refresh(connection, failed=version)
    except tokens.RetryLater as error:
        problems.append(str(error))
    finally:
        connections.close_all()


connection = syncing.find(connection_id)
for _round in range(rounds):
    sys.stdin.readline()
    version = tokens.held(connection).version
    print("ready", flush=True)
    sys.stdin.readline()
    barrier = threading.Barrier(threads)
    crowd = [threading.Thread(target=renew, args=(barrier, version)) for _ in range(threads)]
    for thread in crowd:
        thread.start()
    for thread in crowd:
        thread.join()
    print("done", flush=True)
sys.exit("; ".join(problems) or 0)
