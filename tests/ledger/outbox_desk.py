"""A company whose mapping knows what it owes and is owed, and whose documents go to the sandbox's accounting system."""

from __future__ import annotations

from datetime import date

from clients.tenancy import client_context
from integrations.records import Application, BillPayment, ExpenseSplit, VendorBill
from ledger import accounting, booking, mapping, refreshing
from ledger.models import Account, LedgerException, OutboxItem
from tests.scene import arrive

STREAM = "balance_transactions"
DAY = date(2026, 4, 6)
NAME = "Northline Supply"


def bill(identity="b1", amount=12_000, kind=VendorBill, **fields):
    given = {"vendor": NAME, "amount": amount, "number": f"INV-{identity}", "splits": (ExpenseSplit(amount=amount),)}
    return kind(external_id=identity, booked_on=DAY, currency="USD", **(given | fields))


def payment(identity="p1", document="b1", amount=12_000, **fields):
    given = {"vendor": NAME, "amount": amount, "applications": (Application(document=document, amount=amount),)}
    return BillPayment(
        external_id=identity, payment_id=identity, booked_on=DAY, currency="USD", **(given | fields)
    )  # fmt: skip


class Desk:
    """``written`` are the documents as the accounting system keeps them."""

    RULES = (
        ("ap", "", "Accounts Payable"),
        ("ar", "", "Accounts Receivable"),
        ("card", "", "Business Visa"),
        ("bank", "", "Checking"),
        ("undeposited", "", "Undeposited Funds"),
        ("sales", "Design", "Wholesale Sales"),
        ("sales-tax-payable", "", "Sales Tax Payable"),
    )

    def __init__(self, scene):
        self.client, self.by = scene.kestrel, scene.cast.bookkeeper
        self.controller = scene.cast.controller
        with client_context(self.client.pk):
            version = mapping.draft(self.client, by=scene.cast.bookkeeper, effective_from=date(2026, 4, 1))
            accounts = {account.name: account for account in Account.objects.filter(client=self.client)}
            for role, key, name in self.RULES:
                mapping.set_rule(version, role=role, key=key, account=accounts[name], by=scene.cast.bookkeeper)
            mapping.approve(version, by=scene.cast.controller)
            self.books = accounting.open_books(self.client)
            self.before = set(OutboxItem.objects.values_list("pk", flat=True))

    def book(self, *records):
        with client_context(self.client.pk):
            arrive(self.client, "stripe", STREAM, *records)
            booking.book(self.client)

    def send(self):
        return refreshing.send(self.client, self.books)

    def items(self):
        with client_context(self.client.pk):
            return list(OutboxItem.objects.exclude(pk__in=self.before).order_by("id"))

    def written(self):
        """The documents as the accounting system keeps them, in the order of the outbox."""
        return [self.books.books.read(self.books.api, item.external_id) for item in self.items()]

    def vendors(self, name):
        return self.query(f"SELECT * FROM Vendor WHERE DisplayName = '{name}'")

    def waiting(self):
        with client_context(self.client.pk):
            rows = LedgerException.objects.filter(kind="refused", state="open").exclude(identity__startswith="outbox:")
            return [(row.title, row.amount_minor, row.booked_on) for row in rows]

    def query(self, statement):
        answer = self.books.api.get(f"/v3/company/{self.books.api.account_id}/query", {"query": statement})
        return next((rows for rows in answer["QueryResponse"].values() if isinstance(rows, list)), [])

    def prefer(self, **accounting):
        """Change the company's accounting preferences."""
        standing = self.books.api.get(f"/v3/company/{self.books.api.account_id}/preferences")["Preferences"]
        body = {"Id": "1", "SyncToken": standing["SyncToken"], "sparse": True, "AccountingInfoPrefs": accounting}
        self.post("preferences", body)

    def post(self, entity, body):
        return self.books.api.post(f"/v3/company/{self.books.api.account_id}/{entity}", body)
