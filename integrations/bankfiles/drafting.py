"""What all formats share once a line is understood: identity, and the statement with its own arithmetic checked."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from integrations.bankfiles.text import normal
from integrations.errors import PayloadError
from integrations.money import MoneyError, exponent, to_major
from integrations.records import BankLine, BankStatement

if TYPE_CHECKING:
    from datetime import date


def fingerprint(*parts: object) -> str:
    """A short digest of the parts in order."""
    return hashlib.sha256("\x1f".join(str(part) for part in parts).encode("utf-8", "replace")).hexdigest()[:32]


def checked_currency(code: str, *, path: str) -> str:
    """The code in capitals. Raises PayloadError when it is missing or cannot be a currency."""
    try:
        exponent(code)
    except MoneyError as error:
        raise PayloadError(path, "the currency is missing" if not code else str(error)) from error
    return code.upper()


@dataclass(slots=True)
class Identities:
    """Ids by content: equal lines of a day are told apart by their ordinal, so two equal coffees stay two coffees and an
    overlapping export of the same days gives the same ids.
    """

    seen: Counter[tuple[object, ...]] = field(default_factory=Counter)

    def take(self, account: str, booked_on: date, currency: str, amount: int, *texts: str) -> tuple[str, int]:
        """(id, ordinal from 0)."""
        content = (normal(account), booked_on.isoformat(), currency, amount, *(normal(text) for text in texts))
        ordinal = self.seen[content]
        self.seen[content] += 1
        return fingerprint(*content, ordinal), ordinal


@dataclass(slots=True)
class Draft:
    """A statement being read. ``opening`` and ``closing`` in minor units of ``currency``."""

    account: str
    currency: str
    path: str
    kind: str = ""
    lines: list[BankLine] = field(default_factory=list)
    opening: int | None = None
    closing: int | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    statement_id: str = ""
    warnings: list[str] = field(default_factory=list)

    def finish(self) -> BankStatement:
        """The statement; a warning tells when opening plus booked lines is not closing. Raises PayloadError without a date."""
        days = [line.booked_on for line in self.lines]
        ends_on = max(filter(None, (self.ends_on, *days)), default=self.starts_on)
        if ends_on is None:
            raise PayloadError(self.path, "has no lines and no dates")
        self._warn_of_foreign_lines()
        self._warn_of_balance()
        identity = self.statement_id or fingerprint(*(line.external_id for line in self.lines))
        return BankStatement(
            external_id=fingerprint(self.account, self.currency, identity, ends_on, self.opening, self.closing),
            booked_on=ends_on,
            currency=self.currency,
            account=self.account,
            lines=tuple(self.lines),
            opening=self.opening,
            closing=self.closing,
            starts_on=min(filter(None, (self.starts_on, *days)), default=None),
            account_kind=self.kind,
            warnings=tuple(self.warnings),
        )

    def _warn_of_foreign_lines(self) -> None:
        foreign = sorted({line.currency for line in self.lines} - {self.currency})
        if foreign:
            self.warnings.append(f"{self.path}: lines in {', '.join(foreign)} on an account in {self.currency}")

    def _warn_of_balance(self) -> None:
        if self.opening is None or self.closing is None:
            return
        moved = sum(line.amount for line in self.lines if not line.pending and line.currency == self.currency)
        if self.opening + moved != self.closing:
            opening, lines, total, closing = (
                to_major(minor, self.currency) for minor in (self.opening, moved, self.opening + moved, self.closing)
            )
            self.warnings.append(
                f"{self.path}: opening {opening} + lines {lines} = {total}, but the closing balance is {closing}"
            )
