"""SWIFT MT940 customer statements as banks really send them: with or without envelope, any dialect of field 86."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from integrations.bankfiles import dates, numbers
from integrations.bankfiles.drafting import Draft, Identities, checked_currency, fingerprint
from integrations.bankfiles.text import tidy
from integrations.errors import PayloadError
from integrations.records import BankLine, BankStatement

if TYPE_CHECKING:
    from collections.abc import Iterator

_FIELD = re.compile(r"^(?:\{4:)?:([0-9]{2}[A-Z]?):(.*)$")
_END = re.compile(r"^-(?:\}.*|[\x00-\x1f]*)?$")
_BALANCE = re.compile(r"([CD])\s?([0-9]{6})([A-Z]{3})\s*([0-9][0-9.,]*)")
_LINE = re.compile(
    r"([0-9]{6})([0-9]{4}|\s{0,4})(R[CD]|E[CD]|[CD])([A-Z])?\s*([0-9][0-9.,]*)([NFS][A-Z0-9]{3})?(.*)", re.DOTALL
)
_ACCOUNT_CURRENCY = re.compile(r"^([A-Z]{2}[0-9]{2}[A-Z0-9]{10,30}?)\s?[A-Z]{3}$")
_STRUCTURED = re.compile(r"\?([0-9]{2})([^?]*)")
_SLASHED_NAME = re.compile(r"/NAME/([^/]+)")
_SLASHED_TEXT = re.compile(r"/REMI/(?:/)?(.*?)(?=/[A-Z]{2,4}/|$)")
_NO_REFERENCE = frozenset(["", "NONREF", "NOREF"])


@dataclass(slots=True)
class _Message:
    """The fields of one message with the number of the line each starts on."""

    number: int
    fields: list[tuple[str, str, int]] = field(default_factory=list)

    def first(self, *tags: str) -> tuple[str, int]:
        return next(((value, line) for tag, value, line in self.fields if tag in tags), ("", self.number))


def read(text: str, *, currency: str = "") -> tuple[BankStatement, ...]:
    """One BankStatement for each message. Raises PayloadError naming line and field."""
    identities = Identities()
    statements = [_statement(message, identities, currency) for message in _messages(text)]
    if not statements:
        raise PayloadError("MT940", "the file holds no statement (field :20: or :25: is missing)")
    return tuple(statements)


def _messages(text: str) -> Iterator[_Message]:
    message: _Message | None = None
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip("\x00\x01\x02\x03\r")
        found = _FIELD.match(line)
        if found and (found[1] == "20" or (message is None and found[1] == "25")):
            if message is not None:
                yield message
            message = _Message(number)
        if message is None:
            continue
        if found:
            message.fields.append((found[1], found[2], number))
        elif _END.match(line) or line.startswith("{1:"):
            yield message
            message = None
        elif message.fields:
            tag, value, start = message.fields[-1]
            message.fields[-1] = (tag, f"{value}\n{line}", start)
    if message is not None:
        yield message


def _statement(message: _Message, identities: Identities, currency: str) -> BankStatement:
    account_text, account_line = message.first("25", "25P")
    account = tidy(account_text)
    if not account:
        raise PayloadError(f"line {account_line}, field 25", "the account number is missing")
    with_currency = _ACCOUNT_CURRENCY.match(account)
    opening_text, opening_line = message.first("60F", "60M")
    closing_text, closing_line = message.first("62F", "62M")
    own = next((found[3] for text in (opening_text, closing_text) if (found := _BALANCE.match(text))), currency)
    draft = Draft(
        account=with_currency[1] if with_currency else account,
        currency=checked_currency(own, path=f"line {message.number}, field 60F"),
        path=f"line {message.number}",
        kind="depository",
        statement_id=fingerprint(message.first("20")[0], message.first("28C", "28")[0], opening_text, closing_text),
    )
    draft.opening, draft.starts_on = _balance(opening_text, f"line {opening_line}, field 60", draft)
    draft.closing, draft.ends_on = _balance(closing_text, f"line {closing_line}, field 62", draft)
    for index, (tag, value, number) in enumerate(message.fields):
        if tag == "61":
            following = message.fields[index + 1] if index + 1 < len(message.fields) else ("", "", 0)
            details = following[1] if following[0] == "86" else ""
            draft.lines.append(_line(value, details, f"line {number}, field 61", draft, identities))
    if draft.starts_on and draft.lines:
        draft.starts_on = min(draft.starts_on, *(line.booked_on for line in draft.lines))
    return draft.finish()


def _balance(text: str, path: str, draft: Draft) -> tuple[int | None, date | None]:
    if not text.strip():
        return None, None
    found = _BALANCE.match(text)
    if found is None:
        raise PayloadError(path, f"{tidy(text)[:40]!r} is not a balance")
    if found[3] != draft.currency:
        draft.warnings.append(f"{path}: is in {found[3]}, the account in {draft.currency}; not used")
        return None, _short_day(found[2])
    size = numbers.minor(_size(found[4], path), draft.currency, path=path, warnings=draft.warnings)
    return (-size if found[1] == "D" else size), _short_day(found[2])


def _size(text: str, path: str) -> Decimal:
    """The decimal comma is the rule; some banks print a point."""
    return numbers.amount(text, "," if "," in text else ".", path=path)


def _short_day(text: str) -> date | None:
    return dates.day(int(text[:2]), int(text[2:4]), int(text[4:6]))


def _line(text: str, details: str, path: str, draft: Draft, identities: Identities) -> BankLine:
    found = _LINE.match(text)
    if found is None:
        raise PayloadError(path, f"{tidy(text)[:60]!r} is not a statement line")
    side = found[3]
    size = numbers.minor(_size(found[5], path), draft.currency, path=path, warnings=draft.warnings)
    amount = size if side in {"C", "RD", "EC"} else -size
    booked_on = _booked_on(found[1], found[2].strip(), path, draft)
    references, _, supplement = (found[7] or "").partition("\n")
    customer, _, bank = references.partition("//")
    name, description = _describe(details, supplement)
    description = description or tidy(f"{references} {supplement}")
    known = [part.strip() for part in (customer, bank) if part.strip() not in _NO_REFERENCE]
    external_id, ordinal = identities.take(
        draft.account, booked_on, draft.currency, amount, *known, tidy(f"{supplement} {details}")
    )
    return BankLine(
        external_id=external_id,
        booked_on=booked_on,
        currency=draft.currency,
        account=draft.account,
        amount=amount,
        description=description,
        counterparty=name,
        code=found[6] or "",
        reference=next(iter(known), ""),
        ordinal=ordinal,
    )


def _booked_on(value_text: str, entry_text: str, path: str, draft: Draft) -> date:
    """The entry date, its year taken from the value date across the turn of a year; without one, the value date.

    The value date may be impossible (30 February): then only its year is used.
    """
    value = _short_day(value_text)
    if not entry_text:
        if value is None:
            raise PayloadError(path, f"{value_text!r} is not a date")
        return value
    year, month, number = int(value_text[:2]), int(entry_text[:2]), int(entry_text[2:])
    if value is None:
        draft.warnings.append(f"{path}: value date {value_text} does not exist; the entry date is used")
    turn = int(value_text[2:4]) - month
    found = dates.day((year + (turn > 6) - (turn < -6)) % 100, month, number)
    if found is None:
        raise PayloadError(path, f"{entry_text!r} is not a day of a year")
    return found


def _describe(details: str, supplement: str) -> tuple[str, str]:
    """(counterparty, description) of a field 86, in the German ?-codes, the Dutch /codes/, or plain text."""
    joined = details.replace("\n", "")
    coded = _STRUCTURED.findall(joined)
    if coded:
        purpose = [value for code, value in coded if code[0] in "26" and value]
        name = tidy("".join(value for code, value in coded if code in {"32", "33"}))
        kind = next((value for code, value in coded if code == "00"), "")
        return name, tidy(" ".join(filter(None, [kind, "".join(purpose), name])))
    plain = tidy(details.replace("\n", " ") if "/NAME/" not in joined else joined)
    named = _SLASHED_NAME.search(joined)
    purpose_text = _SLASHED_TEXT.search(joined)
    if named or purpose_text:
        name = tidy(named[1]) if named else ""
        return name, tidy(f"{name} {purpose_text[1] if purpose_text else ''}") or plain
    return "", plain or tidy(supplement)
