"""``manage.py run``: the whole house on one machine: database, sandbox, worker with beat, web; the demonstration; serving."""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import ERROR, CheckMessage, Tags, run_checks
from django.core.management import BaseCommand, CommandError, call_command
from django.db import DatabaseError, connections
from kombu import Connection
from kombu.exceptions import OperationalError
from psycopg import OperationalError as DatabaseUnreachable

from config import embedded
from config.demo.progress import heading, stage
from config.processes import ChildDied, Family, answers, is_free

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Iterable, Iterator
    from types import FrameType

    from clients.models import User
    from config.demo.cast import Cast

HOST = "127.0.0.1"
SANDBOX_SECONDS, WEB_SECONDS = 120.0, 60.0


class Command(BaseCommand):
    help = "Start everything on this machine, run the demonstration's month-end, and serve until Ctrl-C."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--once",
            action="store_true",
            help="run the month-end and stop; the exit status says whether everything tied",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, _interrupt)
        try:
            ties = run(once=options["once"])
        except KeyboardInterrupt:
            heading("Stopped.")
            return
        except ChildDied as error:
            raise CommandError(f"tieout: {error}") from error
        if not ties:
            raise CommandError("tieout: not everything ties out")


def run(*, once: bool) -> bool:
    """Start, play, serve. True if everything tied. Raises CommandError, ChildDied, KeyboardInterrupt."""
    heading("Starting")
    port = web_port()
    check_ports(port)
    report(run_checks())
    check_broker()
    check_edition()
    with stage("database") as line:
        line.says(prepare_database())
    report(run_checks(tags=[Tags.database], databases=["default"]))
    with Family(settings.VAR / "log", child_environment()) as family:
        tell_server(family)
        start_children(family, port)
        with stage("sandbox, worker, web") as line, watching(family):
            wait_for(family, port)
            line.says(settings.PUBLIC_URL)
        ties = True
        if settings.DEMO:
            with watching(family):
                cast, ties = demonstrate(once=once)
            if not ties:
                heading("Not everything ties out; what does not is marked above.")
        if not once:
            if settings.DEMO:
                welcome(cast)
            serve(family)
        heading("Stopping")
    return ties


def web_port() -> int:
    """The port to serve on: the public address's own where that is this machine."""
    public = urlsplit(settings.PUBLIC_URL)
    return public.port or settings.PORT if public.hostname in {HOST, "localhost"} else settings.PORT


def check_ports(port: int) -> None:
    """One clear line when a port is taken. Raises CommandError."""
    wanted = [("TIEOUT_PORT", port)]
    if settings.DEMO:
        wanted.append(("TIEOUT_SANDBOX_PORT", settings.SANDBOX_PORT))
    for name, number in wanted:
        if not is_free(HOST, number):
            raise CommandError(f"tieout: setting {name}: port {number} is already in use; choose another, {name}=…")


def check_broker() -> None:
    """One clear line when the broker cannot be reached. Raises CommandError."""
    url = settings.CELERY_BROKER_URL
    if url.startswith("filesystem://"):
        return
    try:
        with Connection(url, connect_timeout=3) as broker:
            broker.ensure_connection(max_retries=1, interval_start=0, timeout=5)
    except (OperationalError, OSError) as error:
        raise CommandError(f"tieout: setting CELERY_BROKER_URL: no broker answers there ({error})") from error
    except (KeyError, ImportError, ValueError) as error:
        raise CommandError(f"tieout: setting CELERY_BROKER_URL: is not the address of a broker ({error})") from error


def prepare_database() -> str:
    """Make and migrate the database; gives where it is. Raises CommandError when it cannot be reached or is another version's."""
    name = "DATABASE_OWNER_URL" if os.environ.get("DATABASE_OWNER_URL") else "DATABASE_URL"
    try:
        call_command("setup_database", verbosity=1, stdout=open(os.devnull, "w"))  # noqa: PTH123, SIM115
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT 1")
    except (DatabaseUnreachable, DatabaseError) as error:
        raise CommandError(f"tieout: setting {name}: {str(error).splitlines()[0]}") from error
    except CommandError as error:
        raise CommandError(f"tieout: {error}{f': rm -rf {settings.VAR}' if is_embedded() else ''}") from error
    return str(settings.VAR / "postgres") if is_embedded() else f"from {name}"


