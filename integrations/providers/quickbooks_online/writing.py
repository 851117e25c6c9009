"""A document of ours to the exact body that is sent. Pure: it is frozen and hashed at approval.

The first line of a document is its own account (the bank of a deposit, the payable of a bill, the card of a purchase); a
journal entry and a transfer know no such line. Amounts are exact numbers (``Decimal``), never float.
https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/journalentry
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from integrations.errors import NotSupported
from integrations.money import to_major

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from integrations.provider import Context
    from integrations.records import LedgerDocument, LedgerLine

Body = dict[str, Any]
MARKER_LENGTH = 21
NOTE_LENGTH = 4000
DESCRIPTION_LENGTH = 4000
#: Kinds whose published page lists no document number: the marker stands in the note as well.
UNNUMBERED = frozenset({"Transfer", "Deposit", "Payment"})
#: Kinds that bear the number the supplier or customer knows: the marker stands in the note.
THEIRS = frozenset({"Bill", "VendorCredit", "Invoice", "CreditMemo"})
#: Kinds to which QuickBooks may give the next number of its own.
SALES_FORMS = frozenset({"Invoice", "CreditMemo"})
_PAYMENT_TYPES = {"check": "Check", "card": "CreditCard", "cash": "Cash", "": "Cash"}


def payload(document: LedgerDocument, *, marker: str, context: Context) -> Body:
    """The body for one document. Raises NotSupported for what cannot be said to QuickBooks, before anything is sent."""
    builder = _BUILDERS.get(document.type)
    if builder is None:
        raise NotSupported(f"{document.type} is not written to QuickBooks")
    if not 0 < len(marker) <= MARKER_LENGTH:
        raise NotSupported(f"a document number has 1 to {MARKER_LENGTH} characters, {marker!r} has {len(marker)}")
    if document.currency != context.home_currency:
        raise NotSupported(f"a document in {document.currency} is not written to a {context.home_currency} company")
    if document.missing or len(document.lines) < 2:
        raise NotSupported(f"the document has no complete lines: {document.missing or 'fewer than two'}")
    document = _in_own_currency(document)
    if sum(line.debit - line.credit for line in document.lines):
        raise NotSupported("the document's debits and credits differ")
    head = _head(document, marker)
    if document.document_currency not in {"", context.home_currency}:
        head["ExchangeRate"] = document.rate
    return head | builder(document)


def _head(document: LedgerDocument, marker: str) -> Body:
    note = _note(document, marker)
    if len(note) > NOTE_LENGTH:
        raise NotSupported(f"a note has at most {NOTE_LENGTH} characters")
    head: Body = {"DocNumber": _number_of(document, marker), "TxnDate": document.booked_on.isoformat()}
    if note:
        head["PrivateNote"] = note
    if document.department.isdecimal():
        head["DepartmentRef"] = _ref(document.department)
    if document.document_currency:
        head["CurrencyRef"] = _ref(document.document_currency)
    return head


def _in_own_currency(document: LedgerDocument) -> LedgerDocument:
    """The document in the currency it is written in. Raises NotSupported where a line has no amount in it.

    Its worth at home is then what QuickBooks makes of amounts and rate.
    https://developer.intuit.com/app/developer/qbo/docs/workflows/manage-multiple-currencies
    """
    own = document.document_currency
    if own in {"", document.currency}:
        return document
    if document.rate is None or document.rate <= 0:
        raise NotSupported(f"a document in {own} needs its rate of exchange")
    lines = []
    for line in document.lines:
        if line.foreign <= 0:
            raise NotSupported(f"the line on account {line.account_id} has no amount in {own}")
        lines.append(replace(line, debit=line.foreign if line.debit else 0, credit=line.foreign if line.credit else 0))
    return replace(document, currency=own, lines=tuple(lines))


def display_name(name: str) -> str:
    """A name as QuickBooks takes it: a colon would make it part of another."""
    return " ".join(name.replace(":", " ").split())


def _number_of(document: LedgerDocument, marker: str) -> str:
    """The number the other side knows where it fits, for that is what it asks after; else the marker."""
    is_theirs = document.type in THEIRS and 0 < len(document.number) <= MARKER_LENGTH
    return document.number if is_theirs else marker


def _note(document: LedgerDocument, marker: str) -> str:
    if document.type in UNNUMBERED and marker not in document.note:
        return f"{marker} {document.note}".rstrip()
    if document.type in THEIRS and document.number not in {"", marker}:
        whose = "Customer's" if document.type in SALES_FORMS else "Supplier's"
        return f"{document.note}\n{whose} number {document.number}\n{marker}".lstrip()
    if document.type in SALES_FORMS:
        return f"{document.note}\n{marker}".lstrip()
    return document.note


def _ref(value: str) -> dict[str, str]:
    return {"value": value}


def _number(minor: int, currency: str) -> Decimal:
    return to_major(minor, currency)


def _party_id(party: str, kind: str, document: LedgerDocument) -> str:
    """The id of a ``Vendor:46`` where a document of this type needs one of that kind."""
    word, _, number = party.rpartition(":")
    if not number or (word and word != kind):
        raise NotSupported(f"a {document.type} needs a {kind.lower()}, it has {party or 'none'}")
    return number


def _dimensions(line: LedgerLine) -> Body:
    """Class and department by their ids; a department of ours that QuickBooks does not know by id is left out."""
    found = {"ClassRef": line.klass, "DepartmentRef": line.department}
    return {key: _ref(value) for key, value in found.items() if value.isdecimal()}


def _described(line: LedgerLine, minor: int, currency: str, detail_type: str, detail: Body) -> Body:
    body: Body = {"Amount": _number(minor, currency), "DetailType": detail_type, detail_type: detail}
    if line.memo:
        body["Description"] = line.memo[:DESCRIPTION_LENGTH]
    return body


def _others(document: LedgerDocument, sign: int) -> list[tuple[LedgerLine, int]]:
    """The lines after the document's own, with amounts that add up to it; ``sign`` 1 counts debits as positive."""
    return [(line, sign * (line.debit - line.credit)) for line in document.lines[1:]]


