"""How HubSpot's objects are read: a search of what changed within a fixed window, by id, so that it neither drifts nor ends at
the ten thousandth row; once a day also which objects there are, for a search shows neither archived nor merged ones.

https://developers.hubspot.com/docs/api-reference/latest/crm/search-the-crm
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from integrations.census import Census, Listed, all_of
from integrations.payload import Payload
from integrations.provider import Page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from integrations.census import Days
    from integrations.provider import Api, Window

    Whole = Callable[[Api, Payload], Mapping[str, Any]]

INVOICES = "/crm/objects/2026-03/invoices"
PAYMENTS = "/crm/objects/2026-03/commerce_payments"
DEALS = "/crm/v3/objects/deals"
COMPANIES, LINES = "/crm/v3/objects/companies", "/crm/v3/objects/line_items/batch/read"
MOST, MOST_LISTED, MOST_LINKED = 200, 100, 500
#: The index that is searched runs behind by minutes.
OVERLAP = timedelta(hours=1)
CHANGED, MADE, ID = "hs_lastmodifieddate", "hs_createdate", "hs_object_id"

INVOICE_PROPERTIES = (
    *("hs_number", "hs_invoice_status", "hs_currency", "hs_invoice_date", "hs_due_date", "hs_createdate"),
    *("hs_amount_billed", "hs_taxes_total", "hs_balance_due", CHANGED),
)
PAYMENT_PROPERTIES = (
    *("hs_initial_amount", "hs_initiated_date", "hs_currency_code", "hs_latest_status", "hs_fees_amount"),
    *("hs_net_amount", "hs_refunds_amount", "hs_processor_type", "hs_payment_method_type", "hs_reference_number"),
    *("hs_settlement_currency_code", CHANGED),
)
DEAL_PROPERTIES = (
    *("dealname", "dealstage", "hs_is_closed_won", "amount", "deal_currency_code", "closedate", "createdate"),
    *("hubspot_owner_id", CHANGED),
)
LINE_PROPERTIES = (
    *("name", "hs_sku", "amount", "quantity", "recurringbillingfrequency", "hs_recurring_billing_start_date"),
)


def pull_invoices(api: Api, window: Window) -> Iterator[Page]:
    """Invoices with their lines and company; of a voided one also when it was."""
    named = _Companies()

    def whole(api: Api, invoice: Payload) -> Mapping[str, Any]:
        mark, found = invoice.text("id"), dict(invoice.data)
        if invoice.object("properties").text("hs_invoice_status", "") == "voided":
            found |= _history(api, INVOICES, mark, "hs_invoice_status")
        return found | named.of(api, "invoices", mark) | {"lines": _lines(api, mark)}

    yield from _changed(api, window, INVOICES, INVOICE_PROPERTIES, whole)


def pull_payments(api: Api, window: Window) -> Iterator[Page]:
    """Payments with the invoices they pay; of a refunded one also when how much went back."""
    named = _Companies()

    def whole(api: Api, payment: Payload) -> Mapping[str, Any]:
        mark, found = payment.text("id"), dict(payment.data)
        if payment.object("properties").text("hs_refunds_amount", "0").strip("0."):
            found |= _history(api, PAYMENTS, mark, "hs_refunds_amount")
        linked = {"invoices": _linked(api, "commerce_payments", mark, "invoices")}
        return found | named.of(api, "commerce_payments", mark) | linked

    yield from _changed(api, window, PAYMENTS, PAYMENT_PROPERTIES, whole)


def pull_deals(api: Api, window: Window) -> Iterator[Page]:
    """Every deal, for one that was won may be moved back; of a won one also whose it is and its invoices."""
    named = _Companies()

    def whole(api: Api, deal: Payload) -> Mapping[str, Any]:
        mark, found = deal.text("id"), dict(deal.data)
        if deal.object("properties").text("hs_is_closed_won", "") != "true":
            return found
        return found | named.of(api, "deals", mark) | {"invoices": _linked(api, "deals", mark, "invoices")}

    yield from _changed(api, window, DEALS, DEAL_PROPERTIES, whole)


def _changed(api: Api, window: Window, path: str, properties: Sequence[str], whole: Whole) -> Iterator[Page]:
    begin, end, last = _begin(window), _text(window.now), "0"
    while True:
        answer = Payload.of(api.query(f"{path}/search", _search(properties, CHANGED, begin, window.now, last)))
        found = list(answer.objects("results", required=True))
        if not found:
            break
        last = found[-1].text("id")
        yield Page(items=[whole(api, one) for one in found])
        if not answer.has("paging"):
            break
    yield Page(items=[], cursor=end)
    if window.cursor and window.reached.date() < window.now.astimezone(UTC).date():
        yield Page(items=[], only=frozenset(_living(api, path)))


def census(path: str) -> Census:
    """A search tells in each answer how many it finds in all."""

    def listed(api: Api, days: Days) -> list[Listed]:
        found: list[Listed] = []
        told, last = 0, "0"
        while True:
            answer = Payload.of(api.query(f"{path}/search", _search((ID,), MADE, days.begin, days.end, last)))
            told = told or answer.integer("total")
            rows = list(answer.objects("results", required=True))
            found += [Listed(one.text("id"), one.text("createdAt")) for one in rows]
            if not answer.has("paging"):
                return all_of(found, told)
            last = found[-1].external_id

    return Census(("createdAt",), listed)


def _search(properties: Sequence[str], by: str, begin: datetime, end: datetime, last: str) -> dict[str, Any]:
    filters = [
        {"propertyName": by, "operator": "GTE", "value": _millis(begin)},
        {"propertyName": by, "operator": "LT", "value": _millis(end)},
        {"propertyName": ID, "operator": "GT", "value": last},
    ]
    return {"filterGroups": [{"filters": filters}], "sorts": [ID], "properties": list(properties), "limit": MOST}


def _living(api: Api, path: str) -> Iterator[str]:
    """The id of every object that is neither archived nor merged into another."""
    for one in _listed(api, path, {"limit": str(MOST_LISTED), "properties": ID, "archived": "false"}):
        yield one.text("id")


def _listed(api: Api, path: str, params: Mapping[str, str]) -> Iterator[Payload]:
    after: dict[str, str] = {}
    while True:
        answer = Payload.of(api.get(path, {**params, **after}))
        yield from answer.objects("results", required=True)
        paging = answer.object_or_none("paging")
        following = paging.object_or_none("next") if paging is not None else None
        if following is None:
            return
        after = {"after": following.text("after")}


# ---- what belongs to an object -------------------------------------------------------------------------------------------


def _linked(api: Api, kind: str, mark: str, to: str) -> list[str]:
    """Ids of the objects that one is associated with. https://developers.hubspot.com/docs/api-reference/latest/crm/associations"""
    found = _listed(api, f"/crm/v4/objects/{kind}/{mark}/associations/{to}", {"limit": str(MOST_LINKED)})
    # An id is text or a number, by version.
    return sorted({str(one.raw("toObjectId")) for one in found})


