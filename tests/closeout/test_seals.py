"""Seals: found broken whatever was altered, equal to the books for ever, and verified by anyone who holds a copy."""

from __future__ import annotations

from datetime import date
from random import Random

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, connection, transaction
from django.test import Client as Browser

from clients.models import AuditEvent
from clients.tenancy import client_context
from closeout import baseline, manifest, package, seal, sentinel, signoff
from closeout.models import BoardRow, Package, Seal
from closeout.workflow import CloseError
from tests.closeout import scene
from tests.closeout.scene import DECEMBER, JANUARY

PDF = b"%PDF-1.7 a package"


@pytest.fixture
def published(books):
    row = scene.sealed(books)
    package.publish(row, PDF, 9)
    return books, row


# ---- the manifest's form ---------------------------------------------------------------------------------------------------


def test_the_same_content_has_one_spelling():
    one, other = {"b": [1, None, "é"], "a": {"y": 1, "x": 2}}, {"a": {"x": 2, "y": 1}, "b": [1, None, "é"]}
    assert manifest.written(one) == manifest.written(other)


def test_what_was_written_reads_back():
    sections = {"empty": {}, "text": "1:a\n2:bb", "nested": {"a": [1, 2, {"b": None}]}}
    assert manifest.read(manifest.written(sections)) == sections


def test_no_section_runs_into_the_next():
    one, other = {"a": "x", "b": "y"}, {"a": 'x"\n1:b3:"y'}
    assert manifest.written(one) != manifest.written(other)
    assert manifest.read(manifest.written(other)) == other


@pytest.mark.parametrize("value", [1.5, {"a": [0.1]}, {1: "number as key"}, {"a": date(2026, 1, 1)}])
def test_what_has_no_exact_form_is_refused(value):
    with pytest.raises(TypeError):
        manifest.canonical(value)


@pytest.mark.parametrize(
    "text", ["", "something", "tieout-manifest\n3:ab", "tieout-manifest\n1:a99:{}", "tieout-manifest\n²:a"]
)
def test_a_frame_that_does_not_fit_is_refused(text):
    with pytest.raises(manifest.BrokenSealError):
        manifest.read(text + ("" if text.startswith("tieout") else "\n"))


# ---- opening balances ------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_opening_balances_are_sealed_with_every_account(books):
    sealed = manifest.sealed_trial_balance(books.client, DECEMBER)
    assert sealed == signoff.balances(books.client, DECEMBER)
    assert sealed[str(books.accounts["bank"].pk)] == 5_650_000


@pytest.mark.django_db
def test_opening_balances_that_disagree_are_not_sealed(january, db):
    alice, client = january.world.alice, january.world.quillfeather
    with client_context(client.pk):
        from integrations.models import Connection
        from integrations.registry import all_providers

        slug = next(slug for slug, provider in all_providers().items() if provider.category == "accounting")
        Connection.objects.create(client=client, provider=slug, account_id="1", name="Books", state="live")
        with pytest.raises(CloseError, match="trial balance"):
            baseline.seal_opening(client, DECEMBER, by=alice)
        assert not Seal.objects.filter(client=client).exists()


@pytest.mark.django_db
def test_only_a_controller_seals_an_opening(january, db):
    bob, client = january.world.bob, january.world.quillfeather
    with client_context(client.pk), pytest.raises(CloseError, match="may not sign"):
        baseline.seal_opening(client, DECEMBER, by=bob)


@pytest.mark.django_db
def test_an_unsealed_month_has_no_sealed_balances(books):
    assert manifest.sealed_trial_balance(books.client, JANUARY) is None


# ---- tampering -------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_an_untouched_seal_stands(published):
    books, _row = published
    assert seal.verify(books.client) == []


@pytest.mark.django_db
def test_the_app_cannot_change_a_seal(published):
    _books, row = published
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE closeout_seal SET code = 'AAAA-AAAA-AAAA' WHERE id = %s", [row.pk])


