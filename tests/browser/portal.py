"""The real web server on loopback over a copy of the books, a real worker, and the people who use them."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from celery import Celery
from django.conf import settings
from django.core.servers.basehttp import WSGIRequestHandler, WSGIServer
from django.db import connections

from clients.models import User
from tests import builders
from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clients.models import Client
    from tests.browser.march import March

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
SWEEP_SECONDS = 1.0
PATIENCE_SECONDS = 90
#: A browser opens connections before it needs them; each keeps a thread until it is used or closed.
THREADS = 24


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_said: Any) -> None:
        """Say nothing; what a page asked for is in the browser's own record."""


class _Server(WSGIServer):
    """Some threads that stay, as the real server has them: their connections know the tables already.

    Each connection of the browser is closed after its answer, so that none that is idle keeps a thread.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Quiet, allow_reuse_address=False)
        self._threads = ThreadPoolExecutor(THREADS, "portal")
        self._held: set[Any] = set()
        self._busy, self._rest = 0, threading.Condition()

    def set_app(self, application: Any) -> None:
        def counted(environ: Any, start: Any) -> Any:
            self._count(1)
            try:
                return application(environ, start)
            finally:
                self._count(-1)

        super().set_app(counted)

    def _count(self, more: int) -> None:
        with self._rest:
            self._busy += more
            self._rest.notify_all()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._threads.submit(self._answer, request, client_address)

    def _answer(self, request: Any, client_address: Any) -> None:
        try:
            self.finish_request(request, client_address)
        except Exception:  # noqa: BLE001 (the server's own way: it goes on whatever befell one request)
            self.handle_error(request, client_address)
        finally:
            self.shutdown_request(request)
            self._held |= {found.connection for found in connections.all(initialized_only=True) if found.connection}

    def server_close(self) -> None:
        super().server_close()
        # What a page asked for before it was left is answered still; a connection without a question keeps its thread.
        with self._rest:
            self._rest.wait_for(lambda: not self._busy, timeout=PATIENCE_SECONDS)
        self._threads.shutdown(wait=False, cancel_futures=True)
        for held in tuple(self._held):
            held.close()


@dataclass
class Portal:
    """A portal to visit. ``base``: its address. ``broken``: what the server could not answer."""

    march: March
    base: str
    broken: list[str] = field(default_factory=list)

    @property
    def client(self) -> Client:
        """Quillfeather."""
        return self.march.quillfeather

    def quiet(self) -> None:
        """Wait until the worker has nothing to do for Quillfeather."""
        from clients.tenancy import client_context
        from integrations.models import SyncJob

        ends = time.monotonic() + PATIENCE_SECONDS
        while True:
            with client_context(self.client.pk):
                waiting = list(SyncJob.objects.filter(client=self.client, state__in=["due", "leased"]))
            soon = [job for job in waiting if job.state == "leased" or _is_soon(job.run_after)]
            if not soon:
                return
            assert time.monotonic() < ends, [f"{job.kind} {job.state}: {job.problem}" for job in soon]
            time.sleep(0.1)


def _is_soon(at: datetime) -> bool:
    return at.timestamp() - time.time() < 20


@contextmanager
def serving(march: March) -> Iterator[Portal]:
    """The application behind a server of this process, over the database in use."""
    from django.core.signals import got_request_exception
    from django.core.wsgi import get_wsgi_application

    server = _Server()
    server.set_app(get_wsgi_application())
    portal = Portal(march, f"http://127.0.0.1:{server.server_port}")

    def note(request: Any = None, **_more: Any) -> None:
        portal.broken.append(f"{getattr(request, 'path', '')}: {sys.exc_info()[1]!r}")

    got_request_exception.connect(note)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings, "PUBLIC_URL", portal.base)
        # Playwright's own loop runs in this thread; Django would refuse to ask the database beside it.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        thread.start()
        yield portal
        # Beside Playwright's loop this thread has database connections of its own, which nobody else would close.
        connections.close_all()
    server.shutdown()
    server.server_close()
    got_request_exception.disconnect(note)


# ---- the worker ----------------------------------------------------------------------------------------------------------


def _address(user: str, database: str) -> str:
    owner = settings.DATABASES["owner"]
    return f"postgresql://{user}@/{database}?host={quote(str(owner['HOST']), safe='')}&port={owner['PORT']}"


@contextmanager
def working(march: March) -> Iterator[None]:
    """A real worker over a broker of its own; bells rung in this process reach it, and a sweep rings each second."""
    from integrations import jobs

    with tempfile.TemporaryDirectory(prefix="tieout-worker-") as var:
        bell = _bell(Path(var))
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "config.settings_test",
            "DATABASE_URL": _address(settings.DATABASE_APP_ROLE, march.database),
            "DATABASE_OWNER_URL": _address(str(settings.DATABASES["owner"]["USER"]), march.database),
            "TIEOUT_VAR": var,
            "TIEOUT_VAULT_KEY_FILE": str(settings.VAULT_KEY_FILE),
            "TIEOUT_SANDBOX_URL": march.url,
            "PYTHONPATH": str(ROOT),
        }
        log = (Path(var) / "log").open("w+")
        command = [sys.executable, "-m", "celery", "-A", "config", "worker", "--pool", "solo", "-l", "WARNING"]
        quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
        worker = subprocess.Popen(
            [*command, *quiet], cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT, text=True
        )
        over = threading.Event()
        sweeper = threading.Thread(target=_sweep, args=(over,), daemon=True)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(jobs, "ring", lambda job_id, at=None: _ring(bell, job_id, at))
            sweeper.start()
            yield
            over.set()
            sweeper.join()
        worker.kill()
        worker.wait(timeout=10)
        log.seek(0)
        print(log.read()[-4000:])  # pytest shows it beside a failure
        log.close()


def _bell(var: Path) -> Celery:
    folder, control = var / "bell", var / "bell-control"
    for each in (folder, control):
        each.mkdir()
    bell = Celery("bell", broker="filesystem://localhost", set_as_current=False)
    bell.conf.broker_transport_options = {
        "data_folder_in": str(folder), "data_folder_out": str(folder), "control_folder": str(control)
    }  # fmt: skip
    return bell


def _ring(bell: Celery, job_id: int, at: datetime | None) -> None:
    if at is None or at.timestamp() - time.time() < SWEEP_SECONDS:
        bell.send_task("integrations.tasks.ring", (job_id,), ignore_result=True)


def _sweep(over: threading.Event) -> None:
    """What beat does in life, oftener."""
    from integrations import jobs

    while not over.wait(SWEEP_SECONDS):
        jobs.sweep()
    connections.close_all()


# ---- people --------------------------------------------------------------------------------------------------------------


def give_password(person: User) -> User:
    """The demonstration's people have none: they come in by links."""
    person.set_password(builders.PASSWORD)
    person.save(update_fields=["password"])
    return person


