"""Waits for the run command to end; if it was killed, ends what it had started. Run by path: it needs nothing but Python.

Reads lines on its input: ``child <pid>`` (the leader of a process group), ``gone <pid>`` (it is no longer),
``server <postmaster.pid> <list of users>``, ``done``. The input ends when the run command does, however it does; without
``done`` before that, nobody has tidied up.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

PATIENCE_SECONDS = 8.0


def main() -> None:
    children: list[int] = []
    server: tuple[Path, Path] | None = None
    for line in sys.stdin:
        word, _, rest = line.strip().partition(" ")
        if word == "child":
            children.append(int(rest))
        elif word == "gone":
            children.remove(int(rest))
        elif word == "server":
            pidfile, _, users = rest.partition("\t")
            server = Path(pidfile), Path(users)
        elif word == "done":
            return
    end(children)
    if server is not None:
        stop_server(*server)


def end(children: list[int]) -> None:
    """TERM to each child alone (they stop their own), KILL to the whole group of those that do not listen."""
    for pid in children:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    ends = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < ends and any(alive(pid) for pid in children):
        time.sleep(0.1)
    for pid in children:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def stop_server(pidfile: Path, users: Path) -> None:
    """Stop the embedded server if nobody uses it any more (SIGINT: it ends its sessions and writes everything)."""
    with suppress(FileNotFoundError, ValueError):
        if any(alive(pid) for pid in json.loads(users.read_text())):
            return
        with suppress(ProcessLookupError, PermissionError):
            os.kill(int(pidfile.read_text().splitlines()[0]), signal.SIGINT)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    main()