def _own(document: LedgerDocument, side: str) -> LedgerLine:
    first = document.lines[0]
    if not getattr(first, side):
        raise NotSupported(f"the first line of a {document.type} must be a {side}")
    return first


# ---- one builder per document --------------------------------------------------------------------------------------------


def _journal_entry(document: LedgerDocument) -> Body:
    return {"Line": [_journal_line(line, document.currency) for line in document.lines]}


def _journal_line(line: LedgerLine, currency: str) -> Body:
    detail: Body = {"PostingType": "Debit" if line.debit else "Credit", "AccountRef": _ref(line.account_id)}
    kind, _, number = line.party.rpartition(":")
    if kind in {"Vendor", "Customer", "Employee"} and number:
        detail["Entity"] = {"Type": kind, "EntityRef": _ref(number)}
    return _described(line, line.debit + line.credit, currency, "JournalEntryLineDetail", detail | _dimensions(line))


def _transfer(document: LedgerDocument) -> Body:
    if len(document.lines) != 2:
        raise NotSupported("a transfer has two accounts")
    source, target = sorted(document.lines, key=lambda line: line.debit)
    return {
        "FromAccountRef": _ref(source.account_id),
        "ToAccountRef": _ref(target.account_id),
        "Amount": _number(target.debit, document.currency),
    }


def _deposit(document: LedgerDocument) -> Body:
    bank = _own(document, "debit")
    lines = []
    for line, minor in _others(document, -1):
        if line.settles:
            kind, _, number = line.settles.partition(":")
            link = {"TxnId": number, "TxnType": kind, "TxnLineId": "0"}
            lines.append({"Amount": _number(minor, document.currency), "LinkedTxn": [link]})
            continue
        detail: Body = {"AccountRef": _ref(line.account_id)}
        kind, _, number = line.party.rpartition(":")
        if kind and number:
            detail["Entity"] = {"value": number, "type": kind.upper()}
        if line.klass.isdecimal():
            detail["ClassRef"] = _ref(line.klass)
        lines.append(_described(line, minor, document.currency, "DepositLineDetail", detail))
    return {"DepositToAccountRef": _ref(bank.account_id), "Line": lines}


def _expense_lines(document: LedgerDocument, sign: int) -> list[Body]:
    lines = []
    for line, minor in _others(document, sign):
        detail: Body = {"AccountRef": _ref(line.account_id)}
        if line.klass.isdecimal():
            detail["ClassRef"] = _ref(line.klass)
        if line.party.startswith("Customer:"):
            detail["CustomerRef"] = _ref(line.party.rpartition(":")[2])
        lines.append(_described(line, minor, document.currency, "AccountBasedExpenseLineDetail", detail))
    return lines


def _bill(document: LedgerDocument) -> Body:
    is_credit = document.type == "VendorCredit"
    payable = _own(document, "debit" if is_credit else "credit")
    body: Body = {
        "VendorRef": _ref(_party_id(document.party, "Vendor", document)),
        "APAccountRef": _ref(payable.account_id),
        "Line": _expense_lines(document, -1 if is_credit else 1),
    }
    if document.due_on is not None and not is_credit:
        body["DueDate"] = document.due_on.isoformat()
    return body


