"""Starts sandboxes quickly: the world is built once, each line on stdin forks one that serves; prints its pid and address.

Arguments: the folder whose log is replayed first ('' for none). What a forked sandbox is told it forgets at its end; the line
may name a folder for it to keep its log in.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from pathlib import Path

from werkzeug.serving import make_server

from integrations.sandbox.server import HOST, _QuietHandler, build_app
from integrations.sandbox.state import StateLog

app = build_app(seed=7, state=Path(sys.argv[1]) if sys.argv[1] else None, limits=False)
gc.freeze()
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
print("ready", flush=True)
for line in sys.stdin:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        log = StateLog(Path(line.strip()) if line.strip() else None)
        app.setting.log._path = log._path
        server = make_server(HOST, 0, app, threaded=True, request_handler=_QuietHandler)
        app.setting.base_url = f"http://{HOST}:{server.server_port}"
        os.write(writing, app.setting.base_url.encode())
        os.close(writing)
        server.serve_forever()
    os.close(writing)
    print(child, os.read(reading, 200).decode(), flush=True)
    os.close(reading)
