"""The demonstration's two running companies, onboarded once and copied for each test that wants them.

Connected through the sandbox's own consent pages, pulled, mapped and refreshed twice, over real loopback HTTP. What came of it is
kept as a database template and the sandbox's log, keyed by a hash of all code: a copy of both costs a fraction of a second.

``books``: a copy of its own, for tests that talk to the sandbox. ``shelf``: one copy a module, each test rolled back.
"""

from __future__ import annotations

import atexit
import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests
from django.conf import settings as django_settings
from psycopg import sql

from integrations.records import Sale
from tests import copies
from tests.conftest import ROOT, _key, _use
from tests.conftest import template as empty_template

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clients.models import Client, User
    from config.demo.cast import Cast

PREFIX = "tieout_scene_"
CODE = ("clients", "config", "integrations", "ledger")
#: How long a template that is not this code's is left to whoever may be using it.
KEPT_SECONDS = 3600
COMPANIES = ("kestrel", "quillfeather")


def _hash() -> str:
    digest = hashlib.sha256(_key().encode())
    paths = [path for name in CODE for path in sorted((ROOT / name).rglob("*.py"))]
    for path in [*paths, Path(__file__), ROOT / "tests/sandbox_nursery.py"]:
        if "views" not in path.parts:
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


# ---- sandboxes -----------------------------------------------------------------------------------------------------------


class Nursery:
    """Forks sandboxes which all begin at the same state: what the log in a folder says, else nothing but their world."""

    _process: subprocess.Popen[str] | None = None

    def __init__(self, replayed: Path | None = None) -> None:
        self.name = os.urandom(6).hex()
        self._tell("open", replayed)

    def _tell(self, what: str, folder: Path | None = None) -> subprocess.Popen[str]:
        if Nursery._process is None:
            Nursery._process = _start()
        assert Nursery._process.stdin is not None
        Nursery._process.stdin.write(f"{what}\t{self.name}\t{folder or ''}\n")
        Nursery._process.stdin.flush()
        return Nursery._process

    @contextmanager
    def sandbox(self, kept: Path | None = None) -> Iterator[str]:
        """A sandbox of one's own; gives its address."""
        process = self._tell("fork", kept)
        assert process.stdout is not None
        pid, address = process.stdout.readline().split()
        before, django_settings.SANDBOX_URL = django_settings.SANDBOX_URL, address
        try:
            yield address
        finally:
            django_settings.SANDBOX_URL = before
            os.kill(int(pid), signal.SIGKILL)

    def stop(self) -> None:
        self._tell("close")


def _start() -> subprocess.Popen[str]:
    """The process that all sandboxes of this test process come from; it ends with it."""
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "tests/sandbox_nursery.py")],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    atexit.register(process.kill)
    return process


# ---- the template --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Template:
    """A database to copy, and the sandbox's log that belongs to it."""

    database: str
    state: Path


@pytest.fixture(scope="session")
def scene_template(django_db_setup: None, django_db_blocker: Any) -> Template:
    """Both companies with books that are current. Made by the first process that needs it; the others wait."""
    from clients import provisioning

    folder = Path(django_settings.VAR) / "scene"
    folder.mkdir(parents=True, exist_ok=True)
    key = _hash()
    template = Template(PREFIX + key, folder / key)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with provisioning.connect(django_settings.DATABASES["owner"], "postgres") as server:
            names = [row[0] for row in server.execute("SELECT datname FROM pg_database").fetchall()]
            if template.database not in names or not template.state.exists():
                _sweep(server, folder, names)
                copies.drop(server, template.database)
                shutil.rmtree(template.state, ignore_errors=True)
                _make(server, template, django_db_blocker)
    return template


