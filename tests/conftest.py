"""The test database, the network guard, and the people of the tests.

Each test process has its own database on the embedded PostgreSQL under ``var/test``, copied from a template that is keyed
by a hash of all migrations. Tests run as the app's role; cleaning runs as the owner.
"""

from __future__ import annotations

import gc
import hashlib
import os
import socket
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import psycopg
import pytest
from _pytest.pathlib import import_path
from django.conf import settings
from django.db import connections
from psycopg import sql

from tests import copies

if TYPE_CHECKING:
    from collections.abc import Iterator

#: The onboarded companies that many tests start from.
pytest_plugins = ["tests.scene"]
ROOT = Path(__file__).resolve().parent.parent
#: Tables that hold what migrations wrote, not what a test wrote.
KEPT = {"django_migrations", "django_content_type", "auth_permission"}
LOCK = 7_406_001
#: Begun first, in this order, so that no process is left with a long file at the end. While one makes the database and the scenes
#: that the walk begins with, the others do what needs no database, then what needs no scene.
FIRST = (
    "browser/test_walk.py",
    "faults/test_sync_kills.py",
    "ledger/test_wide_companies.py",
    "ledger/core/test_core_vocabulary.py",
    "integrations/bankfiles/test_properties.py",
    "integrations/sandbox/test_server.py",
    "test_architecture.py",
    "test_access_matrix.py",
    "closeout/test_signing.py",
    "integrations/test_schemes.py",
    "closeout/test_package.py",
    "closeout/test_after_signing.py",
    "integrations/test_work.py",
    "faults/test_refresh.py",
    "closeout/test_seals.py",
    "faults/test_bell.py",
    "faults/test_jobs_kills.py",
    "browser/test_pages.py",
    "browser/test_keyboard.py",
    "ledger/test_mirror.py",
    "ledger/test_outbox.py",
    "ledger/test_told_systems.py",
    "browser/test_sign_in.py",
)


class NetworkError(AssertionError):
    """A test tried to leave the machine."""


_connect = socket.socket.connect


def _guarded(self: socket.socket, address: Any) -> None:
    inside = self.family == socket.AF_UNIX or str(address[0]) in {"127.0.0.1", "localhost", "::1"}
    if not inside:
        raise NetworkError(f"no test may reach {address!r}")
    _connect(self, address)


socket.socket.connect = _guarded  # type: ignore[method-assign,assignment]


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    """Every second process reads the tests from their end: in a fresh clone each finds half of them compiled by the other."""
    gc.disable()  # until everything is read
    number = os.environ.get("PYTEST_XDIST_WORKER", "").removeprefix("gw")
    if not number.isdecimal() or int(number) % 2 == 0 or session.config.args != session.config.getini("testpaths"):
        return
    for path in sorted((ROOT / "tests").rglob("test_*.py"), reverse=True):
        with suppress(Exception):  # collecting the file says what is wrong with it
            import_path(
                path,
                mode=session.config.getoption("importmode"),
                root=session.config.rootpath,
                consider_namespace_packages=bool(session.config.getini("consider_namespace_packages")),
            )


def pytest_collection_finish() -> None:
    """What was read stays: the collector shall not go through all modules and tests again each time something was made."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep each file's tests together, in whatever order they are by now, and begin with FIRST."""
    ranks = {ROOT / "tests" / name: rank for rank, name in enumerate(FIRST)}
    found: dict[Path, int] = {}
    for item in items:
        found.setdefault(item.path, len(found))
    items.sort(key=lambda item: (ranks.get(item.path, len(FIRST)), found[item.path]))


def _key() -> str:
    """A hash of everything that shapes the schema."""
    digest = hashlib.sha256()
    for name in ("Django", "django-allauth"):
        digest.update(version(name).encode())
    files = sorted(path for path in ROOT.glob("*/migrations/**/*") if path.suffix in {".py", ".sql"})
    for path in [*files, ROOT / "clients/tenancy.py", ROOT / "clients/provisioning.py", ROOT / "uv.lock"]:
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def template() -> str:
    """The name of the database that has the present schema and nothing in it."""
    return f"{copies.PREFIX}template_{_key()}"


def _use(name: str) -> None:
    for alias in ("default", "owner"):
        connections[alias].close()
        connections[alias].settings_dict["NAME"] = name
        settings.DATABASES[alias]["NAME"] = name


def _make_template(server: psycopg.Connection[Any], template: str) -> None:
    from django.core.management import call_command

    from clients import provisioning

    building = f"{template}_building"
    copies.drop(server, building)
    provisioning.make_role(server, settings.DATABASE_APP_ROLE)
    provisioning.make_database(server, building)
    _use(building)
    with provisioning.connect(settings.DATABASES["owner"], building) as database:
        provisioning.grant_future(database, settings.DATABASE_APP_ROLE)
        call_command("migrate", database="owner", interactive=False, verbosity=0)
        call_command("createcachetable", database="owner", verbosity=0)
        provisioning.narrow(database, settings.DATABASE_APP_ROLE)
    for alias in ("default", "owner"):
        connections[alias].close()
    server.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(building), sql.Identifier(template)))


