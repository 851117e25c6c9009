"""What is read of Melio's platform API. It has neither pages nor filters: everything is read, and what is missing is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integrations.payload import Payload
from integrations.provider import Api, Page, Window

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: Parts of a payment intent that change with every offer or payment, and say nothing of the bill.
_NOT_OF_THE_BILL = ("payments", "deliveryPreferenceOptions", "estimatedFees", "deliveryMethod", "fundingSource")


def pull_bills(api: Api, _window: Window) -> Iterator[Page]:
    """Every bill. https://github.com/melio/melio-platform-api-client-ruby, get_payment_intents"""
    bills = [
        {name: value for name, value in intent.data.items() if name not in _NOT_OF_THE_BILL} for intent in _intents(api)
    ]
    yield Page(items=bills, cursor="", only=frozenset(str(bill["id"]) for bill in bills), only_pulled=True)


def pull_payments(api: Api, _window: Window) -> Iterator[Page]:
    """Every payment of every bill, with the bill and what it was paid from."""
    sources = {source.text("id"): source.data for source in _listed(api, "/funding-sources")}
    found = [_whole(intent, payment, sources) for intent in _intents(api) for payment in intent.objects("payments")]
    yield Page(items=found, cursor="", only=frozenset(str(one["payment"]["id"]) for one in found), only_pulled=True)


def _whole(intent: Payload, payment: Payload, sources: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    vendor = intent.object("billInfo").object("vendor")
    whole: dict[str, Any] = {
        "payment": payment.data,
        "intent": {"id": intent.text("id"), "vendor": {"id": vendor.text("id"), "name": vendor.text("name")}},
    }
    source = sources.get(payment.text("fundingSourceId", ""))
    if source is not None:
        whole["source"] = {name: source[name] for name in ("id", "type", "displayName") if name in source}
    return whole


def _intents(api: Api) -> list[Payload]:
    found = list(_listed(api, "/payment-intents"))
    for intent in found:
        intent.text("id")
    return found


def _listed(api: Api, path: str) -> Iterator[Payload]:
    return Payload.of(api.get(path)).objects("data", required=True)
