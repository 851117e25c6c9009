"""Export files of systems: known by their header, shown before anything is kept, and then documents like any that were pulled."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client as Browser
from django.urls import reverse
from openpyxl import Workbook

from clients.models import AuditEvent
from clients.tenancy import client_context
from integrations import files, schedule, syncing
from integrations.models import Connection, Fact, FileImport, SourceDocument, StreamState
from integrations.provider import FileLayout, FileOnly, Stream
from integrations.tables import Table
from tests import builders
from tests.integrations import scripted

pytestmark = pytest.mark.django_db
HEADER = "Row Id,Day,Gross,Kind"
ROWS = ('r-1,03/14/2026,"1,060.00",sale', "r-2,03/15/2026,(20.00),sale", "r-3,03/16/2026,5.00,never seen")


def csv(*rows: str, above: tuple[str, ...] = ()) -> bytes:
    return "\r\n".join([*above, HEADER, *rows]).encode()


def objects(table: Table) -> Iterator[dict[str, Any]]:
    for row in table.rows:
        day, amount = row.day("Day", "MDY").isoformat(), row.minor("Gross", "USD")
        yield {"id": row.text("Row Id"), "day": day, "amount": amount, "kind": row.text("Kind")}


LAYOUT = FileLayout(
    name="activity",
    label="Activity",
    stream="rows",
    recognise=lambda headers: {"Row Id", "Day", "Gross"} <= set(headers),
    objects=objects,
    help="Reports, Activity, CSV.",
)


def system(**more: Any) -> Any:
    made = scripted.Scripted()
    by_api = made.provider().streams[0]
    stream = Stream(
        name="rows",
        label="Rows",
        pull=None if isinstance(more.get("auth"), FileOnly) else by_api.pull,
        to_records=scripted.read,
        identify=by_api.identify,
        recognise=by_api.recognise,
        reference=by_api.reference,
    )
    return made.provider(files=(LAYOUT,), streams=(stream,), **more)


@pytest.fixture
def kestrel(world: Any, monkeypatch: Any) -> Any:
    scripted.install(monkeypatch, system(auth=FileOnly()))
    with client_context(world.kestrel.pk):
        yield world


def bring(world: Any, content: bytes, name: str = "activity.csv", **options: Any) -> FileImport:
    return files.preview(world.bob, world.kestrel, filename=name, content=content, **options)


def keep(world: Any, content: bytes, account: str = "Main till") -> Connection:
    (connection,) = files.confirm(bring(world, content), actor=world.bob, account=account)
    return connection


def test_a_file_is_known_by_its_header_wherever_that_stands(kestrel):
    brought = bring(kestrel, csv(*ROWS, above=("Larch report", "", "as of,04/01/2026")))
    found = brought.summary["system"]
    assert (found["name"], found["label"], found["rows"], found["objects"]) == ("Scripted", "Activity", 3, 3)
    assert found["kinds"] == [
        {"kind": "Sale", "currency": "USD", "count": 2, "sum_minor": 104000},
        {"kind": "Not understood", "currency": "USD", "count": 1, "sum_minor": 0},
    ]
    assert (found["held_count"], found["held"]) == (1, ["rows of kind never seen"])
    assert (found["first"], found["last"]) == ("2026-03-14", "2026-03-16")


def test_a_preview_keeps_nothing(kestrel):
    bring(kestrel, csv(*ROWS))
    assert not Connection.objects.exists()
    assert not SourceDocument.objects.exists()


def test_a_confirmed_file_becomes_documents_of_a_connection_by_file(kestrel):
    connection = keep(kestrel, csv(*ROWS))
    assert (connection.provider, connection.name, connection.is_by_file, connection.state) == (
        "scripted",
        "Main till",
        True,
        "live",
    )
    facts = Fact.objects.filter(connection_id=connection.pk).order_by("booked_on")
    assert [(fact.kind, fact.amount_minor, fact.state) for fact in facts] == [
        ("Sale", 106000, "new"),
        ("Sale", -2000, "new"),
        ("Unknown", 0, "exception"),
    ]
    assert StreamState.objects.get().complete_through.isoformat() == "2026-03-16"
    assert AuditEvent.objects.filter(action="file.confirmed").count() == 1


def test_a_later_file_of_the_account_adds_what_is_new_and_replaces_what_changed(kestrel):
    first = keep(kestrel, csv(*ROWS[:2]))
    second = bring(kestrel, csv(ROWS[0], "r-2,03/15/2026,(25.00),sale", "r-4,03/20/2026,7.00,sale"))
    (connection,) = files.confirm(second, actor=kestrel.bob)
    second.refresh_from_db()
    assert connection.pk == first.pk
    assert second.summary["stored"] == {"new": 1, "changed": 1, "unchanged": 1}


def test_two_accounts_are_two_connections(kestrel):
    keep(kestrel, csv(ROWS[0]))
    chosen = bring(kestrel, csv(ROWS[1]))
    chosen.connection = None
    chosen.save(update_fields=["connection"])
    files.confirm(chosen, actor=kestrel.bob, account="Second till")
    assert set(Connection.objects.values_list("name", flat=True)) == {"Main till", "Second till"}


def test_an_account_has_to_be_named(kestrel):
    with pytest.raises(files.FileRefused, match="name it"):
        files.confirm(bring(kestrel, csv(*ROWS)), actor=kestrel.bob)
    assert not SourceDocument.objects.exists()


def test_a_file_of_a_connection_goes_to_it(world, monkeypatch):
    scripted.install(monkeypatch, system())
    held = scripted.connection(world.kestrel, name="Larch")
    with client_context(world.kestrel.pk):
        brought = bring(world, csv(*ROWS))
        assert brought.connection_id == held.pk
        files.confirm(brought, actor=world.bob)
        assert SourceDocument.objects.filter(connection=held, stream="rows").count() == 3
        assert not held.is_by_file


def test_the_same_object_from_a_file_and_from_the_api_is_one(world, monkeypatch):
    scripted.install(monkeypatch, system())
    held = scripted.connection(world.kestrel)
    with client_context(world.kestrel.pk):
        files.confirm(bring(world, csv(ROWS[0])), actor=world.bob)
        (raw,) = SourceDocument.objects.values_list("payload", flat=True)
    made = scripted.Scripted()
    made.give(raw)
    scripted.install(monkeypatch, made.provider())
    assert syncing.pull_stream(held.pk, "rows", api=object()).unchanged == 1


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (("r-1,31/12/2026,5.00,sale",), "line 2, Day"),
        (("r-1,03/14/2026,five,sale",), "line 2, Gross"),
        (("r-1,03/14/2026,5.001,sale",), "line 2, Gross"),
        ((",03/14/2026,5.00,sale",), "line 2, Row Id"),
        (("r-1,03/14/2026,5.00,sale,spilt",), "line 2"),
    ],
)
def test_a_row_nobody_can_read_is_named_and_nothing_kept(kestrel, rows, said):
    with pytest.raises(files.FileRefused, match=said):
        bring(kestrel, csv(*rows))
    assert not FileImport.objects.exists()


def test_a_file_said_to_be_of_a_system_that_is_not_is_refused(kestrel):
    with pytest.raises(files.FileRefused, match="no export file of Scripted"):
        bring(kestrel, b"Date,Amount\n2026-03-01,5.00\n", system=system(auth=FileOnly()))


def test_a_workbook_is_read_with_exact_amounts(kestrel):
    book = Workbook()
    book.create_sheet("Notes").append(["nothing here"])
    sheet = book.create_sheet("Data")
    sheet.append(["Larch report"])
    sheet.append(["Row Id", "Day", "Gross", "Kind"])
    sheet.append(["r-1", "03/14/2026", 1060.1, "sale"])
    sheet.append(["r-2", "03/15/2026", -0.07, "sale"])
    kept = io.BytesIO()
    book.save(kept)
    brought = bring(kestrel, kept.getvalue(), "activity.xlsx")
    assert brought.format == "xlsx"
    assert brought.summary["system"]["kinds"][0]["sum_minor"] == 106003


def test_a_connection_by_file_is_never_read_by_itself(kestrel):
    from datetime import UTC, datetime

    connection = keep(kestrel, csv(*ROWS))
    assert [job for job in schedule._connection_jobs(datetime.now(UTC)) if job.connection_id == connection.pk] == []
    assert syncing.pull_stream(connection.pk, "rows").pages == 0


def test_a_bank_csv_is_still_a_banks(kestrel):
    brought = bring(kestrel, b"Date,Description,Amount\n03/14/2026,Larch,-60.00\n03/24/2026,Alder,5.00\n", "march.csv")
    assert "system" not in brought.summary


# ---- on the page ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def bob(world: Any, monkeypatch: Any) -> Any:
    scripted.install(monkeypatch, system(auth=FileOnly()))
    return builders.sign_in(Browser(), world.bob)


def upload(browser: Any, content: bytes, **more: Any) -> Any:
    address = reverse("integrations:file_upload", args=["kestrel"])
    return browser.post(address, {"file": SimpleUploadedFile("activity.csv", content), **more})


def test_the_page_shows_and_keeps_a_systems_file(world, bob):
    answer = upload(bob, csv(*ROWS), account="new:scripted")
    page = str(bob.get(answer.headers["Location"]).content.decode())
    assert "Scripted: Activity" in page
    assert "1 will wait for a person" in page
    assert "Which account is it of?" in page
    kept = bob.post(f"{answer.headers['Location']}confirm/", {"account": "Main till"}, follow=True).content.decode()
    assert "3 new records of Main till are kept" in kept
    assert "Main till" in bob.get("/c/kestrel/connections/").content.decode()


def test_what_is_here_already_is_counted_before_confirming(world, bob):
    first = upload(bob, csv(*ROWS[:2]))
    bob.post(f"{first.headers['Location']}confirm/", {"account": "Main till"})
    second = upload(bob, csv(*ROWS))
    page = bob.get(second.headers["Location"]).content.decode()
    assert "<dt>Here already</dt><dd>2</dd><dt>New or changed</dt><dd>1</dd>" in page


def test_a_file_only_system_is_not_connected_by_a_form(world, bob):
    assert bob.get("/c/kestrel/connections/connect/scripted/").status_code == 404
