"""Create-bodies of QuickBooks documents with references by name, in the order a bookkeeper would have typed them.

A reference is `{"ref": "<Kind>:<name>"}` where a document would carry a Ref object (`AccountRef`, `VendorRef`, …), and
`{"ref": "<Kind>:<key>"}` in place of a `LinkedTxn.TxnId`. Amounts are Decimal dollars, dates ISO text.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from integrations.sandbox.world.calendar import STORY_NOW, local_instant

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class SeedDocument:
    """`kind` is the QuickBooks entity, `key` the stable name other documents refer to, `at` its creation time."""

    kind: str
    body: Body
    at: datetime
    key: str


def dollars(amount_minor: int) -> Decimal:
    return Decimal(amount_minor).scaleb(-2)


def ref(kind: str, name: str) -> dict[str, str]:
    return {"ref": f"{kind}:{name}"}


def typed_at(day: date, key: str, *, days_later: int = 0) -> datetime:
    """A plausible office hour on the day, spread by the key so that creation times differ."""
    spread = sum(key.encode()) % 420
    moment = local_instant(day + timedelta(days=days_later), 9 + spread // 60, spread % 60, len(key) % 60)
    return min(moment, STORY_NOW - timedelta(minutes=5))


def expense_line(account: str, amount_minor: int, text: str) -> Body:
    return {
        "Amount": dollars(amount_minor),
        "DetailType": "AccountBasedExpenseLineDetail",
        "Description": text,
        "AccountBasedExpenseLineDetail": {"AccountRef": ref("Account", account)},
    }


def bill(
    key: str, vendor: str, day: date, *, due: date, number: str, account: str, amount: int, text: str
) -> SeedDocument:
    body = {
        "VendorRef": ref("Vendor", vendor),
        "TxnDate": day.isoformat(),
        "DueDate": due.isoformat(),
        "DocNumber": number,
        "Line": [expense_line(account, amount, text)],
    }
    return SeedDocument("Bill", body, typed_at(day, key), key)


def bill_payment(
    key: str, vendor: str, day: date, *, bill_key: str, amount: int, check: str, paid_from: str = "Checking"
) -> SeedDocument:
    """Paid from Checking or a clearing account; `check` empty means an electronic payment, which QuickBooks also calls a check."""
    body: Body = {
        "VendorRef": ref("Vendor", vendor),
        "TxnDate": day.isoformat(),
        "PayType": "Check",
        "CheckPayment": {"BankAccountRef": ref("Account", paid_from)},
        "TotalAmt": dollars(amount),
        "Line": [{"Amount": dollars(amount), "LinkedTxn": [{"TxnId": ref("Bill", bill_key), "TxnType": "Bill"}]}],
    }
    if check:
        body["DocNumber"] = check
        body["CheckPayment"]["PrintStatus"] = "PrintComplete"
    return SeedDocument("BillPayment", body, typed_at(day, key), key)


def purchase(
    key: str, day: date, *, paid_from: str, kind: str, vendor: str, lines: list[Body], number: str = "", note: str = ""
) -> SeedDocument:
    """`kind` is QuickBooks' PaymentType: Cash, Check or CreditCard."""
    body: Body = {
        "PaymentType": kind,
        "AccountRef": ref("Account", paid_from),
        "TxnDate": day.isoformat(),
        "Line": lines,
    }
    if vendor:
        body["EntityRef"] = {**ref("Vendor", vendor), "type": "Vendor"}
    if number:
        body["DocNumber"] = number
    if note:
        body["PrivateNote"] = note
    return SeedDocument("Purchase", body, typed_at(day, key), key)


def transfer(key: str, day: date, *, source: str, target: str, amount: int, note: str) -> SeedDocument:
    body = {
        "FromAccountRef": ref("Account", source),
        "ToAccountRef": ref("Account", target),
        "Amount": dollars(amount),
        "TxnDate": day.isoformat(),
        "PrivateNote": note,
    }
    return SeedDocument("Transfer", body, typed_at(day, key), key)


def card_payment(key: str, day: date, amount: int) -> SeedDocument:
    body = {
        "BankAccountRef": ref("Account", "Checking"),
        "CreditCardAccountRef": ref("Account", "Business Visa"),
        "Amount": dollars(amount),
        "TxnDate": day.isoformat(),
    }
    return SeedDocument("CreditCardPayment", body, typed_at(day, key), key)


def deposit(key: str, day: date, account: str, lines: list[Body], note: str = "") -> SeedDocument:
    body: Body = {"DepositToAccountRef": ref("Account", account), "TxnDate": day.isoformat(), "Line": lines}
    if note:
        body["PrivateNote"] = note
    return SeedDocument("Deposit", body, typed_at(day, key), key)


def deposit_from(account: str, amount: int, text: str) -> Body:
    return {
        "Amount": dollars(amount),
        "Description": text,
        "DetailType": "DepositLineDetail",
        "DepositLineDetail": {"AccountRef": ref("Account", account)},
    }


def deposit_of_payment(payment_key: str, amount: int) -> Body:
    linked = {"TxnId": ref("Payment", payment_key), "TxnType": "Payment", "TxnLineId": "0"}
    return {"Amount": dollars(amount), "LinkedTxn": [linked]}


def invoice(key: str, customer: str, day: date, *, number: str, item: str, amount: int, text: str) -> SeedDocument:
    line = {
        "Amount": dollars(amount),
        "DetailType": "SalesItemLineDetail",
        "Description": text,
        "SalesItemLineDetail": {"ItemRef": ref("Item", item), "Qty": 1, "UnitPrice": dollars(amount)},
    }
    body = {
        "CustomerRef": ref("Customer", customer),
        "TxnDate": day.isoformat(),
        "DueDate": (day + timedelta(days=30)).isoformat(),
        "DocNumber": number,
        "Line": [line],
    }
    return SeedDocument("Invoice", body, typed_at(day, key), key)


def payment(key: str, customer: str, day: date, *, invoice_key: str, amount: int, number: str) -> SeedDocument:
    """A customer's cheque, held in Undeposited Funds until it is deposited."""
    linked = [{"TxnId": ref("Invoice", invoice_key), "TxnType": "Invoice"}]
    body = {
        "CustomerRef": ref("Customer", customer),
        "TxnDate": day.isoformat(),
        "TotalAmt": dollars(amount),
        "PaymentRefNum": number,
        "Line": [{"Amount": dollars(amount), "LinkedTxn": linked}],
    }
    return SeedDocument("Payment", body, typed_at(day, key), key)


def journal_entry(
    key: str, day: date, lines: list[tuple[str, int, str]], *, number: str = "", note: str = "", days_later: int = 2
) -> SeedDocument:
    """`lines` are (account, debit-positive cents, description); nil lines are left out."""
    body: Body = {
        "TxnDate": day.isoformat(),
        "Line": [
            {
                "Amount": dollars(abs(amount)),
                "Description": text,
                "DetailType": "JournalEntryLineDetail",
                "JournalEntryLineDetail": {
                    "PostingType": "Debit" if amount > 0 else "Credit",
                    "AccountRef": ref("Account", account),
                },
            }
            for account, amount, text in lines
            if amount
        ],
    }
    if number:
        body["DocNumber"] = number
    if note:
        body["PrivateNote"] = note
    return SeedDocument("JournalEntry", body, typed_at(day, key, days_later=days_later), key)