def _sweep(server: Any, folder: Path, names: list[str]) -> None:
    """Drop copies of processes that are gone, and templates nobody used for a while: another run may need a younger one."""
    kept = {PREFIX + path.name for path in folder.iterdir() if time.time() - path.stat().st_mtime < KEPT_SECONDS}
    for name in names:
        tail = name.removeprefix(PREFIX)
        if name == tail or name in kept:
            continue
        if not tail.startswith("copy_"):
            copies.drop(server, name)
            shutil.rmtree(folder / tail, ignore_errors=True)
        elif not copies.alive(tail.split("_")[1]):
            copies.drop(server, name)


def _make(server: Any, template: Template, blocker: Any) -> None:
    building = template.database + "_building"
    copies.drop(server, building)
    copies.copy(server, building, empty_template(), kept=True)
    nursery = Nursery()
    with _using(building, blocker), nursery.sandbox(template.state):
        _onboard()
    nursery.stop()
    server.execute(
        sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(building), sql.Identifier(template.database))
    )


@contextmanager
def _using(name: str, blocker: Any) -> Iterator[None]:
    before = str(django_settings.DATABASES["default"]["NAME"])
    with blocker.unblock():
        _use(name)
        try:
            yield
        finally:
            _use(before)


def _onboard() -> None:
    from config.demo import cast

    with quick():
        everyone = cast.seed()
        for slug in COMPANIES:
            onboard(everyone.clients[slug], everyone)


@contextmanager
def quick() -> Iterator[None]:
    """No bell is rung and no pace is kept: the sandbox has no limits here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("integrations.jobs.ring", lambda *_given: None)
        patch.setattr("integrations.limits.slot", lambda *_given: nullcontext())
        yield


def onboard(client: Client, everyone: Cast) -> None:
    """What ``config.demo.onboard.onboard`` does, without a worker."""
    from clients.tenancy import client_context
    from config.demo import consent, mapping
    from config.demo import onboard as steps
    from integrations.models import SyncJob
    from ledger import bank_intake, mirror, refreshing

    steps.connect_all(client, everyone)
    pull(client)
    _learn()
    with client_context(client.pk):
        books = consent.connection(client, "quickbooks-online")
        assert books is not None
        mirror.take_accounts(client, books)
        bank_intake.take(client)
        mapping.approve_mapping(client, everyone)
        steps.link_banks(client, everyone)
        steps.record_w9s(client, everyone)
        SyncJob.objects.filter(client=client).delete()
    for _run in range(2):
        refreshing.refresh(client.pk)
        _learn()


def _learn() -> None:
    """Let the planner know the tables; in life the server finds the time."""
    from clients import provisioning

    owner = django_settings.DATABASES["owner"]
    with provisioning.connect(owner, str(owner["NAME"])) as database:
        database.execute("ANALYZE")


def pull(client: Client, *slugs: str) -> None:
    """Read every stream of the client's systems (or those named) to its end."""
    from config.demo import consent, stack
    from integrations import registry, syncing

    for slug in slugs or stack.connected(client):
        connection = consent.connection(client, slug)
        assert connection is not None
        for stream in sorted(registry.provider(slug).streams, key=lambda stream: stream.order):
            syncing.pull_stream(connection.pk, stream.name)


# ---- copies --------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def sandbox_nursery(scene_template: Template) -> Iterator[Nursery]:
    """Forks sandboxes that know what the template's books know."""
    nursery = Nursery(scene_template.state)
    yield nursery
    nursery.stop()


@dataclass(frozen=True)
class Scene:
    """A copy to work with. ``url`` is its sandbox's address."""

    cast: Cast
    url: str

    @property
    def kestrel(self) -> Client:
        return self.cast.clients["kestrel"]

    @property
    def quillfeather(self) -> Client:
        return self.cast.clients["quillfeather"]

    def control(self, path: str, **body: Any) -> dict[str, Any]:
        """Tell the sandbox something."""
        answer = requests.post(f"{self.url}/_control/{path}", json=body, timeout=20)
        answer.raise_for_status()
        return dict(answer.json())

    def fault(self, kind: str, *, path: str = "/journalentry|/transfer", times: int = 1, **more: Any) -> None:
        """Arm a fault on the accounting system's writes, or on what is named."""
        given = {"provider": "quickbooks-online", "method": "POST", "path_regex": path, "kind": kind, "times": times}
        self.control("faults", **(given | more))

    def heal(self) -> None:
        requests.delete(f"{self.url}/_control/faults", timeout=20).raise_for_status()


