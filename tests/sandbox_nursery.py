"""Starts sandboxes quickly: the world is built once, a ward replays a log once, and each sandbox is a fork of its ward.

Lines on stdin, their words parted by tabs: ``open WARD FOLDER`` replays the folder's log ('' for none); ``fork WARD FOLDER`` prints
the pid and the address of one more sandbox, which keeps its log in the folder ('' for nowhere); ``close WARD``. What a sandbox is
told it forgets at its end.
"""

from __future__ import annotations

import gc
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

from werkzeug.serving import make_server

from integrations.sandbox.server import HOST, _QuietHandler, build_app
from integrations.sandbox.state import StateLog

if TYPE_CHECKING:
    from typing import TextIO

app = build_app(seed=7, limits=False)
wards: dict[str, tuple[TextIO, TextIO]] = {}


def log_in(folder: str) -> StateLog:
    return StateLog(Path(folder) if folder else None)


def ward(folder: str) -> tuple[TextIO, TextIO]:
    """A process that knows what the folder's log says: what to ask it through, and where it answers."""
    asked, asking = os.pipe()
    answered, answering = os.pipe()
    if os.fork() == 0:
        os.close(asking)
        os.close(answered)
        for pipes in wards.values():
            for pipe in pipes:
                os.close(pipe.fileno())
        for record in log_in(folder).records():
            app.services[record["provider"]].replay(record)
        gc.freeze()
        for line in os.fdopen(asked):
            os.write(answering, f"{sandbox(line.rstrip())}\n".encode())
        os._exit(0)
    os.close(asked)
    os.close(answering)
    return os.fdopen(asking, "w", buffering=1), os.fdopen(answered)


def sandbox(folder: str) -> str:
    """Pid and address of one more sandbox."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        app.setting.log._path = log_in(folder)._path
        server = make_server(HOST, 0, app, threaded=True, request_handler=_QuietHandler)
        app.setting.base_url = f"http://{HOST}:{server.server_port}"
        os.write(writing, app.setting.base_url.encode())
        os.close(writing)
        server.serve_forever()
    os.close(writing)
    address = os.read(reading, 200).decode()
    os.close(reading)
    return f"{child} {address}"


gc.freeze()
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
commands = os.fdopen(os.dup(0))
os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
for command in commands:
    what, name, folder = command.rstrip("\n").split("\t")
    if what == "open":
        wards[name] = ward(folder)
    elif what == "fork":
        asking, answers = wards[name]
        asking.write(f"{folder}\n")
        print(answers.readline(), end="", flush=True)
    elif what == "close":
        for pipe in wards.pop(name):
            pipe.close()
