"""The processes one command starts and stops: each in a group of its own, its output in a log, none left behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self
from urllib.error import URLError
from urllib.request import urlopen

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

WARDEN = Path(__file__).with_name("warden.py")
#: Seconds a child gets after TERM, and after QUIT, before its whole group is killed.
GRACE_SECONDS = (10.0, 3.0)
LAST_LINES = 15


#: A child that ran for this long and was then ended from outside was not at fault: it is started again.
PROVEN_SECONDS = 10.0


class ChildDied(RuntimeError):  # noqa: N818
    """A process ended that should run on; the text has the last lines of its log."""


@dataclass
class Child:
    """One process and where its output goes. ``began`` is of the monotonic clock, in seconds."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path
    command: tuple[str, ...]
    began: float = field(default_factory=time.monotonic)

    @property
    def ending(self) -> str:
        """How it ended, in words."""
        status = self.process.returncode
        return f"was ended by signal {-status}" if status < 0 else f"ended with status {status}"

    def last_lines(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines()
        return "\n".join(f"    {line}" for line in lines[-LAST_LINES:])


@dataclass
class Family:
    """All processes of one run. Use as a context: leaving it, however that happens, stops them all."""

    logs: Path
    environment: Mapping[str, str]
    children: list[Child] = field(default_factory=list)
    _warden: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.logs.mkdir(parents=True, exist_ok=True)
        self._warden = subprocess.Popen(  # noqa: S603 (our own file)
            [sys.executable, str(WARDEN)], stdin=subprocess.PIPE, cwd="/", start_new_session=True
        )
        return self

    def __exit__(self, *_exception: object) -> None:
        self.stop()

    def start(self, name: str, *command: str) -> Child:
        """Start a process; its log begins anew, that of the run before is kept as ``<name>.log.1``."""
        log = self.logs / f"{name}.log"
        if log.exists():
            log.replace(log.with_suffix(".log.1"))
        with log.open("wb") as out:
            process = subprocess.Popen(  # noqa: S603 (the commands are those of the run command)
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env=dict(self.environment),
                start_new_session=True,
            )
        child = Child(name, process, log, command)
        self.children.append(child)
        self.tell(f"child {process.pid}")
        return child

    def tell(self, line: str) -> None:
        """Tell the warden; without one (it was killed) the run goes on."""
        if self._warden is not None and self._warden.stdin is not None:
            with suppress(BrokenPipeError):
                self._warden.stdin.write(f"{line}\n".encode())
                self._warden.stdin.flush()

    def check(self) -> None:
        """Raise ChildDied if one is gone."""
        for child in self.children:
            if child.process.poll() is not None:
                raise ChildDied(f"{child.name} {child.ending}; the last of {child.log}:\n{child.last_lines()}")

    def tend(self) -> list[str]:
        """Start again what was ended from outside (by a signal, or asked to stop) after it had proven itself; a line for each.

        Raises ChildDied for what failed by itself or as soon as it ran.

        What one had under way is not lost: jobs are rows whose lease runs out, and each child keeps its state on disk.
        """
        said = []
        for child in list(self.children):
            if child.process.poll() is None:
                continue
            if child.process.returncode > 0 or time.monotonic() - child.began < PROVEN_SECONDS:
                self.check()
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(child.process.pid, signal.SIGKILL)  # what it had started itself
            self.children.remove(child)
            self.tell(f"gone {child.process.pid}")
            self.start(child.name, *child.command)
            said.append(f"{child.name} {child.ending} and was started again; its last words are in {child.log}.1")
        return said

    def wait_until(self, ready: Callable[[], bool], what: str, seconds: float) -> None:
        """Wait for something the children bring about. Raises ChildDied when one dies or it takes too long."""
        ends = time.monotonic() + seconds
        while not ready():
            self.check()
            if time.monotonic() > ends:
                raise ChildDied(f"{what} did not answer within {seconds:.0f} s; see {self.logs}")
            time.sleep(0.1)

    def stop(self) -> None:
        """TERM to each child (never to its group: a worker lets its own finish), then QUIT, then KILL to the group."""
        for number, seconds in zip((signal.SIGTERM, signal.SIGQUIT), GRACE_SECONDS, strict=True):
            left = [child for child in self.children if child.process.poll() is None]
            for child in reversed(left):
                child.process.send_signal(number)
            ends = time.monotonic() + seconds
            for child in left:
                with suppress(subprocess.TimeoutExpired):
                    child.process.wait(max(0.0, ends - time.monotonic()))
        for child in self.children:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(child.process.pid, signal.SIGKILL)
            child.process.wait()
        self.children.clear()
        self._dismiss()

    def _dismiss(self) -> None:
        if self._warden is not None and self._warden.stdin is not None:
            self.tell("done")
            with suppress(BrokenPipeError):
                self._warden.stdin.close()
            self._warden.wait()
            self._warden = None


def is_free(host: str, port: int) -> bool:
    """Whether a server could listen there."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def answers(url: str) -> bool:
    """Whether something answers there without an error."""
    try:
        with urlopen(url, timeout=5) as response:  # noqa: S310 (addresses of this machine, made by the run command)
            return bool(response.status == 200)
    except (URLError, OSError):
        return False
