"""QIF: no currency, no identity, dates in the writer's order. What the file does not say is asked, not guessed."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from integrations.bankfiles import dates, numbers
from integrations.bankfiles.drafting import Draft, Identities, checked_currency
from integrations.bankfiles.layout import CsvLayout, LayoutNeeded
from integrations.bankfiles.text import tidy
from integrations.errors import PayloadError
from integrations.records import BankLine, BankStatement

if TYPE_CHECKING:
    from datetime import date

_KINDS = {"bank": "depository", "cash": "depository", "ccard": "credit", "oth a": "other", "oth l": "other"}
_APOSTROPHE_YEAR = re.compile(r"\s*'\s*")
_UNREAD = frozenset(["invst", "cat", "class", "memorized", "security", "prices", "budget", "template"])


@dataclass(slots=True)
class _Entry:
    number: int
    fields: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Listing:
    account: str
    kind: str
    entries: list[_Entry] = field(default_factory=list)


def read(text: str, *, layout: CsvLayout | None = None, currency: str = "") -> tuple[BankStatement, ...]:
    """One statement for each account. Raises PayloadError, or LayoutNeeded when the order of the dates cannot be told."""
    listings, unread = _listings(text)
    if not listings:
        raise PayloadError(
            "QIF", "the file holds no bank, cash or card entries" + (f" (only {unread})" if unread else "")
        )
    entries = [entry for listing in listings for entry in listing.entries]
    proposal, questions = _proposal(entries, currency)
    if layout is None and questions:
        rows = tuple(
            (entry.fields.get("D", ""), entry.fields.get("T", ""), entry.fields.get("P", "")) for entry in entries[:10]
        )
        raise LayoutNeeded(proposal, rows, questions)
    used = layout or proposal
    code = checked_currency(currency or used.currency, path="QIF.currency")
    identities = Identities()
    drafts = [_draft(listing, used, code, identities) for listing in listings]
    if unread:
        drafts[0].warnings.append(f"lists not read: {unread}")
    return tuple(draft.finish() for draft in drafts)


def _listings(text: str) -> tuple[list[_Listing], str]:
    """The entries by account, and the names of the lists that hold no money."""
    found: dict[tuple[str, str], _Listing] = {}
    unread: list[str] = []
    account, mode = "", ""
    entry = _Entry(0)
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if line.startswith("!"):
            mode = line[1:].strip().lower().removeprefix("type:").strip()
            entry = _Entry(0)
            if mode in _UNREAD:
                unread.append(mode)
        elif line.startswith("^"):
            if mode == "account":
                account = entry.fields.get("N", account)
            elif mode in _KINDS and entry.fields:
                listing = found.setdefault((account, mode), _Listing(account, _KINDS[mode]))
                listing.entries.append(entry)
            entry = _Entry(0)
        elif line:
            entry.number = entry.number or number
            entry.fields.setdefault(line[0].upper(), line[1:].strip())
    if mode in _KINDS and entry.fields:
        found.setdefault((account, mode), _Listing(account, _KINDS[mode])).entries.append(entry)
    return list(found.values()), ", ".join(dict.fromkeys(unread))


def _proposal(entries: list[_Entry], currency: str) -> tuple[CsvLayout, tuple[str, ...]]:
    order, order_certain = dates.order_of([[_plain_date(entry.fields.get("D", "")) for entry in entries]])
    mark, mark_certain = numbers.decimal_mark(entry.fields.get("T", entry.fields.get("U", "")) for entry in entries)
    questions = []
    if not order_certain:
        questions.append("Is the day or the month first in the dates?")
    if not mark_certain:
        questions.append("Is the decimal mark a point or a comma?")
    if not currency:
        questions.append("Which currency is the account in? The file does not say.")
    layout = CsvLayout(
        delimiter="", date=0, amount=1, description=(2,), date_format=order, decimal_mark=mark, currency=currency
    )
    return layout, tuple(questions)


def _plain_date(text: str) -> str:
    """``8/12'13`` and ``8/12' 3`` are Quicken's way to write years after 1999."""
    return _APOSTROPHE_YEAR.sub("/", text) if "'" in text else text


def _draft(listing: _Listing, layout: CsvLayout, currency: str, identities: Identities) -> Draft:
    draft = Draft(account=listing.account or layout.account, currency=currency, path="QIF", kind=listing.kind)
    for entry in listing.entries:
        path = f"line {entry.number}"
        booked_on = _day(entry, layout, path)
        printed = entry.fields.get("T") or entry.fields.get("U")
        if not printed:
            raise PayloadError(f"{path}, T", "the amount is missing")
        value = numbers.amount(printed, layout.decimal_mark, path=f"{path}, T")
        amount = numbers.minor(value, currency, path=f"{path}, T", warnings=draft.warnings)
        payee, category = entry.fields.get("P", ""), entry.fields.get("L", "")
        if payee.lower() == "opening balance" and category.startswith("[") and draft.opening is None:
            draft.opening = amount
            continue
        draft.lines.append(_line(entry, draft, booked_on, -amount if layout.inverted else amount, identities))
    return draft


def _day(entry: _Entry, layout: CsvLayout, path: str) -> date:
    printed = _plain_date(entry.fields.get("D", ""))
    if not printed:
        raise PayloadError(f"{path}, D", "the date is missing")
    found = dates.read(printed, layout.date_format)
    if found is None:
        raise PayloadError(f"{path}, D", f"{printed[:40]!r} is not a date")
    return found


def _line(entry: _Entry, draft: Draft, booked_on: date, amount: int, identities: Identities) -> BankLine:
    payee, memo, number = (entry.fields.get(key, "") for key in "PMN")
    description = tidy(payee if memo in payee else f"{payee} {memo}")
    external_id, ordinal = identities.take(draft.account, booked_on, draft.currency, amount, description, number)
    return BankLine(
        external_id=external_id,
        booked_on=booked_on,
        currency=draft.currency,
        account=draft.account,
        amount=amount,
        description=description,
        counterparty=payee,
        reference=number,
        ordinal=ordinal,
    )
