"""Form W-9 of contractors: seen, dated, with the file's fingerprint; never the file, never the whole number."""

from __future__ import annotations

from datetime import date
from hashlib import sha256

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction

from clients.models import AuditEvent, Membership
from clients.tenancy import client_context
from integrations.records import ContractorPayment, LedgerParty
from ledger import contractors
from ledger.models import ContractorW9
from tests import builders
from tests.ledger.scene import fact

pytestmark = pytest.mark.django_db
YEAR = "/c/kestrel/payroll-year/2026/"
FORM = b"%PDF-1.7 Form W-9, number 987-65-4320"


@pytest.fixture
def books(standing, db):
    return standing[1]


@pytest.fixture
def bob(standing, client):
    return builders.sign_in(client, standing[0].bob)


def bring(browser, **changed):
    given = {
        "contractor": "Iris Linnet",
        "received_on": "2026-01-20",
        "file": SimpleUploadedFile("W-9 Linnet.pdf", FORM),
        "kept_at": "Client folder, Tax forms",
        "last_four": "4320",
    }
    return browser.post(f"{YEAR}w9/", given | changed, follow=True).content.decode()


def forms(books):
    with client_context(books.client.pk):
        return list(ContractorW9.objects.filter(client=books.client))


def of(books, name):
    with client_context(books.client.pk):
        every = contractors.contractors_of(books.client, 2026, date(2026, 3, 31))
    return next(one for one in every if one.payee.name == name)


def test_a_form_is_recorded_by_its_fingerprint_alone(books, bob):
    assert "is on file; the form itself was not kept here" in bring(bob)
    (row,) = forms(books)
    assert (row.received_on, row.file_name, row.last_four) == (date(2026, 1, 20), "W-9 Linnet.pdf", "4320")
    assert (row.sha256, row.size) == (sha256(FORM).hexdigest(), len(FORM))
    with client_context(books.client.pk), connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(w)::text FROM ledger_contractorw9 w")
        assert "987-65-4320" not in cursor.fetchone()[0]
        event = AuditEvent.objects.filter(client=books.client, action="w9.recorded").get()
    assert "4320" not in str(event.detail)
    assert of(books, "Iris Linnet").w9 == row


def test_the_same_form_again_is_known_as_the_one_on_file(books, bob):
    bring(bob)
    assert "This very form is on file since" in bring(bob)
    assert len(forms(books)) == 1
    bring(bob, file=SimpleUploadedFile("new.pdf", b"another"), received_on="2026-02-01")
    assert of(books, "Iris Linnet").w9.file_name == "new.pdf"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"contractor": ""}, "Say whose form it is."),
        ({"contractor": "No party"}, "Say whose form it is."),
        ({"received_on": ""}, "Received on: a day not after today."),
        ({"received_on": "2999-01-01"}, "Received on: a day not after today."),
        ({"file": ""}, "The form is a file of one of these kinds"),
        ({"file": SimpleUploadedFile("form.exe", b"x")}, "The form is a file of one of these kinds"),
        ({"file": SimpleUploadedFile("form.pdf", b"")}, "The file is empty."),
        ({"last_four": "654320"}, "Last four digits: four digits, or nothing."),
        ({"kept_at": " "}, "Say where the form is kept"),
        ({"kept_at": "Folder 987-65-4320"}, "A whole taxpayer number is in"),
        ({"file": SimpleUploadedFile("12-3456789.pdf", b"x")}, "A whole taxpayer number is in"),
    ],
)
def test_what_is_no_form_or_bears_the_whole_number_is_refused(books, bob, changed, said):
    page = bring(bob, **changed)
    assert said in page.replace("&#x27;", "'")
    assert not forms(books)


@pytest.mark.parametrize(
    ("column", "value", "rule"),
    [
        ("kept_at", "Folder 987654320", "w9_no_whole_tax_number"),
        ("file_name", "98-7654320.pdf", "w9_no_whole_tax_number"),
        ("last_four", "43", "w9_last_four_digits_at_most"),
    ],
)
def test_the_database_refuses_a_whole_number(standing, books, column, value, rule):
    row = {
        "contractor": "Iris",
        "received_on": "2026-01-20",
        "file_name": "a.pdf",
        "sha256": "x",
        "size": 1,
        "last_four": "",
    }
    given = {**row, "kept_at": "Folder", column: value, "kept_by": standing[0].bob}
    with client_context(books.client.pk), pytest.raises(IntegrityError, match=rule), transaction.atomic():
        ContractorW9.objects.create(client=books.client, **given)


def test_what_is_on_file_is_never_changed(books, bob):
    bring(bob)
    with client_context(books.client.pk), connection.cursor() as cursor:
        for attack in ("UPDATE ledger_contractorw9 SET last_four = ''", "DELETE FROM ledger_contractorw9"):
            with pytest.raises(Exception, match=r"permission denied|append-only|may not"), transaction.atomic():
                cursor.execute(attack)


def test_the_last_digits_are_for_those_who_may_see_payroll(standing, books, bob):
    bring(bob)
    assert "••• 4320" in bob.get(YEAR).content.decode()
    Membership.objects.filter(user=standing[0].bob).update(sees_payroll=False)
    said = bob.get(YEAR).content.decode()
    assert "received Jan 20, 2026" in said
    assert "4320" not in said


def test_what_the_systems_say_of_a_contractor_stands_beside(books, bob):
    """The payroll system holds a number, the accounting system does not mark the vendor: said, and a W-9 is still missing."""
    with client_context(books.client.pk):
        fact(books, "gusto", "contractor_payments", ContractorPayment(
            external_id="cp-2", booked_on=date(2026, 3, 24), currency="USD", contractor="Iris Linnet", amount=900_00,
            has_tax_number=True,
        ))  # fmt: skip
        fact(books, "quickbooks-online", "vendors", LedgerParty(
            external_id="Vendor:9", booked_on=date(2026, 3, 1), currency="USD", kind="vendor", name="Iris Linnet",
        ))  # fmt: skip
    found = of(books, "Iris Linnet")
    assert (found.payee.reported, found.lacks_w9, found.has_tax_number, found.is_marked) == (True, True, True, False)
    said = bob.get(YEAR).content.decode()
    assert "the payroll system holds a taxpayer number" in said
    assert "not marked for 1099 in the accounting system" in said
