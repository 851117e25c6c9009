"""Databases copied from a template: in memory where this machine has room for them, for they are gone soon.

A copy is near a thousand small files. Where hundreds of copies come and go, a disk's file system spends more time on finding places
for the next files than PostgreSQL does on all queries (ext4 passes over whatever was deleted in the last minutes).
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from psycopg import sql

if TYPE_CHECKING:
    import psycopg

PREFIX = "tieout_test_"
#: Where Linux keeps files in memory.
MEMORY = Path("/dev/shm")
#: Bytes that have to be free there: what all processes' copies of one run need, four times over.
ROOM = 2_000_000_000


def copy(server: psycopg.Connection[Any], name: str, template: str, *, kept: bool = False) -> None:
    """A database like the template. ``kept``: it outlives this process, so it goes where the others are."""
    where = "pg_default" if kept else _place(server)
    server.execute(
        sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy TABLESPACE {}").format(
            sql.Identifier(name), sql.Identifier(template), sql.Identifier(where)
        )
    )


def drop(server: psycopg.Connection[Any], name: str) -> None:
    server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def alive(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True


def leave(server: psycopg.Connection[Any], pid: str = "") -> None:
    """Give back the memory that this process's copies were in, or those of one that is gone; drops what is left in it."""
    name = f"{PREFIX}{pid or os.getpid()}"
    inside = "SELECT datname FROM pg_database JOIN pg_tablespace s ON s.oid = dattablespace WHERE spcname = %s"
    for (database,) in server.execute(inside, [name]).fetchall():
        drop(server, database)
    server.execute(sql.SQL("DROP TABLESPACE IF EXISTS {}").format(sql.Identifier(name)))
    shutil.rmtree(MEMORY / name, ignore_errors=True)


def sweep(server: psycopg.Connection[Any]) -> None:
    """Give back the memory of processes that were killed."""
    for (name,) in server.execute("SELECT spcname FROM pg_tablespace WHERE spcname LIKE %s", [PREFIX + "%"]).fetchall():
        pid = name.removeprefix(PREFIX)
        if not alive(pid):
            leave(server, pid)


def _place(server: psycopg.Connection[Any]) -> str:
    """This process's own tablespace, made when it is first asked for."""
    name = f"{PREFIX}{os.getpid()}"
    if server.execute("SELECT 1 FROM pg_tablespace WHERE spcname = %s", [name]).fetchone():
        return name
    data = Path(settings.VAR) / "postgres"
    (found,) = server.execute("SHOW data_directory").fetchone() or ("",)
    is_here = data.is_dir() and data.samefile(found) if Path(found).is_dir() else False
    if not is_here or not os.access(MEMORY, os.W_OK) or shutil.disk_usage(MEMORY).free < ROOM:
        return "pg_default"
    folder = MEMORY / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    if os.geteuid() == 0:
        os.chown(folder, data.stat().st_uid, -1)  # root's server runs as another user
    server.execute(sql.SQL("CREATE TABLESPACE {} LOCATION {}").format(sql.Identifier(name), sql.Literal(str(folder))))
    return name