def _flipped(text: str, at: int) -> str:
    return text[:at] + chr(ord(text[at]) ^ 1) + text[at + 1 :]


@pytest.mark.django_db
def test_any_altered_character_of_a_manifest_is_found(published, monkeypatch):
    _books, row = published
    draw, missed = Random(7), []
    for _ in range(100):
        at = draw.randrange(len(row.manifest))
        altered = Seal(**{field.attname: getattr(row, field.attname) for field in Seal._meta.fields})
        altered.manifest = _flipped(row.manifest, at)
        if not list(seal._broken_chain(altered, row.number, row.client.seals.get(number=1))):
            missed.append(at)
    assert missed == []


@pytest.mark.django_db
def test_a_broken_seal_goes_on_record_and_on_the_board(published, monkeypatch):
    books, row = published
    monkeypatch.setattr(seal, "_moved_books", lambda one: ["moved"] if one.pk == row.pk else [])
    sentinel.watch(books.client)
    assert AuditEvent.objects.filter(client=books.client, action="seal.broken", subject=row.code).exists()
    assert BoardRow.objects.get(client=books.client, month=JANUARY.first).status == "changed"


# ---- a copy verified by anyone ---------------------------------------------------------------------------------------------


def ask(**data):
    return Browser().post("/verify/", data)


def upload(content):
    return SimpleUploadedFile("package.pdf", content, content_type="application/pdf")


@pytest.mark.django_db
def test_the_sealed_package_is_recognised(published):
    books, row = published
    text = ask(pdf=upload(PDF)).content.decode()
    assert "sealed package, unchanged" in text
    assert all(word in text for word in (books.client.name, "January 2026", books.client.practice.name, row.code))


@pytest.mark.django_db
def test_a_copy_with_one_other_byte_is_not(published):
    text = ask(pdf=upload(PDF + b" ")).content.decode()
    assert "not a sealed package" in text
    assert "Kestrel" not in text


@pytest.mark.django_db
def test_a_code_is_found_however_it_is_typed(published):
    _books, row = published
    assert "This seal exists" in ask(code=f" {row.code.lower().replace('-', ' ')} ").content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("code", ["0000-0000-0000", "", "' OR 1=1 --", "x" * 500, "7F3A"])
def test_other_codes_reveal_nothing(published, code):
    text = ask(code=code).content.decode()
    assert "Kestrel" not in text
    assert "January" not in text


@pytest.mark.django_db
def test_a_seal_without_a_published_package_is_not_shown(books):
    row = scene.sealed(books)
    assert "no such seal" in ask(code=row.code).content.decode()


@pytest.mark.django_db
def test_a_replaced_seal_says_so(published):
    from closeout import reopening

    books, _row = published
    reopening.grant(reopening.ask(books.close, by=books.world.alice, reason="A bill."), by=books.world.carol)
    books.close.refresh_from_db()
    books.close.client = books.client
    second = scene.sealed(books)
    text = ask(pdf=upload(PDF)).content.decode()
    assert f"A newer seal exists: {second.code}" in text


@pytest.mark.django_db
def test_no_figure_leaves_with_an_answer(published):
    text = ask(pdf=upload(PDF)).content.decode()
    assert "980" not in text.replace(",", "")


@pytest.mark.django_db
def test_questions_are_limited(published):
    answers = [ask(code="0000-0000-0000").status_code for _ in range(12)]
    assert answers.count(429) == 2


@pytest.mark.django_db
def test_looking_is_no_question(published):
    _books, row = published
    text = Browser().get(f"/verify/?code={row.code}").content.decode()
    assert row.code in text
    assert "Kestrel" not in text


@pytest.mark.django_db
def test_a_package_is_published_once(published):
    books, row = published
    assert package.publish(row, b"other", 1).sha256 == package.publish(row, PDF, 9).sha256
    assert Package.objects.filter(client=books.client).count() == 1
