"""A bad setting stops the start with one line that names it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from config import environment
from config.environment import SettingError

ROOT = Path(__file__).resolve().parents[2]
DATABASE = "postgresql://tieout_app@127.0.0.1:1/tieout"


def start(**given: str) -> subprocess.CompletedProcess[str]:
    """Start Django with these settings only; nothing is connected to."""
    clean = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "DATABASE_URL": DATABASE} | given
    command = [sys.executable, "-c", "import django; django.setup()"]
    clean |= {"DJANGO_SETTINGS_MODULE": "config.settings", "PYTHONWARNINGS": "ignore"}
    return subprocess.run(command, cwd=ROOT, env=clean, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("TIEOUT_PORT", "eighty", "must be a whole number"),
        ("TIEOUT_DEMO", "perhaps", "must be yes or no"),
        ("DATABASE_URL", "mysql://localhost/books", "must be a postgresql:// address"),
        ("DATABASE_URL", "postgresql://localhost", "names no database"),
    ],
)
def test_a_bad_setting_is_one_clear_line(tmp_path, name, value, says):
    ended = start(TIEOUT_VAR=str(tmp_path), **{name: value})
    assert ended.returncode == 1
    assert len(ended.stderr.strip().splitlines()) == 1
    assert ended.stderr.startswith(f"tieout: setting {name} {says}")


def test_beyond_this_machine_a_secret_key_must_be_given(tmp_path):
    ended = start(TIEOUT_VAR=str(tmp_path), TIEOUT_PUBLIC_URL="https://books.example")
    assert ended.stderr.strip() == "tieout: setting TIEOUT_SECRET_KEY is missing"


def test_a_missing_text_without_default_is_an_error(monkeypatch):
    monkeypatch.delenv("SOME_SETTING", raising=False)
    with pytest.raises(SettingError, match="setting SOME_SETTING is missing"):
        environment.text("SOME_SETTING")


@pytest.mark.parametrize(("text", "value"), [("yes", True), ("1", True), ("OFF", False), ("", False)])
def test_flags_are_words(monkeypatch, text, value):
    monkeypatch.setenv("SOME_SETTING", text)
    assert environment.flag("SOME_SETTING") is value


def test_words_are_parted_by_commas(monkeypatch):
    monkeypatch.setenv("SOME_SETTING", " a, b ,,c")
    assert environment.words("SOME_SETTING") == ["a", "b", "c"]


def test_a_database_address_is_read_whole():
    found = environment.database("DATABASE_URL", "postgresql://books:p%40ss@db.example:6432/tieout?sslmode=require")
    wanted = {"NAME": "tieout", "USER": "books", "PASSWORD": "p@ss", "HOST": "db.example", "PORT": "6432"}
    assert {name: found[name] for name in wanted} == wanted
    assert found["OPTIONS"]["sslmode"] == "require"


def test_the_socket_of_the_embedded_server_is_read_from_the_query():
    found = environment.database("DATABASE_URL", "postgresql://tieout_app@/tieout?host=%2Ftmp%2Fx&port=5432")
    assert (found["HOST"], found["PORT"], found["USER"]) == ("/tmp/x", "5432", "tieout_app")