def give_factor(person: User) -> User:
    """Password and authenticator app."""
    give_password(person)
    TOTP.activate(person, SECRET)
    return person


def code(secret: str = SECRET, *, after: str = "") -> str:
    """The authenticator's code of this moment, another one than ``after``; waits for the next where it must."""
    while True:
        said = str(format_hotp_value(hotp_value(secret, int(time.time()) // 30)))
        if said != after and time.time() % 30 < 28:
            return said
        time.sleep(0.2)


def cookie(person: User, base: str) -> dict[str, Any]:
    """A session that has shown its second factor just now, as the browser would hold it."""
    from django.test import Client as Browser

    browser = builders.sign_in(Browser(), person)
    name = settings.SESSION_COOKIE_NAME
    return {"name": name, "value": browser.cookies[name].value, "url": base}


def minutes_pass(person: User, minutes: int) -> None:
    """The second factors a person has shown are that much older."""
    for session in _sessions(person):
        for record in session.get("account_authentication_methods", []):
            record["at"] -= minutes * 60
        session.save()


def just_now(person: User) -> None:
    """The second factors a person has shown were shown at this moment."""
    for session in _sessions(person):
        for record in session.get("account_authentication_methods", []):
            record["at"] = time.time()
        session.save()


def _sessions(person: User) -> Iterator[Any]:
    from importlib import import_module

    from allauth.usersessions.models import UserSession

    store = import_module(settings.SESSION_ENGINE).SessionStore
    for row in UserSession.objects.filter(user=person):
        yield store(row.session_key)
