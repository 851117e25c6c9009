"""Rows of PayPal's balance by their event code. Gross and fee come under one id: gross with its sign, the fee negative as a cost.

PayPal says that the two digits after the T are enough for reconciling: a code that is not listed is read by its group, but for
groups that hold unlike things. https://developer.paypal.com/docs/reports/reference/tcodes/
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from integrations.providers.paypal.exchange import MOVED, QUIET, conversion_id, rate_told, read_conversion
from integrations.providers.paypal.units import currency_of, day_of, identity, minor
from integrations.records import (
    BalanceFunding,
    BalancePurchase,
    Dispute,
    OwnTransfer,
    Payout,
    ProcessorCredit,
    ProcessorFee,
    Record,
    Refund,
    Reserve,
    Sale,
    Skipped,
    Unknown,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from integrations.payload import Payload
    from integrations.provider import Context

_CODE = re.compile(r"T\d{4}")
_CHANNELS = {
    "T0000": "payment",
    "T0002": "subscription",
    "T0003": "agreement",
    "T0004": "auction",
    "T0005": "direct",
    "T0006": "checkout",
    "T0007": "website",
    "T0011": "mobile",
    "T0012": "terminal",
}
_FEES = {"T0101": "subscription", "T0104": "mass_payment", "T0106": "dispute", "T0107": "payment", "T0113": "partner"}


@dataclass(frozen=True, slots=True)
class Row:
    """One row, taken apart; signs as PayPal's: into the balance positive."""

    detail: Payload
    info: Payload
    code: str
    status: str
    fields: dict[str, Any]
    currency: str
    amount: int
    fee: int
    party: str

    @property
    def reference(self) -> str:
        return self.info.text("paypal_reference_id", "")

    def part(self, name: str) -> int:
        """The size of a part of the amount; its sign follows the row."""
        return abs(minor(self.info, name, self.currency))


def is_row(raw: Mapping[str, Any]) -> bool:
    """A row of the balance in its envelope, or the two rows of an exchange put together."""
    info = raw.get("transaction_info")
    return isinstance(raw.get("conversion"), list) or (
        isinstance(info, dict) and "transaction_event_code" in info and "transaction_amount" in info
    )


def row_id(payload: Payload) -> str:
    if "conversion" in payload.data:
        return conversion_id(payload)
    return identity(payload.object("transaction_info"))


def read_transaction(payload: Payload, context: Context) -> Iterator[Record]:
    """One row of the balance, or an exchange. https://developer.paypal.com/docs/api/transaction-search/v1/#transactions_get"""
    if "conversion" in payload.data:
        yield from read_conversion(payload, context)
        return
    row = _row(payload, context)
    if row.status in QUIET:
        yield Skipped(**row.fields, reason=QUIET[row.status], amount=row.amount)
    elif row.status not in MOVED:
        yield Unknown(**row.fields, what=f"PayPal row of status {row.status!r}", amount=row.amount)
    elif payload.text("balance_impact", "") == "Memo" or (not row.amount and not row.fee):
        yield Skipped(**row.fields, reason="for information: the balance does not move", amount=row.amount)
    else:
        yield from _moved(row)


def _moved(row: Row) -> Iterator[Record]:
    is_code = _CODE.fullmatch(row.code) is not None
    sign, reading = READINGS.get(row.code) or READINGS.get(row.code[:3] if is_code else "") or (0, None)
    if reading is None:
        yield Unknown(**row.fields, what=f"PayPal row of code {row.code!r}", amount=row.amount + row.fee)
    elif sign * row.amount < 0:
        what = f"PayPal row {row.code!r} with the sign of its opposite"
        yield Unknown(**row.fields, what=what, amount=row.amount + row.fee)
    else:
        found = reading(row)
        yield found
        if row.fee and not hasattr(found, "fee") and not isinstance(found, (Skipped, Unknown)):
            fields = {**row.fields, "external_id": f"{row.fields['external_id']}:fee"}
            yield ProcessorFee(**fields, amount=-row.fee, category="payment")


def _row(payload: Payload, context: Context) -> Row:
    info = payload.object("transaction_info")
    currency = currency_of(info, "transaction_amount")
    moment = info.instant("transaction_initiation_date")
    party = _name(payload)
    fields = {
        "external_id": identity(info),
        "booked_on": day_of(moment, context),
        "currency": currency,
        "occurred_at": moment,
        "memo": _memo(payload, info, party),
    }
    rate = rate_told(payload, currency, context.home_currency)
    if rate is not None:
        fields |= {"rate": rate, "rate_source": "PayPal T0200"}
    return Row(
        detail=payload,
        info=info,
        code=info.text("transaction_event_code"),
        status=info.text("transaction_status"),
        fields=fields,
        currency=currency,
        amount=minor(info, "transaction_amount", currency),
        fee=minor(info, "fee_amount", currency),
        party=party,
    )


