"""The shapes in which QuickBooks wraps its objects, opened into one form: ``{"Bill": {…}}``, with what is known beside it.

Query, change data capture and batch answers:
https://developer.intuit.com/app/developer/qbo/docs/learn/explore-the-quickbooks-online-api
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integrations.errors import PayloadError
from integrations.providers.quickbooks_online.entities import BY_KEY, KNOWN_KEYS, NON_POSTING, OTHER
from integrations.providers.quickbooks_online.faults import explain, fault_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from integrations.payload import Payload

Raw = dict[str, Any]


def open_answer(answer: Any, path: str = "$") -> Iterator[Raw]:
    """Every object in an answer, wrapped by its type. A notice or a report holds none and is named as what it is."""
    if isinstance(answer, list):
        for index, part in enumerate(answer):
            yield from open_answer(part, f"{path}[{index}]")
        return
    if not isinstance(answer, dict):
        raise PayloadError(path, "expected an object of the QuickBooks API")
    yield from _open_object(answer, path)


def _open_object(answer: Raw, path: str) -> Iterator[Raw]:
    if fault_of(answer) is not None:
        yield {"Fault": answer.get("Fault") or answer.get("fault")}
    elif "QueryResponse" in answer:
        yield from _open_lists(answer["QueryResponse"], f"{path}.QueryResponse")
    elif "CDCResponse" in answer or "BatchItemResponse" in answer or "exchanges" in answer:
        key = next(key for key in ("CDCResponse", "BatchItemResponse", "exchanges") if key in answer)
        for index, part in enumerate(_list(answer[key], f"{path}.{key}")):
            yield from _open_part(part, f"{path}.{key}[{index}]")
    elif "eventNotifications" in answer or "specversion" in answer:
        raise PayloadError(path, "a webhook notice: it names ids only, there is nothing to read")
    elif "Rows" in answer and "Columns" in answer:
        name = (answer.get("Header") or {}).get("ReportName", "?")
        raise PayloadError(path, f"the report {name}: a proof, not a stream")
    elif _wrapped(answer):
        yield {key: value for key, value in answer.items() if key != "time"}
    else:
        found = kind_of(answer)
        yield {found: answer} if found else answer


def _open_part(part: Any, path: str) -> Iterator[Raw]:
    """One part of a feed, of a batch, or one recorded exchange."""
    if isinstance(part, dict) and "response" in part and "method" in part:
        yield from open_answer(part["response"], f"{path}.response")
    else:
        yield from open_answer(part, path)


def _open_lists(response: Any, path: str) -> Iterator[Raw]:
    for block in _list(response, path) if isinstance(response, list) else [response]:
        if not isinstance(block, dict):
            raise PayloadError(path, "expected an object")
        for key, values in block.items():
            for index, value in enumerate(values if isinstance(values, list) else ()):
                if not isinstance(value, dict):
                    raise PayloadError(f"{path}.{key}[{index}]", "expected an object")
                yield {key: value}


def _list(value: Any, path: str) -> list[Any]:
    if not isinstance(value, list):
        raise PayloadError(path, "expected a list")
    return value


def _wrapped(item: Mapping[str, Any]) -> str:
    """The type key of a wrapped object; '' if the object stands bare. A bill's own fields are never type names."""
    keys = [key for key in item if key in KNOWN_KEYS and isinstance(item[key], dict)]
    return keys[0] if keys and "Id" not in item and "Line" not in item else ""


def unwrap(payload: Payload) -> tuple[str, Payload]:
    """(JSON key, the object) of a wrapped or bare object. Raises PayloadError for a fault or an unknown thing."""
    if (found := fault_of(payload.data)) is not None:
        raise PayloadError(payload.at("Fault"), explain(found[0]))
    if key := _wrapped(payload.data):
        return key, payload.object(key)
    if key := kind_of(payload.data):
        return key, payload
    raise PayloadError(payload.path, "does not say what kind of QuickBooks object it is")


def kind(item: Mapping[str, Any]) -> str:
    """The JSON key of an object, wrapped or bare; '' when it cannot be told; ``Fault`` for a refusal."""
    if fault_of(item) is not None:
        return "Fault"
    return _wrapped(item) or kind_of(item)


#: A bare object is told by fields only its own type has: all of the names must be there.
_MARKS = (
    ("Account", ("AccountType", "Name")),
    ("BillPayment", ("PayType", "VendorRef")),
    ("Purchase", ("PaymentType", "AccountRef")),
    ("Transfer", ("FromAccountRef", "ToAccountRef")),
    ("CreditCardPaymentTxn", ("CreditCardAccountRef", "BankAccountRef")),
    ("PurchaseOrder", ("POStatus", "VendorRef")),
    ("Bill", ("VendorRef", "Line", "DueDate")),
    ("CreditMemo", ("CustomerRef", "RemainingCredit")),
    ("Payment", ("CustomerRef", "UnappliedAmt")),
    ("Invoice", ("CustomerRef", "Line", "DueDate")),
    ("Vendor", ("DisplayName", "Vendor1099")),
    ("Customer", ("DisplayName", "BillWithParent")),
    ("Customer", ("DisplayName", "PreferredDeliveryMethod")),
    ("Employee", ("DisplayName", "BillableTime")),
    ("CompanyInfo", ("CompanyName", "FiscalYearStartMonth")),
    ("Preferences", ("AccountingInfoPrefs",)),
)
_LINE_MARKS = {"JournalEntryLineDetail": "JournalEntry", "DepositLineDetail": "Deposit"}


def kind_of(item: Mapping[str, Any]) -> str:
    """The type of a bare object by its own fields; '' rather than a guess (a sales receipt looks like a refund)."""
    lines = item.get("Line")
    for line in lines if isinstance(lines, list) else ():
        for mark, name in _LINE_MARKS.items():
            if isinstance(line, dict) and mark in line:
                return name
    return next((name for name, marks in _MARKS if all(mark in item for mark in marks)), "")


def type_name(key: str) -> str:
    """Our name of the type behind a JSON key."""
    return BY_KEY[key].name if key in BY_KEY else key


def is_non_posting(key: str) -> bool:
    """Known to QuickBooks and never posted: an estimate, an item, a tax code …"""
    return key in NON_POSTING or key in OTHER
