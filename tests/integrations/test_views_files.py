"""Bank files on the page: shown, arranged, confirmed or put away, and nothing kept before that."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client as Browser
from django.urls import reverse

from clients.tenancy import client_context
from integrations.models import Connection, FileImport, SourceDocument
from tests import builders
from tests.integrations.test_files import DATES, FIRST, SECOND

pytestmark = pytest.mark.django_db


@pytest.fixture
def bob(world: Any) -> Any:
    return builders.sign_in(Browser(), world.bob)


def bring(browser: Any, content: bytes, name: str = "march.ofx", **more: Any) -> Any:
    address = reverse("integrations:file_upload", args=["kestrel"])
    return browser.post(address, {"file": SimpleUploadedFile(name, content), **more})


def shown(browser: Any, answer: Any) -> str:
    assert answer.status_code == 302, answer.content.decode()
    return str(browser.get(answer.headers["Location"]).content.decode())


def act(browser: Any, answer: Any, what: str, **fields: Any) -> Any:
    return browser.post(answer.headers["Location"] + what + "/", fields)


def kept(world: Any) -> int:
    with client_context(world.kestrel.pk):
        return SourceDocument.objects.filter(stream="lines").count()


def test_a_file_is_shown_and_nothing_is_kept(world, bob):
    page = shown(bob, bring(bob, FIRST))
    assert "Account 55501234" in page
    assert "(100.00)" in page
    assert "Nothing is kept or posted yet" in page
    assert kept(world) == 0


def test_confirming_keeps_the_lines(world, bob):
    act(bob, bring(bob, FIRST), "confirm")
    assert kept(world) == 2
    assert "2 new lines of Account ending 1234 are kept" in bob.get("/c/kestrel/connections/files/").content.decode()


def test_confirming_twice_keeps_once(world, bob):
    answer = bring(bob, FIRST)
    act(bob, answer, "confirm")
    assert act(bob, answer, "confirm").status_code == 422
    assert kept(world) == 2


def test_lines_that_are_here_already_are_counted_before_confirming(world, bob):
    act(bob, bring(bob, FIRST), "confirm")
    page = shown(bob, bring(bob, SECOND, "april.ofx"))
    assert "<dt>Here already</dt><dd>1</dd><dt>New</dt><dd>1</dd>" in page


def test_a_discarded_file_keeps_nothing(world, bob):
    answer = bring(bob, FIRST)
    act(bob, answer, "discard")
    assert act(bob, answer, "confirm").status_code == 422
    assert kept(world) == 0


def test_a_file_that_cannot_be_read_is_refused_with_what_is_wrong(world, bob):
    answer = bring(bob, FIRST.replace(b"-60.00", b"-6x.00"))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "march.ofx" in page
    assert "6x.00" in page
    assert "Nothing was kept or posted" in page
    with client_context(world.kestrel.pk):
        assert not FileImport.objects.exists()


@pytest.mark.parametrize(("content", "said"), [(b"%PDF-1.7 x", "a PDF"), (b"", "empty")])
def test_what_is_no_statement_is_refused(world, bob, content, said):
    answer = bring(bob, content, "statement.pdf")
    assert (answer.status_code, said in answer.content.decode()) == (422, True)


def test_a_file_over_the_limit_is_refused(world, bob, settings):
    settings.UPLOAD_LIMIT_BYTES = 100
    answer = bring(bob, FIRST)
    assert (answer.status_code, "larger than" in answer.content.decode()) == (422, True)


LAYOUT = {
    "date": "0",
    "date_format": "MDY",
    "decimal_mark": ".",
    "signs": "printed",
    "amount": "2",
    "description": ["1"],
    "currency": "USD",
}


def test_an_open_question_asks_for_the_columns(world, bob):
    page = shown(bob, bring(bob, DATES, "dates.csv"))
    assert "Which column is what?" in page
    assert "Is the day or the month first in the dates?" in page


def test_settled_columns_are_used_and_remembered_for_the_account(world, bob):
    answer = bring(bob, DATES, "dates.csv")
    act(bob, answer, "layout", **LAYOUT)
    assert "Mar 4, 2026" in bob.get(answer.headers["Location"]).content.decode()
    act(bob, answer, "confirm", account="0042")
    with client_context(world.kestrel.pk):
        account = Connection.objects.get()
    assert (account.account_id, account.settings["layout"]["date_format"]) == ("0042", "MDY")
    again = shown(bob, bring(bob, DATES, "again.csv", account=str(account.pk)))
    assert "Which column is what?" not in again


def test_columns_that_make_no_sense_are_said_at_the_field(world, bob):
    answer = bring(bob, DATES, "dates.csv")
    refused = act(bob, answer, "layout", **LAYOUT | {"signs": "columns"})
    assert (refused.status_code, "money out and of money in" in refused.content.decode()) == (422, True)


def test_a_file_that_names_no_account_asks_for_it(world, bob):
    answer = bring(bob, DATES, "dates.csv")
    act(bob, answer, "layout", **LAYOUT)
    refused = act(bob, answer, "confirm")
    assert (refused.status_code, "does not say which account" in refused.content.decode()) == (422, True)
    assert kept(world) == 0


def test_who_administers_brings_no_file(world):
    dan = builders.sign_in(Browser(), world.dan)
    assert bring(dan, FIRST).status_code == 403


def test_another_clients_file_is_absent(world, bob):
    answer = bring(bob, FIRST)
    other = answer.headers["Location"].replace("kestrel", "quillfeather")
    assert bob.get(other).status_code == 404
