"""What payments settle in the accounting system is settled here: exactly that, and the oldest first for the rest."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from django.db import connections, transaction

from clients.tenancy import client_context
from ledger import subledgers
from ledger.models import MirrorDocument, MirrorLink
from tests.ledger.test_mirror import QuickBooksUser

KNOWN = Path(subledgers.__file__).parent / "migrations/sql/known_links.sql"


class Payer(QuickBooksUser):
    """Somebody who enters bills and pays them in the accounting system itself."""

    def __init__(self, client):
        super().__init__(client)
        self.vendor = self.api.post(f"{self.path}/vendor", {"DisplayName": "Saltmarsh Printers"})["Vendor"]["Id"]

    def bill(self, amount, day, kind="bill"):
        line = {
            "DetailType": "AccountBasedExpenseLineDetail",
            "Amount": amount,
            "AccountBasedExpenseLineDetail": {"AccountRef": {"value": self.accounts["Utilities"]}},
        }
        body = {"VendorRef": {"value": self.vendor}, "TxnDate": day.isoformat(), "Line": [line]}
        (made,) = (one for one in self.api.post(f"{self.path}/{kind}", body).values() if isinstance(one, dict))
        return made

    def pay(self, amount, day, links, **more):
        body = {
            "VendorRef": {"value": self.vendor},
            "TxnDate": day.isoformat(),
            "PayType": "Check",
            "CheckPayment": {"BankAccountRef": {"value": self.accounts["Checking"]}},
            "TotalAmt": amount,
            "Line": [
                {"Amount": part, "LinkedTxn": [{"TxnId": one["Id"], "TxnType": kind}]} for one, kind, part in links
            ],
            **more,
        }
        return self.api.post(f"{self.path}/billpayment", body)["BillPayment"]

    def open(self, through=date(2026, 4, 30)):
        """What is open of the vendor's documents, by document."""
        with client_context(self.client.pk):
            names = dict(
                MirrorDocument.objects.filter(party="Saltmarsh Printers").values_list("entry_id", "external_id")
            )
            items = subledgers.settlement(self.client, through, sides=("payable",)).open()
            return {names[item.touch.entry]: item.left for item in items if item.touch.entry in names}


@pytest.fixture
def user(books):
    return Payer(books.kestrel)


def test_a_bill_payment_settles_the_bills_it_names_whatever_their_age(user):
    old, new = user.bill(100, date(2026, 4, 2)), user.bill(70, date(2026, 4, 9))
    paid = user.pay(70, date(2026, 4, 20), [(new, "Bill", 70)])
    user.catch_up()
    assert user.open() == {f"Bill:{old['Id']}": 10_000}
    # Somebody there moves the payment to the other bill; nothing is posted by that.
    user.pay(70, date(2026, 4, 20), [(old, "Bill", 70)], Id=paid["Id"], SyncToken=paid["SyncToken"])
    assert user.catch_up()["changed"] == 0
    assert user.open() == {f"Bill:{old['Id']}": 3_000, f"Bill:{new['Id']}": 7_000}
    with client_context(user.client.pk):
        link = MirrorLink.objects.get(source=f"BillPayment:{paid['Id']}")
        assert (link.target, link.amount_minor, link.booked_on) == (f"Bill:{old['Id']}", 7_000, date(2026, 4, 20))


def test_a_credit_used_with_a_payment_and_the_payment_deleted(user):
    first, second = user.bill(50, date(2026, 4, 2)), user.bill(120, date(2026, 4, 3))
    credit = user.bill(20, date(2026, 4, 5), kind="vendorcredit")
    paid = user.pay(100, date(2026, 4, 21), [(second, "Bill", 120), (credit, "VendorCredit", 20)])
    user.catch_up()
    assert user.open() == {f"Bill:{first['Id']}": 5_000}
    assert user.open(date(2026, 4, 20)) == {
        f"Bill:{first['Id']}": 5_000,
        f"Bill:{second['Id']}": 12_000,
        f"VendorCredit:{credit['Id']}": -2_000,
    }
    # What was read before links were kept says the same.
    with client_context(user.client.pk):
        links = list(MirrorLink.objects.values_list("source", "target", "booked_on", "place", "amount_minor"))
        MirrorLink.objects.all().delete()
    with transaction.atomic("owner"), connections["owner"].cursor() as owner:
        owner.execute(KNOWN.read_text())
    with client_context(user.client.pk):
        assert list(MirrorLink.objects.values_list("source", "target", "booked_on", "place", "amount_minor")) == links
        assert len(links) >= 2
    user.api.post(f"{user.path}/billpayment?operation=delete", {"Id": paid["Id"], "SyncToken": paid["SyncToken"]})
    user.catch_up()
    with client_context(user.client.pk):
        assert not MirrorLink.objects.filter(source=f"BillPayment:{paid['Id']}").exists()
    assert sum(user.open().values()) == 15_000
