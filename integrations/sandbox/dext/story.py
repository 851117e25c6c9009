"""Dext's part in a company's story: pictures of documents that it published into QuickBooks by itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from integrations.sandbox.world import documents, telling
from integrations.sandbox.world.calendar import HORIZON, book_date, on_or_after
from integrations.sandbox.world.chance import share, stream
from integrations.sandbox.world.documents import SeedDocument
from integrations.sandbox.world.journal import Event, entry
from integrations.sandbox.world.told import NATIVE, Told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from integrations.sandbox.world.cast import Cast

SLUG = "dext"
CARD = "Dext Published Card"
#: (supplier, account)
SUPPLIERS = (
    ("Amberly Tool Loan", "Repairs and Maintenance"),
    ("Brightmoor Stationers", "Packaging"),
    ("Corran Ferry Line", "Travel and Meals"),
    ("Duskwater Insurance Desk", "Insurance"),
    ("Elmhurst Nursery", "Materials"),
)
TAX_BP = 600


@dataclass(frozen=True, slots=True)
class Item:
    """One document, cents; ``road`` is what it was published as."""

    id: str
    number: str
    supplier: str
    account: str
    day: date
    net_minor: int
    tax_minor: int
    road: str

    @property
    def amount_minor(self) -> int:
        return self.net_minor + self.tax_minor

    @property
    def kind(self) -> str:
        return {"Bill": "Invoice", "Credit note": "Credit note"}.get(self.road, "Receipt")


@dataclass(frozen=True, slots=True)
class Archive:
    """What the export holds."""

    items: tuple[Item, ...]


def tell(cast: Cast, seed: int) -> Told:
    """Everything since the cut-over. Dext has booked it; nothing of it is ours to book."""
    known = Archive(tuple(_items(cast, seed)))
    return Told(
        data=known,
        events=tuple(event for item in known.items for event in _published(item)),
        accounts=((CARD, "Credit Card", "CreditCard"),),
        vendors=tuple(supplier for supplier, _ in SUPPLIERS),
        balances=telling.held(
            ((item.day, -item.amount_minor) for item in known.items if item.road == "Credit card"), (CARD,), name="Card"
        ),
        seen=tuple(("items", item.day) for item in known.items),
        duty="prove",
    )


def _items(cast: Cast, seed: int) -> Iterator[Item]:
    number = 0
    for month in telling.MONTHS:
        rng = stream(seed, cast.slug, SLUG, month)
        for at in telling.moments(rng, month, 34):
            number += 1
            supplier, account = rng.choice(SUPPLIERS)
            net = rng.randint(900, 14900)
            road = rng.choices(("Bill", "Cheque", "Credit card", "Credit note"), (9, 6, 16, 1))[0]
            if number == 5:
                road = "Credit note"
            mark = f"DX{number:05d}"
            yield Item(
                mark, f"{supplier[0]}-{4000 + number}", supplier, account, book_date(at), net, share(net, TAX_BP), road
            )


def _published(item: Item) -> Iterator[Event]:
    key, day, amount = f"dext-{item.id}", item.day, item.amount_minor
    line = documents.expense_line(item.account, amount, item.supplier)
    if item.road == "Credit note":
        body = {
            "VendorRef": documents.ref("Vendor", item.supplier),
            "TxnDate": day.isoformat(),
            "DocNumber": item.number,
            "Line": [line],
        }
        made = SeedDocument("VendorCredit", body, documents.typed_at(day, key), key)
        yield Event((made,), entry(day, NATIVE, key, ("Accounts Payable", amount), (item.account, -amount)))
    elif item.road == "Bill":
        yield from _bill(item, key)
    else:
        is_card = item.road == "Credit card"
        account = CARD if is_card else "Checking"
        made = documents.purchase(
            key,
            day,
            paid_from=account,
            kind="CreditCard" if is_card else "Check",
            vendor=item.supplier,
            lines=[line],
            number=item.number,
        )
        lines = entry(day, NATIVE, key, (item.account, amount), (account, -amount))
        text = f"CHECK {item.number} {item.supplier.upper()}"
        shown = () if is_card else (telling.bank_line(key, day, -amount, text, merchant=item.supplier),)
        yield Event((made,), lines, shown)


def _bill(item: Item, key: str) -> Iterator[Event]:
    """A bill, paid from the bank three weeks later by the bookkeeper."""
    amount, supplier = item.amount_minor, item.supplier
    due, paid = item.day + timedelta(days=30), on_or_after(item.day + timedelta(days=21))
    made = documents.bill(
        key, supplier, item.day, due=due, number=item.number, account=item.account, amount=amount, text=supplier
    )
    yield Event((made,), entry(item.day, NATIVE, key, (item.account, amount), ("Accounts Payable", -amount)))
    if paid <= HORIZON:
        paying = documents.bill_payment(f"{key}-paid", supplier, paid, bill_key=key, amount=amount, check="")
        lines = entry(paid, NATIVE, f"{key}-paid", ("Accounts Payable", amount), ("Checking", -amount))
        text = f"{supplier.upper()} ACH PMT"
        shown = telling.bank_line(f"{key}-paid", paid, -amount, text, merchant=supplier)
        yield Event((paying,), lines, (shown,))
