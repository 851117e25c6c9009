"""Facts for the benchmarks: a processor's two years, the same for the same number. Import after Django is set up."""

from __future__ import annotations

import hashlib
import random
from datetime import date, timedelta
from typing import TYPE_CHECKING

from integrations.payload import Payload
from integrations.records import ContractorPayment, Payout, ProcessorFee, Record, Refund, Sale
from integrations.records_json import render, to_json
from integrations.storing import Item, Shape

if TYPE_CHECKING:
    from collections.abc import Iterator

FIRST, DAYS = date(2023, 1, 1), 731
STREAM = Shape("balance", lambda _payload: (), lambda payload: payload.text("external_id"))


def records(count: int) -> Iterator[Record]:
    """In order of their day: seven sales in ten (half of them taxed), refunds, payouts, fees, payments to contractors."""
    draw = random.Random(count)
    for n in range(count):
        day, amount, kind = FIRST + timedelta(days=n * DAYS // count), draw.randint(500, 250_000), draw.random()
        said = {
            "external_id": f"txn_{n:07d}{draw.getrandbits(32):08x}",
            "booked_on": day,
            "currency": "USD",
            "amount": amount,
        }
        if kind < 0.7:
            tax = amount * 8 // 108 if draw.random() < 0.5 else 0
            yield Sale(**said, tax=tax, fee=amount * 29 // 1000 + 30, channel=draw.choice(["shop", "online"]))
        elif kind < 0.8:
            yield Refund(**said, memo="Returned goods", channel="shop")
        elif kind < 0.9:
            yield Payout(**said, arrives_on=day + timedelta(days=2), payout_id=f"po_{n}")
        elif kind < 0.95:
            yield ProcessorFee(**said, category="subscription")
        else:
            yield ContractorPayment(**said, contractor=f"Contractor {n % 40}", department="Workshop")


def items(count: int) -> list[Item]:
    """The objects as a pull gives them to be stored, each with the fact it holds."""
    made = []
    for record in records(count):
        body = render(record)
        item = Item(
            record.external_id, body, hashlib.sha256(body).digest(), Payload.of(to_json(record)), facts=(record,)
        )
        made.append(item)
    return made
