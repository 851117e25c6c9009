"""``manage.py explain``: what the books would make of a payload, without a database."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import fields
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.core.management.base import BaseCommand

from integrations.money import MoneyError, exponent
from integrations.records import BankStatement
from integrations.records_json import to_json
from ledger.core.roles import label
from ledger.explaining import EXCEPTION, UNREADABLE, Explained, Explanation, Object, Options, Problem, explain

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Iterator

    from integrations.records import Record
    from ledger.core.entry import DraftEntry

_WIDTH = 56
_MONEY = 16
_EXITS = "Exit status: 0 booked or proof, 3 an exception (something is missing), 2 unreadable."


class Command(BaseCommand):
    help = f"Shows the facts and balanced lines a payload leads to. {_EXITS}"
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("provider", help="a provider's slug, or bank-file")
        parser.add_argument("stream", help="a stream's name, or auto")
        parser.add_argument("file", help="the payload; - reads standard input")
        parser.add_argument("--timezone", default="UTC", help="the client's time zone, which decides book dates")
        parser.add_argument("--currency", default="", help="home currency, where the payload does not say")
        parser.add_argument("--account", default="", help="the connected account's id")
        parser.add_argument("--as-of", default="", help="the day the answer was read (YYYY-MM-DD)")
        parser.add_argument("--json", action="store_true")

    def handle(self, *_args: Any, **options: Any) -> None:
        explanation = self._explained(options)
        try:
            if options["json"]:
                self.stdout.write(json.dumps(_as_json(explanation), ensure_ascii=False, indent=1))
            else:
                for line in _as_text(explanation):
                    self.stdout.write(line)
            self.stdout.flush()
        except BrokenPipeError:  # the reader had enough (head); what is buffered must not complain at exit either
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if explanation.exit_code:
            sys.exit(explanation.exit_code)

    @staticmethod
    def _explained(options: dict[str, Any]) -> Explanation:
        source = options["provider"]
        try:
            how = Options(
                timezone=ZoneInfo(options["timezone"]),
                currency=options["currency"],
                account=options["account"],
                as_of=date.fromisoformat(options["as_of"]) if options["as_of"] else None,
            )
            path = options["file"]
            content = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
        except ZoneInfoNotFoundError:
            return Explanation(source=source, error=f"{options['timezone']!r} is no time zone")
        except OSError as error:
            return Explanation(source=source, error=f"{options['file']}: {error.strerror}")
        except ValueError as error:
            return Explanation(source=source, error=str(error))
        return explain(source, options["stream"], content, filename=Path(path).name, options=how)


# ---- as text ---------------------------------------------------------------------------------------------------------------


def _as_text(explanation: Explanation) -> Iterator[str]:
    for found in explanation.objects:
        yield from _object_text(found)
    if explanation.error:
        yield f"Unreadable: {explanation.error}"
    if explanation.question:
        yield f"Exception: {explanation.question.what}"
    yield _summary(explanation)


def _object_text(found: Object) -> Iterator[str]:
    yield " · ".join(part for part in (found.path, found.stream, found.external_id) if part)
    for note in found.notes:
        yield f"  Note: {note}"
    if found.error:
        yield f"  Unreadable: {found.error}"
    elif not found.facts:
        yield "  No fact in it."
    for fact in found.facts:
        yield from _fact_text(fact)
    yield ""


def _fact_text(fact: Explained) -> Iterator[str]:
    record = fact.record
    yield f"  {type(record).__name__} {record.booked_on} {record.currency} {record.external_id} [{fact.state}]"
    yield f"    {_facts(record)}"
    if fact.problem:
        yield f"    Exception: {_problem(fact.problem, record.currency)}"
    for entry in fact.entries:
        yield from _entry_text(entry, record.currency)


def _facts(record: Record) -> str:
    """The fields that say something, amounts in major units."""
    said = []
    for field in fields(record):
        value = getattr(record, field.name)
        if field.name in ("external_id", "booked_on", "currency") or value in ("", None, (), 0, False):
            continue
        if isinstance(value, tuple):
            said.append(f"{field.name} {len(value)}")
        elif isinstance(value, bool):
            said.append(field.name)
        elif isinstance(value, int) and field.name not in ("ordinal", "fiscal_year_start_month"):
            said.append(f"{field.name} {_money(value, record.currency)}")
        else:
            said.append(f"{field.name} {value.isoformat() if isinstance(value, (date, datetime)) else value}")
    return ", ".join(said)


def _entry_text(entry: DraftEntry, currency: str) -> Iterator[str]:
    yield f"    {entry.booked_on} {entry.purpose}: {entry.memo}"
    yield f"      {'':{_WIDTH}}{'Dr':>{_MONEY}}{'Cr':>{_MONEY}}"
    for line in entry.lines:
        name = ("  " if line.credit else "") + label(line.role, line.key)
        tags = [tag for tag in (line.department, line.party) if tag]
        if tags:
            name += f" ({', '.join(tags)})"
        debit = _money(line.debit, currency) if line.debit else ""
        credit = _money(line.credit, currency) if line.credit else ""
        yield f"      {name:{_WIDTH}}{debit:>{_MONEY}}{credit:>{_MONEY}}".rstrip()
    total = _money(entry.total, currency)
    yield f"      {'Total':{_WIDTH}}{total:>{_MONEY}}{total:>{_MONEY}}"


def _money(minor: int, currency: str) -> str:
    """Major units, thousands grouped; whatever its size, and plain minor units where the currency is none."""
    try:
        places = exponent(currency)
    except MoneyError:
        return f"{minor:,} minor units"
    whole, part = divmod(abs(minor), 10**places)
    sign = "-" if minor < 0 else ""
    return f"{sign}{whole:,}.{part:0{places}d}" if places else f"{sign}{whole:,}"


def _problem(problem: Problem, currency: str) -> str:
    return f"{problem.what} ({_money(problem.amount, currency)} {currency})" if problem.amount else problem.what


def _summary(explanation: Explanation) -> str:
    states: dict[str, int] = {}
    for found in explanation.objects:
        for fact in found.facts:
            states[fact.state] = states.get(fact.state, 0) + 1
    unreadable = sum(bool(found.error) for found in explanation.objects)
    counts = [f"{count} {state}" for state, count in sorted(states.items())]
    counts += [f"{unreadable} unreadable"] if unreadable else []
    verdict = {EXCEPTION: "exception", UNREADABLE: "unreadable"}.get(explanation.exit_code, "complete")
    return f"{explanation.source}: {len(explanation.objects)} objects; {', '.join(counts) or 'no facts'}; {verdict}"


# ---- as JSON ---------------------------------------------------------------------------------------------------------------


def _as_json(explanation: Explanation) -> dict[str, Any]:
    return {
        "source": explanation.source,
        "exit": explanation.exit_code,
        "error": explanation.error,
        "question": explanation.question.what if explanation.question else "",
        "objects": [_object_json(found) for found in explanation.objects],
    }


def _object_json(found: Object) -> dict[str, Any]:
    return {
        "path": found.path,
        "stream": found.stream,
        "external_id": found.external_id,
        "error": found.error,
        "notes": list(found.notes),
        "facts": [_fact_json(fact) for fact in found.facts],
    }


def _fact_json(fact: Explained) -> dict[str, Any]:
    record = to_json(fact.record)
    if isinstance(fact.record, BankStatement):
        record["lines"] = len(fact.record.lines)  # each line follows as a fact of its own
    return {
        "kind": type(fact.record).__name__,
        "state": fact.state,
        "record": record,
        "exception": {"what": fact.problem.what, "amount": fact.problem.amount} if fact.problem else None,
        "entries": [_entry_json(entry) for entry in fact.entries],
    }


def _entry_json(entry: DraftEntry) -> dict[str, Any]:
    return {
        "purpose": entry.purpose,
        "booked_on": entry.booked_on.isoformat(),
        "currency": entry.currency,
        "memo": entry.memo,
        "total": entry.total,
        "lines": [
            {
                "role": line.role,
                "key": line.key,
                "debit": line.debit,
                "credit": line.credit,
                "department": line.department,
                "party": line.party,
                "memo": line.memo,
            }
            for line in entry.lines
        ],
    }
