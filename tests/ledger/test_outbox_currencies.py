"""Where the company trades in several currencies: bills in euro are sent, met and paid in euro, and the trial balances agree."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from clients.tenancy import client_context
from ledger import mapping, mirror, posting, refreshing
from ledger.core.period import Month
from ledger.models import Account, ChangedAfterClose, EntryApproval, JournalEntry, JournalLine, MirrorDocument
from tests.ledger.outbox_desk import DAY, NAME, Desk, bill, payment
from tests.scene import net, pull

EURO = {"CurrencyRef": {"value": "EUR"}}
PAYABLE = "Accounts Payable (A/P) - EUR"


class Trader(Desk):
    """Payables and a bank account kept in euro beside those at home, and a vendor of the name that is kept at home."""

    def __init__(self, scene):
        super().__init__(scene)
        standing = self.books.api.get(f"{self.path}/preferences")["Preferences"]
        self.post(
            "preferences",
            {
                "Id": "1",
                "SyncToken": standing["SyncToken"],
                "sparse": True,
                "CurrencyPrefs": {"MultiCurrencyEnabled": True},
            },
        )
        self.post("account", {"Name": PAYABLE, "AccountType": "Accounts Payable", **EURO})
        self.euro = self.post("account", {"Name": "Euro account", "AccountType": "Bank", **EURO})["Account"]["Id"]
        self.post("vendor", {"DisplayName": NAME})
        self.catch_up()
        self.start = self.told()
        with client_context(self.client.pk):
            self.lines = (
                JournalLine.objects.filter(client=self.client)
                .order_by("-entry_id")
                .values_list("entry_id", flat=True)
                .first()
            )

    @property
    def path(self):
        return f"/v3/company/{self.books.api.account_id}"

    def catch_up(self):
        pull(self.client, "quickbooks-online")
        with client_context(self.client.pk):
            mirror.take_accounts(self.client, self.books.connection)
        return refreshing._mirror(self.client, self.books, lambda: None)

    def told(self):
        """Debit − credit by account as QuickBooks reports it."""
        rows = self.books.books.balances(self.books.api, Month.of(DAY).last, self.books.context).rows
        return {name: debit - credit for _id, name, debit, credit in rows}

    def agree(self):
        """What moved since the start, by account: the same there and here."""
        now = self.told()
        moved = {name: now.get(name, 0) - self.start.get(name, 0) for name in now | self.start}
        moved = {name: amount for name, amount in moved.items() if amount}
        with client_context(self.client.pk):
            here = {}
            for line in JournalLine.objects.filter(client=self.client, entry_id__gt=self.lines).select_related(
                "account"
            ):
                here[line.account.name] = here.get(line.account.name, 0) + line.net_minor
        assert moved == {name: amount for name, amount in here.items() if amount}
        return moved


@pytest.fixture
def trader(books):
    return Trader(books)


def euro(record, rate):
    return replace(record, currency="EUR", rate=Decimal(rate))


def test_a_bill_in_euro_and_its_payment_at_another_rate_are_met_to_the_cent(trader):
    trader.book(euro(bill(amount=9_999), "1.0853"), euro(payment(amount=9_999, paid_from="bank"), "1.12"))
    assert trader.send()["rejected"] == 0
    owed, paid = trader.written()
    (vendor,) = trader.vendors(f"{NAME} (EUR)")
    assert vendor["CurrencyRef"]["value"] == "EUR"
    told = [owed.raw[key] for key in ("TotalAmt", "ExchangeRate", "Balance", "HomeTotalAmt")]
    assert told == [Decimal("99.99"), Decimal("1.0853"), 0, Decimal("108.52")]
    assert (owed.raw["VendorRef"]["value"], owed.raw["APAccountRef"]["name"]) == (vendor["Id"], PAYABLE)
    assert (paid.raw["TotalAmt"], paid.raw["Line"][0]["LinkedTxn"][0]["TxnType"]) == (Decimal("99.99"), "Bill")
    trader.catch_up()
    moved = trader.agree()
    assert (moved["Exchange Gain or Loss"], moved["Checking"]) == (347, -11_199)
    assert PAYABLE not in moved
    with client_context(trader.client.pk):
        assert not ChangedAfterClose.objects.filter(state="open").exists()
        row = MirrorDocument.objects.get(type="BillPayment", outbox__in=trader.items())
        assert row.entry.purpose == "exchange-difference"
    assert trader.send()["posted"] == 0
    trader.agree()


def test_what_is_kept_at_home_goes_out_at_home_and_says_so(trader):
    trader.book(bill("b2"))
    trader.send()
    (owed,) = trader.written()
    assert (owed.raw["CurrencyRef"]["value"], owed.raw["VendorRef"]["name"]) == ("USD", NAME)
    trader.agree()


def test_a_bill_made_there_in_euro_is_mirrored_with_both_amounts(trader):
    vendor = trader.post("vendor", {"DisplayName": "Moulin Gris", **EURO})["Vendor"]["Id"]
    with client_context(trader.client.pk):
        rent = Account.objects.get(client=trader.client, name="Rent").external_id
    detail = {
        "DetailType": "AccountBasedExpenseLineDetail",
        "AccountBasedExpenseLineDetail": {"AccountRef": {"value": rent}},
    }
    body = {
        "VendorRef": {"value": vendor},
        "TxnDate": DAY.isoformat(),
        "ExchangeRate": "1.085",
        "Line": [{"Amount": "0.33", **detail}] * 3,
        **EURO,
    }
    made = trader.post("bill", body)["Bill"]
    trader.catch_up()
    trader.agree()
    with client_context(trader.client.pk):
        entry = MirrorDocument.objects.get(external_id=f"Bill:{made['Id']}").entry
        owed = entry.lines.get(account__name=PAYABLE)
        assert (owed.credit_minor, owed.foreign_minor, owed.foreign_currency, owed.rate_millionths) == (
            107,
            99,
            "EUR",
            1_085_000,
        )
        assert sum(line.debit_minor for line in entry.lines.all()) == 107


def test_an_entry_on_a_euro_account_that_does_not_say_how_much_waits_for_a_person(trader):
    with client_context(trader.client.pk):
        ids = dict(Account.objects.filter(client=trader.client).values_list("name", "id"))
        lines = [posting.Line(ids["Euro account"], 1_000), posting.Line(ids["Rent"], 0, 1_000)]
        entry = posting.Entry(DAY, "manual:euro", "manual", lines, origin="manual", memo="Refund of rent")
        made = posting.post(trader.client.pk, [entry]).ids[0]
        EntryApproval.objects.create(client=trader.client, entry_id=made, approved_by=trader.by)
    trader.send()
    assert trader.items() == []
    ((title, amount, _day),) = trader.waiting()
    assert title == "Refund of rent: none of its lines says how much it is in EUR, and at which rate. It waits."
    assert amount == 1_000
    with client_context(trader.client.pk):
        posting.reverse(JournalEntry.objects.get(pk=made), reason="Typed in the wrong currency.", booked_on=DAY)
        assert net(trader.client, "Euro account") == 0


def test_the_mapping_leads_to_the_payable_of_the_bill_s_currency(trader):
    with client_context(trader.client.pk):
        version = mapping.load(trader.client.pk).on(DAY)
        ids = dict(Account.objects.filter(client=trader.client).values_list("name", "id"))
    assert version.by_currency[ids["Accounts Payable"], "EUR"] == ids[PAYABLE]
