"""Receipts with their files: the evidence behind a purchase, which names them by id."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integrations.providers.ramp.units import day_of
from integrations.records import Record, Skipped, Unknown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from integrations.payload import Payload
    from integrations.provider import Context


def read_receipt(payload: Payload, context: Context) -> Iterator[Record]:
    """Nothing to book; a file that could not be fetched is told. https://docs.ramp.com/developer-api/v1/api/receipts"""
    receipt, file = payload.inside("receipt"), payload.object_or_none("file")
    name, day, currency = receipt.text("id"), day_of(receipt, "created_at", context), context.home_currency
    of = f"purchase {receipt.text('transaction_id')}" if receipt.has("transaction_id") else "no purchase"
    if file is None and receipt is not payload:
        what = f"a receipt of {of} whose file Ramp does not give"
        yield Unknown(external_id=name, booked_on=day, currency=currency, what=what)
        return
    size = f" of {file.integer('bytes')} bytes" if file is not None else ""
    yield Skipped(external_id=name, booked_on=day, currency=currency, reason=f"a receipt{size}: evidence of {of}")