def _lines(api: Api, invoice: str) -> list[Mapping[str, Any]]:
    marks = _linked(api, "invoices", invoice, "line_items")
    found: list[Mapping[str, Any]] = []
    for start in range(0, len(marks), MOST_LISTED):
        inputs = [{"id": mark} for mark in marks[start : start + MOST_LISTED]]
        asked = {"inputs": inputs, "properties": list(LINE_PROPERTIES), "propertiesWithHistory": []}
        found += [one.data for one in Payload.of(api.query(LINES, asked)).objects("results", required=True)]
    return sorted(found, key=lambda line: str(line.get("id")))


def _history(api: Api, path: str, mark: str, name: str) -> dict[str, Any]:
    """The values a property had, each with its time."""
    one = Payload.of(api.get(f"{path}/{mark}", {"propertiesWithHistory": name}))
    return {"propertiesWithHistory": one.object("propertiesWithHistory").data}


class _Companies:
    """Names of companies, each asked for once a pull. The id of one that was merged leads to the other."""

    def __init__(self) -> None:
        self._known: dict[str, dict[str, Any]] = {}

    def of(self, api: Api, kind: str, mark: str) -> dict[str, Any]:
        linked = _linked(api, kind, mark, "companies")
        if not linked:
            return {}
        if linked[0] not in self._known:
            one = Payload.of(api.get(f"{COMPANIES}/{linked[0]}", {"properties": "name"}))
            name = one.object("properties").text("name", "")
            self._known[linked[0]] = {"id": one.text("id"), "name": name}
        return {"company": self._known[linked[0]]}


# ---- time ----------------------------------------------------------------------------------------------------------------


def _begin(window: Window) -> datetime:
    if window.cursor:
        return window.reached - OVERLAP
    return window.begin


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def _millis(moment: datetime) -> str:
    return str(int(moment.timestamp()) * 1000)