def _settled_lines(lines: Sequence[tuple[LedgerLine, int]], kind: str, document: LedgerDocument) -> list[Body]:
    """One line for each document paid; what pays none is refused, for it would stay open on both sides."""
    return [_link(line, minor, kind, document) for line, minor in lines]


def _link(line: LedgerLine, minor: int, kind: str, document: LedgerDocument) -> Body:
    name, _, number = line.settles.partition(":")
    if name != kind or not number or minor <= 0:
        raise NotSupported(f"each line of a {document.type} must settle a {kind.lower()}")
    return {"Amount": _number(minor, document.currency), "LinkedTxn": [{"TxnId": number, "TxnType": kind}]}


def _bill_payment(document: LedgerDocument) -> Body:
    paid_from = _own(document, "credit")
    others = _others(document, 1)
    body: Body = {
        "VendorRef": _ref(_party_id(document.party, "Vendor", document)),
        "APAccountRef": _ref(document.lines[1].account_id),
        "TotalAmt": _number(paid_from.credit, document.currency),
        "Line": _settled_lines(others, "Bill", document),
    }
    if document.method == "card":
        return body | {"PayType": "CreditCard", "CreditCardPayment": {"CCAccountRef": _ref(paid_from.account_id)}}
    return body | {"PayType": "Check", "CheckPayment": {"BankAccountRef": _ref(paid_from.account_id)}}


def _purchase(document: LedgerDocument) -> Body:
    """A card refund is the mirror: its own account is debited and ``Credit`` is set."""
    first = document.lines[0]
    is_refund = bool(first.debit)
    if is_refund and document.method != "card":
        raise NotSupported("only a card purchase can be given back as a Purchase")
    body: Body = {
        "PaymentType": _PAYMENT_TYPES[document.method],
        "AccountRef": _ref(first.account_id),
        "Line": _expense_lines(document, -1 if is_refund else 1),
    }
    if is_refund:
        body["Credit"] = True
    kind, _, number = document.party.rpartition(":")
    if kind and number:
        body["EntityRef"] = {"value": number, "type": kind}
    return body


def _invoice(document: LedgerDocument) -> Body:
    """A credit memo is the mirror. Tax goes beside the lines, into the account QuickBooks keeps it in itself."""
    is_credit = document.type == "CreditMemo"
    receivable = _own(document, "credit" if is_credit else "debit")
    sold = _others(document, 1 if is_credit else -1)
    body: Body = {
        "CustomerRef": _ref(_party_id(document.party, "Customer", document)),
        "ARAccountRef": _ref(receivable.account_id),
        "Line": [_sold_line(line, minor, document) for line, minor in sold if not line.is_tax],
    }
    if tax := sum(minor for line, minor in sold if line.is_tax):
        body["TxnTaxDetail"] = {"TotalTax": _number(tax, document.currency)}
    if document.due_on is not None and not is_credit:
        body["DueDate"] = document.due_on.isoformat()
    return body


def _sold_line(line: LedgerLine, minor: int, document: LedgerDocument) -> Body:
    if not line.item:
        raise NotSupported(f"each line of a {document.type} sells an item")
    detail: Body = {"ItemRef": _ref(line.item)}
    if line.klass.isdecimal():
        detail["ClassRef"] = _ref(line.klass)
    return _described(line, minor, document.currency, "SalesItemLineDetail", detail)


def _payment(document: LedgerDocument) -> Body:
    """Money of a customer, for invoices or on account; or a credit set against an invoice, which moves no money."""
    first, body = document.lines[0], {"CustomerRef": _ref(_party_id(document.party, "Customer", document))}
    if first.settles:
        lines = [_link(first, first.debit, "CreditMemo", document)]
        lines += _settled_lines(_others(document, -1), "Invoice", document)
        return body | {"ARAccountRef": _ref(first.account_id), "TotalAmt": Decimal(0), "Line": lines}
    bank = _own(document, "debit")
    on_invoices = [(line, minor) for line, minor in _others(document, -1) if line.settles]
    return body | {
        "ARAccountRef": _ref(document.lines[1].account_id),
        "DepositToAccountRef": _ref(bank.account_id),
        "TotalAmt": _number(bank.debit, document.currency),
        "Line": _settled_lines(on_invoices, "Invoice", document),
    }


_BUILDERS: dict[str, Callable[[LedgerDocument], Body]] = {
    "JournalEntry": _journal_entry,
    "Transfer": _transfer,
    "Deposit": _deposit,
    "Bill": _bill,
    "VendorCredit": _bill,
    "BillPayment": _bill_payment,
    "Purchase": _purchase,
    "Invoice": _invoice,
    "CreditMemo": _invoice,
    "Payment": _payment,
}