def _name(payload: Payload) -> str:
    payer = payload.object_or_none("payer_info")
    name = payer.object_or_none("payer_name") if payer is not None else None
    if name is None:
        return ""
    parts = (name.text("given_name", ""), name.text("surname", ""))
    return name.text("alternate_full_name", "") or name.text("full_name", "") or " ".join(filter(None, parts))


def _memo(payload: Payload, info: Payload, party: str) -> str:
    cart = payload.object_or_none("cart_info")
    items = [item.text("item_name", "") for item in cart.objects("item_details")] if cart is not None else []
    said = info.text("transaction_subject", "") or next(filter(None, items), "")
    return ": ".join(filter(None, (party, said)))[:200]


# ---- payments ------------------------------------------------------------------------------------------------------------


def _payment(row: Row) -> Record:
    return _sale(row) if row.amount > 0 else _purchase(row)


def _sale(row: Row, product: str = "") -> Record:
    """A payment received. What is neither tax, shipping nor tip is the sale, whatever its items add up to."""
    shipping, tax, tip = _parts(row)
    if shipping + tax + tip > row.amount or shipping < 0:
        what = f"shipping, tax and tip come to {shipping + tax + tip}, the payment is {row.amount}"
        return Unknown(**row.fields, what=what, amount=row.amount + row.fee)
    store = row.detail.object_or_none("store_info")
    return Sale(
        **row.fields,
        amount=row.amount,
        discount=row.part("discount_amount"),
        shipping=shipping,
        tax=tax,
        tip=tip,
        fee=-row.fee,
        channel=_CHANNELS.get(row.code, ""),
        product=product,
        source_id=row.info.text("invoice_id", ""),
        customer=row.party,
        location=store.text("store_id", "") if store is not None else "",
        settles_order=row.detail.text("settles_order", ""),
    )


def _parts(row: Row) -> tuple[int, int, int]:
    """Shipping with its insurance less its discount; tax with that on shipping; tip. Tax by items where the row tells none."""
    shipping = row.part("shipping_amount") + row.part("insurance_amount") - row.part("shipping_discount_amount")
    told = row.part("sales_tax_amount") if row.info.has("sales_tax_amount") else _tax_of_items(row)
    return shipping, told + row.part("shipping_tax_amount"), row.part("tip_amount")


def _tax_of_items(row: Row) -> int:
    cart = row.detail.object_or_none("cart_info")
    items = cart.objects("item_details") if cart is not None else iter(())
    return sum(abs(minor(tax, "tax_amount", row.currency)) for item in items for tax in item.objects("tax_amounts"))


def _mass_payment(row: Row) -> Record:
    return _sale(row) if row.amount > 0 else _purchase(row, "mass payment")


def _donation(row: Row) -> Record:
    return _sale(row, "donation") if row.amount > 0 else _purchase(row, "donation")


def _purchase(row: Row, category: str = "") -> Record:
    """Something bought; what comes back of it is positive and a purchase below nil."""
    return BalancePurchase(
        **row.fields, amount=-row.amount, supplier=row.party, category=category, source_id=row.reference
    )


def _bought(category: str) -> Callable[[Row], Record]:
    return lambda row: _purchase(row, category)


def _refund(row: Row) -> Record:
    """Given back to a customer; a positive one is ours, of something we bought. The fee is as the row says, kept or returned."""
    if row.amount > 0:
        return _purchase(row)
    shipping, tax, tip = _parts(row)
    if shipping + tax + tip > -row.amount or shipping < 0:
        what = f"shipping, tax and tip come to {shipping + tax + tip}, the refund is {-row.amount}"
        return Unknown(**row.fields, what=what, amount=row.amount + row.fee)
    is_silent = not row.info.has("sales_tax_amount") and not tax
    return Refund(
        **row.fields,
        amount=-row.amount,
        shipping=shipping,
        tax=tax,
        tip=tip,
        fee=-row.fee,
        source_id=row.reference,
        customer=row.party,
        settles_order=row.detail.text("settles_order", ""),
        review="PayPal tells no tax of this refund" if is_silent else "",
    )


# ---- everything else -----------------------------------------------------------------------------------------------------


def _fee(row: Row) -> Record:
    return ProcessorFee(**row.fields, amount=-row.amount, category=_FEES.get(row.code, "general"))


