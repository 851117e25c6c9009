"""``manage.py match``: pair a file of payouts with a file of bank lines, and measure the answer against a known truth."""

from __future__ import annotations

import csv
import gc
import json
import time
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError

from ledger.core.matching import match
from ledger.core.signals import BankSide, BookSide

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(BaseCommand):
    help = (
        "Pairs payouts (id,client,processor,date,cents,descr) with bank lines (id,client,date,cents,descr), both CSV."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--payouts", required=True, type=Path)
        parser.add_argument("--bank", required=True, type=Path)
        parser.add_argument("--truth", type=Path, help="CSV payout,bank: precision and recall are measured against it")
        parser.add_argument("--json", action="store_true", help="one JSON line instead of the pairs")

    def handle(self, *_args: Any, **options: Any) -> None:
        started = time.perf_counter()
        try:
            items = [
                BookSide(
                    row[0],
                    date.fromisoformat(row[3]),
                    int(row[4]),
                    (row[2],),
                    (row[5].rpartition(" ")[2],),
                    scope=row[1],
                )
                for row in _rows(options["payouts"])
            ]
            lines = [
                BankSide(row[0], date.fromisoformat(row[2]), int(row[3]), row[4], scope=row[1])
                for row in _rows(options["bank"])
            ]
            truth = {(row[0], row[1]) for row in _rows(options["truth"])} if options["truth"] else None
        except (OSError, ValueError, IndexError) as error:
            raise CommandError(f"unreadable: {error}") from error
        gc.disable()  # nothing below forms a cycle, and the collector would walk every row again and again
        read = time.perf_counter()
        said = match(lines, items)
        matched = time.perf_counter()
        pairs = [(item, line) for one in said if one.is_accepted for line in one.lines for item in one.items]
        if not options["json"]:
            for item, line in pairs:
                self.stdout.write(f"{item},{line}")
            return
        answer: dict[str, Any] = {
            "s": round(matched - read, 4),
            "read_s": round(read - started, 4),
            "pairs": len(pairs),
            "offered": sum(not one.is_accepted for one in said),
        }
        if truth is not None:
            right = len(truth.intersection(pairs))
            answer["precision"] = round(right / max(1, len(pairs)), 5)
            answer["recall"] = round(right / max(1, len(truth)), 5)
        self.stdout.write(json.dumps(answer))


def _rows(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        next(rows, None)
        return [row for row in rows if row]
