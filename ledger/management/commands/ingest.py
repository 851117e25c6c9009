"""``manage.py ingest``: post a file of balanced entries to one client's books, in one transaction.

One JSON object a line: ``{"source": "till", "id": "a-1", "date": "2026-03-14", "memo": "…", "lines": [["1000", 250], …]}``;
each of the lines is an account number and minor units, debit positive. ``source`` and ``id`` are the identity: what is in the
books with the same content is left alone, what is there with other content is reported and left alone too.
"""

from __future__ import annotations

import gc
import json
import time
from datetime import date
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
from django.core.management.base import BaseCommand, CommandError

from clients.models import Client
from clients.tenancy import client_context
from ledger import posting
from ledger.models import Account

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Iterable, Mapping

SHOWN = 20
PURPOSE = "entry"
_BROKEN = (KeyError, ValueError, TypeError)


class Command(BaseCommand):
    help = "Posts balanced entries (JSON Lines) to a client's books, all of them or none; known ones are a no-op."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--client", required=True, help="the client's slug")
        parser.add_argument("--file", required=True, type=Path)
        parser.add_argument("--json", action="store_true", help="one JSON line instead of sentences")

    def handle(self, *_args: Any, **options: Any) -> None:
        client = Client.objects.filter(slug=options["client"]).first()
        if client is None:
            raise CommandError(f"no client {options['client']!r}")
        gc.disable()  # very many small containers without cycles: the collector would walk them again and again
        started = time.perf_counter()
        try:
            total = _ingest(client, options["file"])
        except (OSError, posting.PostingError) as error:
            raise CommandError(f"nothing was posted: {error}") from error
        seconds = time.perf_counter() - started
        changed = [key for _, key in total.changed]
        if options["json"]:
            self.stdout.write(
                json.dumps({"s": seconds, "posted": total.posted, "known": total.known, "changed": len(changed)})
            )
            return
        self.stdout.write(f"{total.posted} posted, {total.known} known, {len(changed)} with other content left alone")
        for key in changed[:SHOWN]:
            self.stdout.write(f"  other content: {key}")


class _Total:
    def __init__(self) -> None:
        self.posted = self.known = 0
        self.changed: list[tuple[int, str]] = []


def _ingest(client: Client, path: Path) -> _Total:
    total, number = _Total(), 0
    with path.open("rb") as file, client_context(client.pk):
        accounts = dict(Account.objects.filter(client=client).exclude(number="").values_list("number", "pk"))
        while raws := list(islice(file, posting.BATCH)):
            fresh = posting.not_known(client.pk, PURPOSE, _offered(raws, number, accounts))
            entries = _entries([(number + n + 1, raws[n]) for n in fresh], accounts)
            number += len(raws)
            done = posting.post(client.pk, entries)
            total.posted += done.posted
            total.known += len(raws) - len(fresh) + done.known
            total.changed += [(entry_id, entries[index].source_key) for index, entry_id in done.changed]
    return total


def _offered(raws: Iterable[bytes], before: int, accounts: Mapping[str, int]) -> list[tuple[str, bytes]]:
    """Identity and digest of the entry that each line tells; nothing else of a line is kept, most are known."""
    offered = []
    for number, text in enumerate(raws, before + 1):
        try:
            raw = orjson.loads(text)
            offered.append((_key(raw), posting.plain_digest(raw["date"], raw["lines"], accounts)))
        except _BROKEN as error:
            raise _refusal(number, error) from error
    return offered


def _entries(told: Iterable[tuple[int, bytes]], accounts: Mapping[str, int]) -> list[posting.Entry]:
    days: dict[str, date] = {}
    entries = []
    for number, text in told:
        try:
            entries.append(_entry(orjson.loads(text), accounts, days))
        except _BROKEN as error:
            raise _refusal(number, error) from error
    return entries


def _refusal(number: int, error: Exception) -> CommandError:
    if isinstance(error, KeyError):
        return CommandError(f"line {number}: {error.args[0]!r} is missing or not an account number")
    return CommandError(f"line {number}: {error}")


def _entry(raw: dict[str, Any], accounts: Mapping[str, int], days: dict[str, date]) -> posting.Entry:
    """The entry of one line of the file. Raises KeyError, TypeError or ValueError."""
    said = raw["date"]
    day = days.get(said) or days.setdefault(said, date.fromisoformat(said))
    lines = [
        posting.Line(accounts[number], amount, 0) if amount > 0 else posting.Line(accounts[number], 0, -amount)
        for number, amount in raw["lines"]
    ]
    return posting.Entry(day, _key(raw), PURPOSE, lines, memo=raw.get("memo", ""))


def _key(raw: dict[str, Any]) -> str:
    return f"{raw['source']}:{raw['id']}"