def check_edition() -> None:
    """One clear line when the demonstration's data are of another telling of its story. Raises CommandError."""
    from config.demo import edition

    if settings.DEMO and (problem := edition.problem()):
        raise CommandError(f"tieout: {problem}")


def report(messages: Iterable[CheckMessage]) -> None:
    """What the system checks found, one line for each problem. Raises CommandError if there is one."""
    problems = [message for message in messages if message.level >= ERROR]
    if problems:
        raise CommandError("\n".join(f"tieout: {problem.msg} ({problem.id})" for problem in problems))


def is_embedded() -> bool:
    return not os.environ.get("DATABASE_URL", "").strip()


def child_environment() -> dict[str, str]:
    """What the children are started with: the embedded server's address as any other, so that only we hold it."""
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", "PYTHONUNBUFFERED": "1"}
    if is_embedded():
        environment["DATABASE_URL"] = embedded.address(
            settings.VAR / "postgres", user=settings.DATABASE_APP_ROLE, name="tieout"
        )
    return environment


def tell_server(family: Family) -> None:
    if is_embedded():
        data = settings.VAR / "postgres"
        family.tell(f"server {data / 'postmaster.pid'}\t{data / embedded.USERS}")


def empty_bell() -> None:
    """Take away messages nobody heard in the run before: what is due is rung for anew, and old ones would come first."""
    if settings.CELERY_BROKER_URL.startswith("filesystem://"):
        for message in Path(settings.CELERY_BELL_FOLDER).glob("*.celery.*"):
            message.unlink(missing_ok=True)


def start_children(family: Family, port: int) -> None:
    empty_bell()
    python, manage = sys.executable, str(settings.BASE_DIR / "manage.py")
    if settings.DEMO:
        state = str(settings.VAR / "sandbox")
        family.start("sandbox", python, manage, "sandbox", "--port", str(settings.SANDBOX_PORT), "--state", state)
    working = ("worker", "--beat", "--concurrency=4", "--loglevel=INFO", "--without-gossip", "--without-mingle")
    family.start("worker", python, "-m", "celery", "--app=config", *working)
    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)
    serving = ("--bind", f"{HOST}:{port}", "--workers", "1", "--threads", "8", "--access-logfile", "-")
    family.start("web", python, "-m", "gunicorn", "config.wsgi", *serving)


def wait_for(family: Family, port: int) -> None:
    if settings.DEMO:
        family.wait_until(lambda: answers(f"{settings.SANDBOX_URL}/_control/"), "the sandbox", SANDBOX_SECONDS)
    family.wait_until(lambda: answers(f"http://{HOST}:{port}/health/"), "the web server", WEB_SECONDS)


def demonstrate(*, once: bool) -> tuple[Cast, bool]:
    """Seed the practice and run its month-end; True if every figure tied."""
    from config.demo import cast, story

    with stage("practice, people, clients") as line:
        seeded = cast.seed()
        line.says(seeded.practice.name)
    return seeded, story.play(seeded, once=once)


def welcome(cast: Cast) -> None:
    """Print the address and a way in for each part, good once and for twelve hours."""
    from clients.signin import make_demo_link

    people: tuple[tuple[str, User], ...] = (
        ("Controller", cast.controller),
        ("Bookkeeper", cast.bookkeeper),
        ("Client", cast.client_user),
        ("Admin", cast.admin),
    )
    heading(f"Tieout is at {settings.PUBLIC_URL}. Each link signs in once:")
    for part, user in people:
        print(f"  {part:<11} {user.name:<12} {make_demo_link(user)}", flush=True)
    print("\nMore links: manage.py demo_link <address>. Ctrl-C stops everything.", flush=True)


def serve(family: Family) -> None:
    """Until Ctrl-C, or until a process dies by its own fault; one that was killed is started again."""
    connections.close_all()
    while True:
        for line in family.tend():
            print(line, flush=True)
        time.sleep(0.5)


@contextmanager
def watching(family: Family) -> Iterator[None]:
    """While something else goes on, notice each second whether a process died: ChildDied is raised right there."""

    def look(_number: int, _frame: FrameType | None) -> None:
        family.check()

    before = signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, 1.0, 1.0)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
