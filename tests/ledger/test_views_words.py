"""What the ledger's pages write for people: kinds, roles, days and amounts in words, accounts in their order."""

from __future__ import annotations

import re

import pytest

from clients.tenancy import client_context
from integrations.models import Fact
from ledger.core.period import Month
from ledger.mapping_rows import _money
from ledger.models import JournalEntry, JournalLine
from ledger.templatetags.ledger import meaning, refined, sent, spoken
from ledger.views.sources import _fields
from tests import builders


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("BillPayment · 2060 · Tidewater Energy", "Bill payment · 2060 · Tidewater Energy"),
        ("JournalEntry:1156", "Journal entry 1156"),
        ("Purchase:992", "Purchase 992"),
        ("Order: two bags", "Order: two bags"),
        ("CreditCardPayment", "Credit card payment"),
        ("PayrollRun", "Payroll run"),
        ("Purchase · Tallyleaf", "Purchase · Tallyleaf"),
        ("Order C010595", "Order C010595"),
        ("TideWater Energy", "TideWater Energy"),
        ("", ""),
    ],
)
def test_a_kind_the_accounting_system_runs_together_is_written_in_words(text, said):
    assert spoken(text) == said


def test_a_line_says_what_it_means():
    assert meaning(JournalLine(role="clearing", key="stripe")) == "Clearing · Stripe"
    assert meaning(JournalLine(role="sales", key="stripe")) == "Sales · stripe"
    assert refined("merchant-fees", "") == "Merchant fees"
    assert sent("uncertain") == "no clear answer"


def test_what_was_read_is_written_as_people_write_it():
    data = {
        "amount": 38_700,
        "booked_on": "2026-03-25",
        "occurred_at": "2026-03-25T18:14:05+00:00",
        "ordinal": 2,
        "is_final": True,
        "taxes": [1, 2],
        "memo": "Order 2026-03-25",
        "fee_tax": 0,
    }
    assert _fields(data) == [
        ("amount", 38_700, True),
        ("booked on", "Mar 25, 2026", False),
        ("occurred at", "Mar 25, 2026, 6:14 pm", False),
        ("ordinal", 2, False),
        ("is final", "yes", False),
        ("taxes", "2 of them", False),
        ("memo", "Order 2026-03-25", False),
    ]


@pytest.fixture
def bob(standing, db, client):
    return builders.sign_in(client, standing[0].bob)


@pytest.mark.django_db
def test_the_trial_balance_stands_in_the_order_of_the_chart(bob):
    body = bob.get("/c/kestrel/statements/2026-03/?statement=tb").content.decode()
    numbers = re.findall(r'<span class="dim">(\d{4})</span>', body)
    assert len(numbers) > 5
    assert numbers == sorted(numbers)


@pytest.mark.django_db
def test_a_mapping_rule_of_a_department_shows_that_departments_money(standing, bob):
    books = standing[1]
    with client_context(books.client.pk):
        lines = JournalLine.objects.filter(
            client=books.client, role="wages", booked_on__range=("2026-03-01", "2026-03-31")
        )
        sums: dict[str, int] = {}
        for line in lines:
            sums[line.department] = sums.get(line.department, 0) + line.net_minor
    assert len(sums) > 1
    rows = bob.get("/c/kestrel/mapping/").context["areas"]
    wages = [row for _title, found in rows for row in found if row.case.role == "wages" and row.state == "in force"]
    assert wages
    for row in wages:
        mine = [amount for name, amount in sums.items() if row.case.department in ("", name)]
        assert row.case.key or row.money == sum(mine)


@pytest.mark.django_db
def test_a_mapping_rule_of_a_system_shows_that_systems_money(standing):
    books = standing[1]
    with client_context(books.client.pk):
        sales = JournalLine.objects.filter(
            client=books.client, role="sales", booked_on__range=("2026-03-01", "2026-03-31")
        )
        whole = -sum(line.net_minor for line in sales)
        money = _money(books.client, Month(2026, 3))
    by = {
        provider: amount
        for (role, key, department, provider), amount in money.items()
        if (role, key, department) == ("sales", None, None)
    }
    assert by[None] == whole
    assert by["stripe"] == sum(amount for provider, amount in by.items() if provider) == whole
    assert money["sales", None, None, "gusto"] == 0


@pytest.mark.django_db
def test_an_entry_and_its_record_name_system_role_and_document(standing, bob):
    books = standing[1]
    with client_context(books.client.pk):
        sale = Fact.objects.filter(kind="Sale", state="booked").first()
        entry = JournalEntry.objects.filter(fact_id=sale.pk).first()
    said = bob.get(f"/c/kestrel/entries/{entry.pk}/").content.decode()
    assert "Clearing · Stripe" in said
    assert "Merchant fees" in said
    assert "merchant-fees" not in said
    assert "Mar " in bob.get(f"/c/kestrel/sources/{sale.pk}/").content.decode()