def _fee_back(row: Row) -> Record:
    return ProcessorFee(**row.fields, amount=-row.amount, category="payment")


def _to_bank(row: Row) -> Record:
    return Payout(
        **row.fields,
        amount=-row.amount,
        fee=-row.fee,
        arrives_on=row.fields["booked_on"],
        payout_id=row.info.text("transaction_id"),
        trace=row.info.text("bank_reference_id", ""),
        automatic=False,
        status="failed" if row.status == "V" else "paid",
    )


def _from_bank(row: Row) -> Record:
    """Money that PayPal takes from the bank: a payout below nil."""
    return _to_bank(row)


def _bank_sent_back(row: Row) -> Record:
    """A withdrawal that came back (positive), or a deposit that was taken back (negative)."""
    return Payout(
        **row.fields,
        amount=row.amount,
        fee=-row.fee,
        arrives_on=row.fields["booked_on"],
        stage="returned",
        payout_id=row.reference,
        automatic=False,
        status="failed",
    )


def _by_card(account: str) -> Callable[[Row], Record]:
    """A card or PayPal's credit paid for something, or got it back. Never income."""
    return lambda row: BalanceFunding(**row.fields, amount=row.amount, funded_by="card", account=account)


def _reserve(row: Row) -> Record:
    """Held back (negative) or released: neither income nor expense."""
    return Reserve(**row.fields, amount=-row.amount)


def _reversal(row: Row) -> Record:
    """PayPal took a payment back from us; a positive one gives back what we paid."""
    return _dispute("opened")(row) if row.amount < 0 else _purchase(row)


def _dispute(stage: Literal["opened", "won"]) -> Callable[[Row], Record]:
    """The row takes or gives back the money; its fee, if any, goes the same way."""
    sign = -1 if stage == "opened" else 1
    return lambda row: Dispute(
        **row.fields, stage=stage, amount=sign * row.amount, fee=sign * row.fee, source_id=row.reference
    )


def _credit(kind: Literal["reward", "interest"]) -> Callable[[Row], Record]:
    return lambda row: ProcessorCredit(**row.fields, amount=row.amount, kind=kind, source_id=row.reference)


def _own_account(row: Row) -> Record:
    return OwnTransfer(**row.fields, amount=-row.amount, to="bank", account="paypal-account")


def _nothing(row: Row) -> Record:
    return Skipped(**row.fields, reason="an authorisation or for display: no money moves", amount=row.amount)


#: Code or group → (the sign its amount must have, 0 for either; how it is read). Groups 09, 11, 12, 17, 19, 30, 50, 97 and 99
#: hold unlike things: of them only the codes that are named here are read.
READINGS: Mapping[str, tuple[int, Callable[[Row], Record] | None]] = {
    "T00": (0, _payment),
    "T0001": (0, _mass_payment),
    "T0008": (-1, _bought("postage")),
    "T0009": (-1, _bought("gift certificate")),
    "T0013": (0, _donation),
    "T0014": (0, _credit("reward")),
    "T01": (0, _fee),
    "T03": (1, _from_bank),
    "T04": (-1, _to_bank),
    "T05": (0, _bought("debit card")),
    "T06": (-1, _by_card("")),
    "T07": (1, _by_card("")),
    "T08": (0, _credit("reward")),
    "T10": (0, _bought("bill payment")),
    "T1101": (1, _bank_sent_back),
    "T1104": (-1, _bank_sent_back),
    "T1105": (0, _reserve),
    "T1106": (0, _reversal),
    "T1107": (0, _refund),
    "T1108": (0, _fee_back),
    "T1109": (0, _fee_back),
    "T1110": (0, _reserve),
    "T1111": (0, _reserve),
    "T1114": (0, _bought("mass payment")),
    "T1115": (0, _bought("mass payment")),
    "T1201": (-1, _dispute("opened")),
    "T1202": (1, _dispute("won")),
    "T1205": (1, _dispute("won")),
    "T1207": (-1, _dispute("opened")),
    "T1208": (1, _dispute("won")),
    "T13": (0, _nothing),
    "T14": (0, _credit("interest")),
    "T15": (0, _reserve),
    "T16": (1, _by_card("paypal-credit")),
    "T18": (-1, _by_card("paypal-credit")),
    "T20": (0, _own_account),
    "T21": (0, _reserve),
    "T2109": (-1, _bought("gift certificate")),
    "T2110": (0, None),
    "T22": (0, _reserve),
    "T98": (0, _nothing),
}
