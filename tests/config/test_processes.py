"""Processes are started in groups of their own, watched, and none is left behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from config.processes import ChildDied, Family, answers, is_free

ROOT = Path(__file__).resolve().parents[2]


def alive(pid: int) -> bool:
    """Whether the process runs; a zombie whose parent is gone does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not (status.exists() and status.read_text().rpartition(")")[2].split()[0] == "Z")


def gone(pid: int, seconds: float = 15) -> bool:
    ends = time.monotonic() + seconds
    while alive(pid) and time.monotonic() < ends:
        time.sleep(0.05)
    return not alive(pid)


def script(text: str) -> tuple[str, str, str]:
    return sys.executable, "-c", textwrap.dedent(text)


SLEEPER = script("import time; time.sleep(60)")
DEAF = script(
    """
    import signal, time
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGQUIT, signal.SIG_IGN)
    print("deaf", flush=True)
    time.sleep(60)
    """
)
PARENT = script(
    """
    import subprocess, sys, time
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    print(child.pid, flush=True)
    time.sleep(60)
    """
)


@pytest.fixture
def family(tmp_path, monkeypatch):
    monkeypatch.setattr("config.processes.GRACE_SECONDS", (0.5, 0.2))
    with Family(tmp_path / "log", os.environ) as running:
        yield running


def said(family, name):
    log = family.logs / f"{name}.log"
    family.wait_until(lambda: log.read_text().strip() != "", name, 10)
    return log.read_text().strip()


def test_leaving_stops_every_child(family):
    pids = [family.start(name, *SLEEPER).process.pid for name in ("one", "two")]
    family.stop()
    assert [alive(pid) for pid in pids] == [False, False]


def test_a_child_that_does_not_listen_is_killed(family):
    child = family.start("deaf", *DEAF)
    said(family, "deaf")
    family.stop()
    assert child.process.returncode == -signal.SIGKILL


def test_the_children_of_a_child_are_not_left_behind(family):
    family.start("parent", *PARENT)
    grandchild = int(said(family, "parent"))
    family.stop()
    assert gone(grandchild)


def test_a_keyboard_interrupt_of_the_terminal_does_not_reach_children(family):
    child = family.start("one", *SLEEPER)
    assert os.getpgid(child.process.pid) != os.getpgid(0)


def test_a_child_that_ends_is_told_with_its_last_lines(family):
    child = family.start("short", *script("raise SystemExit('no such thing as a free port')"))
    child.process.wait(10)
    with pytest.raises(ChildDied, match=r"short ended with status 1(?s:.)*no such thing as a free port"):
        family.check()


def test_a_child_that_was_killed_is_started_again_with_its_children_gone(family, monkeypatch):
    monkeypatch.setattr("config.processes.PROVEN_SECONDS", 0.0)
    other = family.start("other", *SLEEPER)
    child = family.start("parent", *PARENT)
    grandchild = int(said(family, "parent"))
    child.process.kill()
    child.process.wait(10)
    (line,) = family.tend()
    assert line == f"parent was ended by signal 9 and was started again; its last words are in {child.log}.1"
    assert gone(grandchild)
    assert child.log.with_suffix(".log.1").read_text() == f"{grandchild}\n"
    again = next(one for one in family.children if one.name == "parent")
    assert int(said(family, "parent")) != grandchild
    assert [again.process.poll(), other.process.poll(), family.tend()] == [None, None, []]


def test_a_child_that_is_killed_as_soon_as_it_runs_ends_the_run(family):
    family.start("short", *SLEEPER).process.kill()
    family.children[0].process.wait(10)
    with pytest.raises(ChildDied, match="short was ended by signal 9; the last of"):
        family.tend()


def test_a_child_that_fails_by_itself_ends_the_run(family, monkeypatch):
    monkeypatch.setattr("config.processes.PROVEN_SECONDS", 0.0)
    family.start("short", *script("raise SystemExit(3)")).process.wait(10)
    with pytest.raises(ChildDied, match="short ended with status 3; the last of"):
        family.tend()


def test_waiting_ends_when_a_child_dies(family):
    family.start("short", *script("raise SystemExit(3)"))
    with pytest.raises(ChildDied, match="short ended with status 3"):
        family.wait_until(lambda: False, "the web server", 30)


def test_waiting_ends_after_its_time(family):
    family.start("one", *SLEEPER)
    with pytest.raises(ChildDied, match="the web server did not answer"):
        family.wait_until(lambda: False, "the web server", 0.3)


def test_the_log_of_the_run_before_is_kept(family):
    for text in ("first", "second"):
        family.start("speaker", *script(f"print({text!r})")).process.wait(10)
    assert (family.logs / "speaker.log").read_text() == "second\n"
    assert (family.logs / "speaker.log.1").read_text() == "first\n"


def test_nothing_is_left_when_the_run_itself_is_killed(tmp_path):
    code = f"""
        import os, sys, time
        sys.path.insert(0, {str(ROOT)!r})
        from pathlib import Path
        from config.processes import Family
        with Family(Path({str(tmp_path)!r}), os.environ) as family:
            one = family.start("one", sys.executable, "-c", "import time; time.sleep(60)")
            print(one.process.pid, flush=True)
            time.sleep(60)
    """
    run = subprocess.Popen(script(code), stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert run.stdout is not None
    child = int(run.stdout.readline())
    run.kill()
    run.wait(10)
    assert gone(child)


def test_a_taken_port_is_not_free():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert not is_free("127.0.0.1", taken.getsockname()[1])


def test_a_port_nobody_listens_on_is_free():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert is_free("127.0.0.1", port)
    assert not answers(f"http://127.0.0.1:{port}/")
