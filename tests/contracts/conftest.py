"""A mock server that answers as a provider's published description says and refuses a request the description does not allow."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parents[2]
CONTRACTS = ROOT.parent / "shared" / "contracts"
PRISM = ROOT / "node_modules/@stoplight/prism-cli/dist/index.js"
SECONDS = 60


def missing() -> str:
    """Why the mock server cannot be started; '' when it can."""
    if not CONTRACTS.is_dir():
        return f"the published contracts are not at {CONTRACTS}"
    if not shutil.which("node"):
        return "node is not installed"
    return "" if PRISM.exists() else "the mock server is not installed: npm ci --ignore-scripts"


def _free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


@contextmanager
def _serving(file: Path, log: Path) -> Iterator[str]:
    port = _free_port()
    command = ["node", str(PRISM), "mock", "--errors", "-h", "127.0.0.1", "-p", str(port), str(file)]
    with log.open("wb") as out:
        server = subprocess.Popen(command, stdout=out, stderr=out, env={**os.environ, "NO_COLOR": "1"})
        try:
            _wait(port, server, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.kill()
            server.wait(timeout=10)


def _wait(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    ends = time.monotonic() + SECONDS
    while time.monotonic() < ends and server.poll() is None:
        try:
            requests.get(f"http://127.0.0.1:{port}/", timeout=2)
        except requests.ConnectionError:
            time.sleep(0.2)
        else:
            return
    raise AssertionError(log.read_text(errors="replace")[-2000:])


@pytest.fixture(scope="session")
def mock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str, Path], str]]:
    """``mock("plaid", file)`` gives the address of a server for that description; one a name and session."""
    folder = tmp_path_factory.mktemp("mock")
    running: dict[str, Any] = {}

    def start(name: str, file: Path) -> str:
        if name not in running:
            serving = _serving(file, folder / f"{len(running)}.log")
            running[name] = (serving, serving.__enter__())
        return str(running[name][1])

    yield start
    for serving, _address in running.values():
        serving.__exit__(None, None, None)
