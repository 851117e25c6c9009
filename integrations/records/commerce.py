"""Shops, marketplaces and tills: sales whose lines are known, and the money that never passes a processor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from integrations.records.base import Attachment, Fee, Record, Tax, Tender


@dataclass(frozen=True, kw_only=True, slots=True)
class Goods:
    """What was sold, summed by product type. ``amount`` is the price without tax, before ``discount``."""

    amount: int
    product: str = ""
    discount: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Order(Record):
    """A sale. ``amount`` = goods − discounts + shipping + tip + duties + taxes + gift cards sold + rounding = what is paid.

    Prices are without tax; taxes that a marketplace collects are listed and are no part of ``amount``. ``tenders`` sum to
    ``amount``; without any the whole goes through this system's own balance, of which the order then is a row (a marketplace's
    settlement). ``fees`` are taken from that balance. An edit is an order of its own with signed amounts that names the
    order it ``edits``.
    """

    amount: int
    goods: tuple[Goods, ...] = ()
    discount: int = 0
    shipping: int = 0
    tip: int = 0
    duties: int = 0
    taxes: tuple[Tax, ...] = ()
    gift_cards_sold: int = 0
    rounding: int = 0
    tenders: tuple[Tender, ...] = ()
    fees: tuple[Fee, ...] = ()
    channel: str = ""
    location: str = ""
    customer: str = ""
    number: str = ""
    edits: str = ""
    support: tuple[Attachment, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class OrderRefund(Record):
    """The mirror of an order, or of part of it: all amounts positive for what goes back, with returns instead of sales.

    ``tenders`` say into what it was given back (store credit is one of them). ``fees`` are what the refund cost (negative:
    given back). ``review`` says why a person should look at it (no lines known); it is booked all the same.
    """

    amount: int
    goods: tuple[Goods, ...] = ()
    discount: int = 0
    shipping: int = 0
    tip: int = 0
    duties: int = 0
    taxes: tuple[Tax, ...] = ()
    gift_cards_sold: int = 0
    rounding: int = 0
    tenders: tuple[Tender, ...] = ()
    fees: tuple[Fee, ...] = ()
    channel: str = ""
    location: str = ""
    customer: str = ""
    number: str = ""
    order: str = ""
    review: str = ""
    support: tuple[Attachment, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class GiftCard(Record):
    """A gift card outside of any order: ``sold`` (or loaded; negative: taken back), or ``expired``, which a person decides."""

    stage: Literal["sold", "expired"]
    amount: int
    card: str = ""
    tenders: tuple[Tender, ...] = ()
    location: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class StoreCredit(Record):
    """Credit given outside of any refund that names it (negative: taken back), or ``expired``, which a person decides."""

    stage: Literal["issued", "expired"]
    amount: int
    customer: str = ""
    channel: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class CashCount(Record):
    """A drawer counted at the end of a shift, against what the till expected to be in it."""

    location: str
    expected: int
    counted: int
    shift: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class CashMovement(Record):
    """Cash taken out of a drawer (negative: put into it): ``banked`` is in transit until its bank line shows, ``spent`` is a
    cost by ``category``.
    """

    kind: Literal["banked", "spent"]
    amount: int
    location: str = ""
    category: str = ""
    party: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class CustomerDeposit(Record):
    """Paid before delivery or before an invoice (negative: given back). It is owed to the customer until an order's tender
    of kind ``deposit`` or an invoice uses it.

    ``into`` is where the money went, ``gift-card-liability`` for a gift card redeemed; ``account`` is the key of that place.
    ``held_as`` ``contract`` is a contract liability of the CRM and billing, ``deposit`` that of a shop.
    """

    amount: int
    customer: str = ""
    into: Literal["clearing", "undeposited", "bank", "cash-drawer", "gift-card-liability"] = "clearing"
    account: str = ""
    held_as: Literal["deposit", "contract"] = "deposit"
    number: str = ""