@contextmanager
def copied(template: str, blocker: Any) -> Iterator[str]:
    """A database copied from that one, in use for as long as this lasts; gives its name."""
    from clients import provisioning

    with provisioning.connect(django_settings.DATABASES["owner"], "postgres") as server:
        name = f"{PREFIX}copy_{os.getpid()}_{os.urandom(3).hex()}"
        copies.copy(server, name, template)
        try:
            with _using(name, blocker), quick():
                yield name
        finally:
            copies.drop(server, name)


@pytest.fixture
def books(scene_template: Template, sandbox_nursery: Nursery, django_db_blocker: Any) -> Iterator[Scene]:
    """Both companies in a database and a sandbox of this test's own; commits stay in them."""
    from config.demo import cast

    with copied(scene_template.database, django_db_blocker), sandbox_nursery.sandbox() as url:
        yield Scene(cast.seed(), url)


@pytest.fixture(scope="module")
def shelf_copy(scene_template: Template, sandbox_nursery: Nursery, django_db_blocker: Any) -> Iterator[Scene]:
    from config.demo import cast

    with copied(scene_template.database, django_db_blocker), sandbox_nursery.sandbox() as url:
        yield Scene(cast.seed(), url)


@pytest.fixture
def shelf(shelf_copy: Scene) -> Iterator[Scene]:
    """Both companies in this module's copy; what the test changes is rolled back. Not for tests that call a provider."""
    from django.db import transaction

    with transaction.atomic():
        yield shelf_copy
        transaction.set_rollback(True)


# ---- facts and other things that happen ----------------------------------------------------------------------------------


def arrive(client: Client, slug: str, stream: str, *records: Any) -> None:
    """Records reach a stream of the client's connection as a pull would store them; needs the client's context."""
    from integrations import storing
    from integrations.models import Connection, StreamState
    from integrations.payload import Payload
    from integrations.records_json import render

    connection = Connection.objects.get(client=client, provider=slug)
    duty = StreamState.objects.get(client=client, connection=connection, stream=stream).duty
    shape = storing.Shape(stream, lambda _payload: (), lambda _payload: "", duty=duty)
    items = []
    for record in records:
        body = render(record)
        item = storing.Item(record.external_id, body, hashlib.sha256(body).digest(), Payload({}))
        item.facts = (record,)
        items.append(item)
    storing.store(connection, shape, items, at=datetime.now(UTC))


def sale(number: int = 1, **fields: Any) -> Sale:
    """A sale of 50.00 in the shop on 5 April 2026, with a fee of 1.75."""
    given = {"booked_on": date(2026, 4, 5), "amount": 5_000, "fee": 175, "channel": "store", "currency": "USD"}
    return Sale(external_id=f"txn_test_{number:04d}", **(given | fields))


def net(client: Client, name: str) -> int:
    """Debit − credit of an account over all time, in minor units."""
    from ledger.models import JournalLine

    lines = JournalLine.objects.filter(client=client, account__name=name)
    return sum(line.net_minor for line in lines)


def close(client: Client, *months: date) -> None:
    """Lock months, as a signature does."""
    from ledger.models import Period
    from ledger.posting import ensure_periods

    ensure_periods(client.pk, months)
    Period.objects.filter(client=client, month__in=months).update(state="locked")


def reopen(client: Client, month: date, *, by: User) -> None:
    """Open a locked month again, as a controller does with a reason."""
    from ledger.models import Period

    Period.objects.filter(client=client, month=month).update(state="open", changed_by=by, reason="for the test")
