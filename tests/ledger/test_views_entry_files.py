"""Files on an entry's page: brought, saved again, and kept from those who may not see payroll."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client as Browser

from clients.tenancy import client_context
from ledger.models import JournalEntry, SupportFile
from tests import builders

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(standing, db):
    return standing[0]


@pytest.fixture
def books(standing, db):
    return standing[1]


@pytest.fixture
def bob(world, client):
    return builders.sign_in(client, world.bob)


def bring(books, browser, purpose, name="lease.pdf"):
    with client_context(books.client.pk):
        entry = JournalEntry.objects.filter(client=books.client, purpose=purpose).order_by("pk").first()
    page = f"/c/kestrel/entries/{entry.pk}/"
    answer = browser.post(f"{page}files/", {"file": SimpleUploadedFile(name, b"%PDF <b>")})
    with client_context(books.client.pk):
        return page, answer, SupportFile.objects.filter(entry=entry).first()


def test_a_file_is_shown_on_its_entry_and_saved_as_it_was(books, bob):
    page, answer, file = bring(books, bob, "sale", name='"lease" <i>.pdf')
    assert (answer.status_code, answer.headers["Location"]) == (302, page)
    shown = bob.get(page).content.decode()
    assert "&lt;i&gt;.pdf" in shown
    assert "Not in the accounting system yet" in shown
    saved = bob.get(f"{page}files/{file.pk}/")
    assert saved.content == b"%PDF <b>"
    assert saved.headers["Content-Type"] == "application/octet-stream"
    assert saved.headers["Content-Disposition"].startswith("attachment;")
    with client_context(books.client.pk):
        SupportFile.objects.update(state="posted", external_id="Attachable:7")
    assert "In the accounting system" in bob.get(page).content.decode()


def test_a_file_of_another_kind_is_refused_with_its_reason(books, bob):
    page, _answer, file = bring(books, bob, "sale", name="run.exe")
    assert file is None
    assert "is of a kind that is not kept" in bob.get(page).content.decode()


def test_a_file_is_found_under_its_own_entry_only(books, bob):
    _page, _answer, file = bring(books, bob, "sale")
    with client_context(books.client.pk):
        other = JournalEntry.objects.filter(client=books.client, purpose="sale").order_by("-pk").first()
    assert bob.get(f"/c/kestrel/entries/{other.pk}/files/{file.pk}/").status_code == 404


def test_files_of_a_payroll_are_for_those_who_may_see_it(world, books, bob):
    _page, _answer, file = bring(books, bob, "payroll")
    person = builders.user("Nora Nest")
    builders.member(world.practice, person, "staff", world.kestrel)
    nora = builders.sign_in(Browser(), person)
    assert nora.get(f"/c/kestrel/entries/{file.entry_id}/files/{file.pk}/").status_code == 403
    assert file.name not in nora.get(f"/c/kestrel/entries/{file.entry_id}/").content.decode()
