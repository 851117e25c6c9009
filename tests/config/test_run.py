"""The run command: what it refuses, and in which words."""

from __future__ import annotations

import socket

import pytest
from django.core.management import CommandError
from django.db import connections

from clients.management.commands.setup_database import refuse_another_version
from config import embedded
from config.demo import edition
from config.management.commands import run


@pytest.fixture
def taken():
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening.getsockname()[1]


@pytest.fixture
def spare():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_a_taken_port_of_the_web_names_its_setting(settings, taken):
    settings.DEMO = False
    with pytest.raises(CommandError, match=f"setting TIEOUT_PORT: port {taken} is already in use"):
        run.check_ports(taken)


def test_a_taken_port_of_the_sandbox_names_its_setting(settings, taken, spare):
    settings.DEMO, settings.SANDBOX_PORT = True, taken
    with pytest.raises(CommandError, match=f"setting TIEOUT_SANDBOX_PORT: port {taken} is already in use"):
        run.check_ports(spare)


def test_without_the_demonstration_the_port_of_the_sandbox_does_not_matter(settings, taken, spare):
    settings.DEMO, settings.SANDBOX_PORT = False, taken
    run.check_ports(spare)


@pytest.mark.parametrize(
    ("public", "port"),
    [("http://127.0.0.1:8123", 8123), ("http://localhost:8124", 8124), ("https://books.example:8443", 8000)],
)
def test_the_port_follows_the_address_only_where_that_is_this_machine(settings, public, port):
    settings.PUBLIC_URL, settings.PORT = public, 8000
    assert run.web_port() == port


@pytest.fixture
def var(settings, tmp_path):
    settings.DEMO, settings.VAR = True, tmp_path
    return tmp_path


def test_the_demonstration_goes_on_with_its_own_data(var):
    run.check_edition()
    (var / "sandbox" / "log.jsonl").touch()
    run.check_edition()


@pytest.mark.parametrize("mark", ["0123456789abcdef\n", None])
def test_data_of_another_telling_say_so_and_what_to_do(var, settings, mark):
    (var / "sandbox").mkdir()
    (var / "sandbox" / "log.jsonl").touch()
    if mark is not None:
        (var / "sandbox" / "edition").write_text(mark)
    with pytest.raises(CommandError, match=f"another version .*begin anew: rm -rf {var}"):
        run.check_edition()
    settings.DEMO = False
    run.check_edition()


def test_a_story_told_otherwise_is_another_edition_and_a_comment_is_not(settings, tmp_path):
    world = tmp_path / "integrations" / "sandbox" / "world"
    world.mkdir(parents=True)
    settings.BASE_DIR = tmp_path
    editions = []
    for text in ("SALES = 1", "SALES = 1  # a month", "SALES = 2"):
        (world / "cast.py").write_text(text)
        editions.append(edition.of_code())
    assert editions[0] == editions[1] != editions[2]


@pytest.mark.django_db(transaction=True)
def test_a_database_of_another_version_says_what_this_one_does_not_know(owner_sql):
    refuse_another_version(connections["default"])
    added = "INSERT INTO django_migrations (app, name, applied) VALUES ('ledger', '0999_tomorrow', now())"
    owner_sql.execute(added)
    try:
        with pytest.raises(CommandError, match=r"another version .*it holds ledger\.0999_tomorrow"):
            refuse_another_version(connections["default"])
    finally:
        owner_sql.execute("DELETE FROM django_migrations WHERE name = '0999_tomorrow'")


def test_a_broker_that_does_not_answer_names_its_setting(settings, spare):
    settings.CELERY_BROKER_URL = f"redis://127.0.0.1:{spare}/0"
    with pytest.raises(CommandError, match="setting CELERY_BROKER_URL: no broker answers there"):
        run.check_broker()


@pytest.mark.parametrize("url", ["carrier-pigeon://loft", "redis"])
def test_an_address_that_is_no_broker_names_its_setting(settings, url):
    settings.CELERY_BROKER_URL = url
    with pytest.raises(CommandError, match="setting CELERY_BROKER_URL"):
        run.check_broker()


def test_the_broker_of_folders_is_not_asked(settings):
    settings.CELERY_BROKER_URL = "filesystem://localhost"
    run.check_broker()


def test_users_of_the_embedded_server_that_are_gone_are_forgotten(tmp_path):
    import os
    import subprocess
    import sys

    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    (tmp_path / embedded.USERS).write_text(f"[{ended.pid}, {os.getpid()}]")
    assert embedded.forget_the_dead(tmp_path) == [os.getpid()]
    assert (tmp_path / embedded.USERS).read_text() == f"[{os.getpid()}]"