def _sweep(server: psycopg.Connection[Any], template: str) -> None:
    """Drop databases of test processes that are gone, and templates of older schemas."""
    copies.sweep(server)
    found = server.execute("SELECT datname FROM pg_database WHERE datname LIKE %s", [copies.PREFIX + "%"]).fetchall()
    for (name,) in found:
        tail = name.removeprefix(copies.PREFIX)
        old = name != template if tail.startswith("template_") else not copies.alive(tail)
        if old:
            copies.drop(server, name)


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: Any) -> Iterator[None]:
    """This process's own database, copied from the template of the present migrations."""
    from clients import provisioning

    name, empty = f"{copies.PREFIX}{os.getpid()}", template()
    with django_db_blocker.unblock(), provisioning.connect(settings.DATABASES["owner"], "postgres") as server:
        for line in ("fsync = off", "full_page_writes = off", "synchronous_commit = off"):
            server.execute(f"ALTER SYSTEM SET {line}")  # type: ignore[arg-type]
        server.execute("SELECT pg_reload_conf()")
        server.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        _sweep(server, empty)
        if not server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [empty]).fetchone():
            _make_template(server, empty)
        copies.drop(server, name)
        copies.copy(server, name, empty)
        server.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
        _use(name)
    yield
    with django_db_blocker.unblock():
        for connection in connections.all():
            connection.close()
        if _owner:
            _owner.pop().close()
        with provisioning.connect(settings.DATABASES["owner"], "postgres") as server:
            copies.drop(server, name)
            copies.leave(server)


_owner: list[psycopg.Connection[Any]] = []


def _owner_connection() -> psycopg.Connection[Any]:
    """The owner's plain connection to this process's database."""
    from clients import provisioning

    if not _owner:
        _owner.append(provisioning.connect(settings.DATABASES["owner"], str(settings.DATABASES["owner"]["NAME"])))
    return _owner[0]


def _clean(_case: Any) -> None:
    """After a test that commits: empty every table as the owner, with triggers and foreign keys asleep."""
    owner = _owner_connection()
    rows = owner.execute(
        "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition"
    ).fetchall()
    statements = [sql.SQL("DELETE FROM {}").format(sql.Identifier(name)) for (name,) in rows if name not in KEPT]
    body = sql.SQL("; ").join(statements)
    owner.execute(sql.SQL("BEGIN; SET LOCAL session_replication_role = replica; {}; COMMIT").format(body))


@pytest.fixture(autouse=True, scope="session")
def _clean_as_owner() -> None:
    """Django would TRUNCATE as the app's role, which may not."""
    from django.test import TransactionTestCase

    TransactionTestCase._fixture_teardown = _clean  # type: ignore[method-assign,assignment]


@pytest.fixture(autouse=True, scope="session")
def _requests_leave_no_context() -> None:
    """A request inside a test's transaction would leave its client open for the test; in life its transaction ends."""
    from django.db import connection
    from django.test.client import ClientHandler

    from clients import tenancy

    answer = ClientHandler.get_response

    def get_response(self: Any, request: Any) -> Any:
        response = answer(self, request)
        if connection.in_atomic_block and not connection.needs_rollback:
            tenancy.forget()
        return response

    ClientHandler.get_response = get_response  # type: ignore[method-assign]


@pytest.fixture(autouse=True, scope="session")
def _static_folder() -> None:
    """Where collected files would be; the tests serve them from where they are."""
    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)


@pytest.fixture(autouse=True)
def _empty_cache() -> None:
    """Rate limits and used codes of one test are not those of the next."""
    from django.core.cache import cache

    cache.clear()


@pytest.fixture
def owner_sql(django_db_setup: None) -> psycopg.Connection[Any]:
    """The owner's autocommit connection: sees committed rows of all clients; for what the app's role must not do."""
    return _owner_connection()


def _address(user: str) -> str:
    database = settings.DATABASES["owner"]
    return (
        f"postgresql://{user}@/{database['NAME']}?host={quote(str(database['HOST']), safe='')}&port={database['PORT']}"
    )


@pytest.fixture
def process_environment(django_db_setup: None) -> dict[str, str]:
    """The environment for a child process (worker, web) that shall use this test's database; use with committed rows."""
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings_test",
        "DATABASE_URL": _address(settings.DATABASE_APP_ROLE),
        "DATABASE_OWNER_URL": _address(str(settings.DATABASES["owner"]["USER"])),
        "PYTHONPATH": str(ROOT),
    }


@pytest.fixture
def world(db: None) -> Any:
    """The practice and people of ``tests/builders.py``."""
    from tests import builders

    return builders.world()
