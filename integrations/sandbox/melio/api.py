"""Melio's platform endpoints, as its own Ruby client calls them: https://github.com/melio/melio-platform-api-client-ruby."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any

from werkzeug.routing import Rule

from integrations.sandbox.doors import KeysDoor, made_key
from integrations.sandbox.melio.story import CARD, VENDORS, Payables
from integrations.sandbox.played import PlayedService
from integrations.sandbox.service import answer

if TYPE_CHECKING:
    from datetime import datetime

    from werkzeug.wrappers import Request, Response

    from integrations.sandbox.melio.story import Bill, Payment
    from integrations.sandbox.service import Setting, Values

Shape = dict[str, Any]
_CODES = {401: "UNAUTHORIZED", 403: "FORBIDDEN", 404: "NOT_FOUND", 429: "TOO_MANY_REQUESTS"}


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _history(created: datetime, updated: datetime) -> Shape:
    return {"createdAt": _stamp(created), "updatedAt": _stamp(max(created, updated))}


class MelioService(PlayedService):
    slug = "melio"

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self.doors = (
            KeysDoor(shapes={"key": "mlo_{}"}, present=lambda request: {"key": request.headers.get("API-Key", "")}),
        )

    def _account(self, company: str) -> str:
        return made_key(self.slug, company, "account", "acc-{}")

    def access(self, company: str) -> dict[str, str]:
        return {"account": self._account(company), **super().access(company)}

    def api_rules(self) -> list[Rule]:
        names = ("accounts", "payment-intents", "payments", "funding-sources", "vendors")
        rules = [Rule(f"/{name}", endpoint=name, methods=["GET"]) for name in names]
        return rules + [Rule(f"/{name}/<id>", endpoint=name, methods=["GET"]) for name in names]

    def failure(self, status: int) -> Response:
        code = _CODES.get(status, "INTERNAL_SERVER_ERROR")
        return answer({"error": {"code": code, "message": "The request could not be served."}}, status)

    def api(self, endpoint: str, request: Request, company: str, values: Values) -> Response:
        if request.headers.get("Melio-Account") != self._account(company):
            return self.failure(403)
        rows = self.rows(company, endpoint)
        if endpoint == "payments" and "paymentIntentId" in request.args:
            bills = {bill.id: bill for bill in self._known(company).bills}
            wanted = bills.get(request.args["paymentIntentId"])
            rows = [_payment(wanted, one) for one in wanted.payments] if wanted is not None else []
        if "id" not in values:
            return answer({"data": rows})
        found = next((row for row in rows if row["id"] == values["id"]), None)
        return self.failure(404) if found is None else answer({"data": found})

    def _known(self, company: str) -> Payables:
        known = self.setting.world.company(company).told[self.slug].data
        assert isinstance(known, Payables)
        return known

    def rows(self, company: str, endpoint: str) -> list[Shape]:
        bills = self._known(company).bills
        if endpoint == "accounts":
            return [_account(self._account(company), self.companies[company])]
        if endpoint == "funding-sources":
            return _sources(bills[0])
        if endpoint == "vendors":
            return [_vendor(name, bills[0]) for name in VENDORS]
        if endpoint == "payments":
            return [_payment(bill, one) for bill in bills for one in bill.payments]
        return [_intent(bill) for bill in bills]


def _account(mark: str, name: str) -> Shape:
    address = {"line1": "1 Harbor Row", "city": "Portland", "state": "OR", "postalCode": "97201"}
    company = {
        "name": name,
        "phoneNumber": "123123122",
        "address": address,
        "legalName": name,
        "taxInfo": {"identifier": "123456789", "type": "EIN"},
        "legalAddress": address,
    }
    return {"id": mark, "company": company, "status": "approved"}


def _sources(first: Bill) -> list[Shape]:
    history = _history(first.at, first.at)
    card = {"type": "visa", "expirationMonth": "09", "expirationYear": "2029", "lastFourDigits": "8821"}
    bank = {"routingNumber": "021000021", "accountType": "checking", "accountNumber": "123454410"}
    return [
        {"id": "fs-bank", "history": history, "displayName": "Checking", "type": "bank-account", "details": bank},
        {"id": "fs-card", "history": history, "displayName": CARD, "type": "card", "details": card},
    ]


def _vendor(name: str, first: Bill) -> Shape:
    contact = {"name": "Accounts", "email": "accounts@example.com", "phoneNumber": "123123122"}
    mark = f"ven-{VENDORS.index(name) + 1:03d}"
    return {
        "id": mark,
        "history": _history(first.at, first.at),
        "name": name,
        "contact": contact,
        "deliveryMethods": [],
    }


def _payment(bill: Bill, one: Payment) -> Shape:
    return {
        "id": one.id,
        "history": _history(bill.at + timedelta(hours=1), one.changed),
        "amount": one.amount_minor,
        "currency": "USD",
        "scheduledDate": one.day.isoformat(),
        "note": "",
        "balance": 0,
        "isRecoverable": one.status == "failed",
        "vendorId": f"ven-{VENDORS.index(bill.vendor) + 1:03d}",
        "fundingSourceId": "fs-card" if one.by_card else "fs-bank",
        "deliveryMethodId": "dm-1",
        "status": one.status,
        "estimatedDelivery": (one.day + timedelta(days=5)).isoformat(),
        "fees": [{"amount": one.fee_minor, "type": one.delivery}],
    }


def _intent(bill: Bill) -> Shape:
    left = bill.amount_minor - bill.paid_minor
    waits = any(payment.status == "scheduled" for payment in bill.payments)
    status = "paid" if not left else "partially-paid" if bill.paid_minor else "scheduled" if waits else "unpaid"
    changed = max([bill.at, *(payment.changed for payment in bill.payments)])
    return {
        "id": bill.id,
        "history": _history(bill.at, changed),
        "amountToPay": bill.amount_minor,
        "status": status,
        "payments": [_payment(bill, one) for one in bill.payments],
        "billInfo": {
            "amount": bill.amount_minor,
            "dueDate": bill.due.isoformat(),
            "currency": "USD",
            "invoice": {"number": bill.number},
            "vendorId": f"ven-{VENDORS.index(bill.vendor) + 1:03d}",
            "vendor": _vendor(bill.vendor, bill),
            "balance": left,
        },
    }


SERVICE = MelioService
