"""Every page of the ledger renders with a month's real books, for those who may see it, without inline style or script."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clients.tenancy import client_context
from integrations.models import Fact
from ledger.models import BankFeed, JournalEntry, LedgerException, OutboxItem
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


def pages(books):
    with client_context(books.client.pk):
        feed = BankFeed.objects.get(account_key="chk")
        run = Fact.objects.filter(kind="PayrollRun").first()
        sale = Fact.objects.filter(kind="Sale").first()
        entry = JournalEntry.objects.filter(fact_id=sale.pk).first()
        mirrored = JournalEntry.objects.filter(origin="ledger").first()
        held = LedgerException.objects.filter(kind="unmapped").first()
        line = Fact.objects.filter(kind="BankLine").first()
        document = OutboxItem.objects.first()
    month = "/c/kestrel/{}/2026-03/"
    return [
        "/exceptions/",
        "/exceptions/?group=client&tab=mine",
        "/exceptions/?group=source&who=none&client=kestrel",
        "/exceptions/?tab=snoozed",
        "/exceptions/summary/",
        f"/c/kestrel/exceptions/{held.pk}/",
        "/c/kestrel/account-options/?role=sales",
        month.format("reconciliation"),
        month.format("reconciliation") + f"{feed.pk}/",
        month.format("reconciliation") + f"{feed.pk}/?tab=timing",
        month.format("reconciliation") + f"{feed.pk}/?tab=matched",
        month.format("payroll"),
        month.format("payroll") + "?show=differences",
        month.format("payroll") + f"runs/{run.pk}/",
        "/c/kestrel/payroll/2026-05/",
        month.format("processors"),
        month.format("processors") + f"{books.connections['stripe'].pk}/",
        "/c/kestrel/mapping/",
        "/c/kestrel/mapping/?show=unmapped",
        "/c/kestrel/mapping/trial/?month=2026-03",
        "/c/kestrel/posting/",
        month.format("revaluation"),
        f"/c/kestrel/posting/{books.connections['stripe'].pk}/balance_transactions/2026-03/",
        f"/c/kestrel/posting/{books.connections['stripe'].pk}/balance_transactions/2026-03/?status=held",
        f"/c/kestrel/documents/{document.pk}/",
        "/c/kestrel/entries/",
        "/c/kestrel/entries/?q=rope&month=2026-03&origin=ledger",
        "/c/kestrel/entries/?q=612.00",
        "/c/kestrel/entries/new/",
        f"/c/kestrel/entries/{entry.pk}/",
        f"/c/kestrel/entries/{mirrored.pk}/",
        f"/c/kestrel/accounts/{books.account('1010').pk}/2026-03/",
        f"/c/kestrel/accounts/{books.account('1300').pk}/2026-03/",
        f"/c/kestrel/sources/{sale.pk}/",
        f"/c/kestrel/sources/{run.pk}/",
        f"/c/kestrel/sources/{line.pk}/",
        month.format("statements"),
        month.format("statements") + "?compare=prior-month&compare=prior-year&compare=ytd",
        month.format("statements") + "?statement=bs",
        month.format("statements") + "?statement=tb",
        month.format("statements") + "?statement=cf",
        month.format("statements") + f"?open={books.account('4020').pk}",
        month.format("statements") + "?compare=budget&compare=t12&compare=no-share&period=quarter",
        month.format("statements") + "?by=month&period=ytd",
        month.format("statements") + "?by=class",
        month.format("statements") + "?by=department&basis=cash",
        month.format("statements") + "?period=days&from=2026-02-10&to=2026-03-20",
        month.format("statements") + "?period=days&from=yesterday&to=",
        month.format("statements") + f"?statement=bs&basis=cash&open={books.account('1010').pk}",
        *(month.format("statements") + f"?statement={name}" for name in ("gl", "ar", "ap", "ch", "st", "pr")),
        month.format("statements") + "?statement=ch&open=key:online",
        month.format("statements") + f"?statement=st&open=tax:{books.account('2300').pk}:",
        month.format("statements") + "?open=9999999999&at=77",
        month.format("budget"),
    ]


def test_every_page_renders_within_the_policy(books, bob):
    broken = []
    for address in pages(books):
        response = bob.get(address)
        body = response.content.decode()
        if response.status_code != 200 or re.search(r"\sstyle=|<script(?! src)|\son[a-z]+=|javascript:", body):
            broken.append((address, response.status_code))
    assert broken == []


def test_pages_of_a_client_without_books_say_so_instead_of_failing(world, client):
    browser = builders.sign_in(client, world.alice)
    months = ("reconciliation", "payroll", "processors", "statements")
    addresses = [f"/c/quillfeather/{name}/2026-03/" for name in months] + [
        "/c/quillfeather/mapping/",
        "/c/quillfeather/entries/",
    ]
    assert [browser.get(address).status_code for address in addresses] == [200] * 6


@pytest.mark.parametrize("month", ["2026-13", "26-03", "march", "0000-00"])
def test_a_month_that_is_none_is_not_found(world, client, month):
    assert builders.sign_in(client, world.alice).get(f"/c/kestrel/statements/{month}/").status_code == 404


def queries_of(browser, address):
    with CaptureQueriesContext(connection) as captured:
        assert browser.get(address).status_code == 200
    return len(captured)


def test_the_inbox_asks_no_more_of_the_database_for_more_rows(books, world, bob):
    bob.get("/exceptions/")
    before = queries_of(bob, "/exceptions/")
    with client_context(books.client.pk):
        LedgerException.objects.bulk_create(
            LedgerException(
                client=books.client, kind="duplicate", identity=f"d{n}", cause="possible duplicate", title=f"Pair {n}"
            )
            for n in range(70)
        )
    assert queries_of(bob, "/exceptions/") == before


def test_the_list_of_entries_asks_no_more_of_the_database_for_more_rows(books, bob):
    bob.get("/c/kestrel/entries/")
    assert queries_of(bob, "/c/kestrel/entries/?month=2026-01") == queries_of(bob, "/c/kestrel/entries/")
