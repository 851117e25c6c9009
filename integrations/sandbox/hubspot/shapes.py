"""HubSpot's objects of a story, each with its properties, what it is associated with, and the history of what changed."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any

from integrations.sandbox.hubspot.story import COMPANIES
from integrations.sandbox.world.calendar import CUT_OVER, book_date, local_instant

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from integrations.sandbox.hubspot.story import Deal, Invoice, Payment, Sales

Shape = dict[str, Any]


def objects(known: Sales, kind: str) -> list[Shape]:
    """Every object of a kind; none of a kind there is not."""
    if kind == "invoices":
        return [_invoice(one) for one in known.invoices]
    if kind == "commerce_payments":
        found = [_payment(invoice, one) for invoice in known.invoices for one in invoice.payments]
        return sorted(found, key=lambda row: int(row["id"]))
    if kind == "line_items":
        return [line for invoice in known.invoices for line in _lines(invoice)]
    if kind == "deals":
        return [_deal(one) for one in known.deals]
    return [_company(name) for name in COMPANIES] if kind == "companies" else []


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _money(minor: int) -> str:
    return f"{minor // 100}.{minor % 100:02d}"


def _object(mark: str, created: datetime, changed: datetime, properties: Shape, **more: Any) -> Shape:
    times = {"hs_createdate": _stamp(created), "hs_lastmodifieddate": _stamp(changed), "hs_object_id": mark}
    return {
        "id": mark,
        "createdAt": _stamp(created),
        "updatedAt": _stamp(changed),
        "archived": False,
        "properties": times | properties,
        "links": {},
        "history": {},
        **more,
    }


def _history(values: Sequence[tuple[datetime, str]]) -> list[Shape]:
    """The latest first."""
    return [{"value": value, "timestamp": _stamp(at), "sourceType": "CRM_UI"} for at, value in reversed(values)]


def _company_id(name: str) -> str:
    return str(9001 + COMPANIES.index(name))


def _company(name: str) -> Shape:
    at = local_instant(CUT_OVER, 9)
    return _object(_company_id(name), at, at, {"name": name})


def _line_ids(invoice: Invoice) -> list[str]:
    return [f"{invoice.id}{number}" for number in range(1, len(invoice.lines) + 1)]


def _lines(invoice: Invoice) -> Iterator[Shape]:
    for mark, (product, amount) in zip(_line_ids(invoice), invoice.lines, strict=True):
        properties = {"name": product, "amount": _money(amount), "quantity": "1", "price": _money(amount)}
        yield _object(mark, invoice.at, invoice.at, properties)


def _invoice(invoice: Invoice) -> Shape:
    day = book_date(invoice.at)
    changed = max([invoice.at, *([invoice.voided] if invoice.voided else []), *(one.at for one in invoice.payments)])
    statuses = [(invoice.at, "draft" if invoice.is_draft else "open")]
    statuses += [(invoice.voided, "voided")] if invoice.voided else []
    properties = {
        "hs_number": f"INV-{invoice.id}",
        "hs_invoice_status": invoice.status,
        "hs_currency": "USD",
        "hs_invoice_date": None if invoice.is_draft else day.isoformat(),
        "hs_due_date": None if invoice.is_draft else (day + timedelta(days=30)).isoformat(),
        "hs_amount_billed": _money(invoice.total_minor),
        "hs_taxes_total": _money(invoice.tax_minor),
        "hs_balance_due": _money(max(invoice.total_minor - invoice.paid_minor, 0)),
    }
    links = {
        "companies": [_company_id(invoice.company)],
        "line_items": _line_ids(invoice),
        "commerce_payments": [one.id for one in invoice.payments],
    }
    return _object(
        invoice.id, invoice.at, changed, properties, links=links, history={"hs_invoice_status": _history(statuses)}
    )


def _payment(invoice: Invoice, one: Payment) -> Shape:
    changed = max([one.at, *(at for at, _ in one.backs)])
    properties = {
        "hs_initial_amount": _money(one.amount_minor),
        "hs_initiated_date": _stamp(one.at),
        "hs_currency_code": "USD",
        "hs_latest_status": one.status,
        "hs_fees_amount": _money(one.fee_minor) if one.is_ours else None,
        "hs_net_amount": _money(one.amount_minor - one.fee_minor),
        "hs_refunds_amount": _money(one.backs[-1][1]) if one.backs else None,
        "hs_processor_type": "hs_payments" if one.is_ours else "none",
        "hs_payment_method_type": "card" if one.is_ours else "check",
        "hs_settlement_currency_code": "USD" if one.is_ours else None,
    }
    links = {"companies": [_company_id(invoice.company)], "invoices": [invoice.id]}
    backs = [(at, _money(total)) for at, total in one.backs]
    return _object(one.id, one.at, changed, properties, links=links, history={"hs_refunds_amount": _history(backs)})


def _deal(one: Deal) -> Shape:
    properties = {
        "dealname": f"{one.company} {one.id}",
        "dealstage": "closedwon" if one.is_won else "contractsent",
        "hs_is_closed_won": "true" if one.is_won else "false",
        "amount": _money(one.amount_minor),
        "deal_currency_code": "USD",
        "closedate": _stamp(one.at),
        "createdate": _stamp(one.at),
        "hubspot_owner_id": "77",
    }
    return _object(one.id, one.at, one.at, properties, links={"companies": [_company_id(one.company)]})
