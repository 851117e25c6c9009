"""How fast bank lines meet their payouts, beside a greedy SQL join: ``.venv/bin/python tests/bench/matching.py [COUNT …]``.

The workload is W4 of ``../shared/performance.md``: two thirds of the payouts arrive as one line, a quarter in batches of two to
five, the rest never; a tenth more lines are noise; four payouts in ten share one of eight amounts; banks cut descriptions off.
The limit pairs exact amounts within six days by date, first come first served, on tables loaded and indexed beforehand, in the
embedded PostgreSQL under ``var/bench``; it knows no batches. Only the ratio means anything on a machine that does other work.

Part of the truth cannot be known from the two files: a batch whose member has a twin (same day, same amount) that no reference
tells apart, and a line cut off before its reference with two payouts it may be. Those are for a person, so the table shows how
many true pairs are of that kind, how many were left to a person, and how many of the pairs of all lines that were decided are right.
"""

from __future__ import annotations

import gc
import os
import random
import sys
import time
from collections import defaultdict
from datetime import date, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
START, DAYS = date(2024, 1, 1), 6
LIMIT = """
CREATE TEMP TABLE pair AS SELECT DISTINCT ON (p) p, b FROM (
  SELECT p.id AS p, b.id AS b, b.on_day - p.on_day AS lag, row_number() OVER (PARTITION BY b.id ORDER BY b.on_day - p.on_day, p.id) AS rank
  FROM payout p JOIN bank b ON b.cents = p.cents AND b.on_day BETWEEN p.on_day AND p.on_day + %s
) found WHERE rank = 1 ORDER BY p, lag, b
"""


def workload(
    count: int,
) -> tuple[list[tuple[int, date, int, str]], list[tuple[int, date, int, str]], set[tuple[str, str]]]:
    """Payouts, bank lines and the pairs that are true."""
    chance = random.Random(count)
    usual = [chance.randint(1_000, 90_000) for _ in range(8)]
    payouts: list[tuple[int, date, int, str]] = []
    lines: list[tuple[int, date, int, str]] = []
    truth: set[tuple[str, str]] = set()

    def payout(day: int) -> tuple[int, date, int, str]:
        cents = chance.choice(usual) if chance.random() < 0.4 else chance.randint(100, 2_000_000)
        made = (len(payouts), START + timedelta(day), cents, f"{chance.getrandbits(40):010X}")
        payouts.append(made)
        return made

    def line(day: int, cents: int, text: str) -> int:
        text = text[: chance.randint(10, len(text))] if chance.random() < 0.3 else text
        lines.append((len(lines), START + timedelta(day), cents, text))
        return len(lines) - 1

    while len(payouts) < count:
        day, kind = chance.randint(0, 700), chance.random()
        if kind < 0.67:
            made = payout(day)
            truth.add((f"p{made[0]}", f"b{line(day + chance.randint(0, 3), made[2], f'ACQUIRER TRANSFER {made[3]}')}"))
        elif kind < 0.76:
            several = [payout(day) for _ in range(chance.randint(2, 5))]
            at = line(day + chance.randint(1, 3), sum(one[2] for one in several), "ACQUIRER BATCH TRANSFER")
            truth |= {(f"p{one[0]}", f"b{at}") for one in several}
        else:
            payout(day)
    for _ in range(count // 10):
        line(
            chance.randint(0, 700),
            chance.choice(usual) if chance.random() < 0.5 else chance.randint(100, 2_000_000),
            "CARD PURCHASE",
        )
    return payouts, lines, truth


def undecidable(
    payouts: list[tuple[int, date, int, str]], lines: list[tuple[int, date, int, str]], truth: set[tuple[str, str]]
) -> int:
    """True pairs that the two files do not tell: some payout of the line has a twin that would serve as well."""
    printed = {word for _, _, _, text in lines for word in text.split()}
    unknown = [one for one in payouts if one[3] not in printed]
    by_amount: dict[int, list[tuple[date, int]]] = defaultdict(list)
    for key, on, cents, _ in unknown:
        by_amount[cents].append((on, key))
    members: dict[str, list[int]] = defaultdict(list)
    for payout, line in truth:
        members[line].append(int(payout[1:]))
    found = 0
    for line, own in members.items():
        _, on, _, text = lines[int(line[1:])]
        if payouts[own[0]][3] in text:
            continue
        days = [on - timedelta(lag) for lag in range(DAYS + 1)] if len(own) == 1 else [payouts[own[0]][1]]
        found += len(own) * any(
            day in days and key not in own and _may_be(payouts[key][3], text, len(own))
            for one in own
            for day, key in by_amount[payouts[one][2]]
        )
    return found


def _may_be(reference: str, text: str, members: int) -> bool:
    """The line's last word, where the bank cut into the reference, does not speak against it."""
    last = text.rpartition(" ")[2]
    return members > 1 or "ACQUIRER TRANSFER".startswith(text.strip()) or reference.startswith(last)


def ours(
    payouts: list[tuple[int, date, int, str]], lines: list[tuple[int, date, int, str]]
) -> tuple[float, set[tuple[str, str]]]:
    from ledger.core.matching import Window, match
    from ledger.core.signals import BankSide, BookSide

    items = [BookSide(f"p{key}", on, cents, ("ACQUIRER",), (word,)) for key, on, cents, word in payouts]
    printed = [BankSide(f"b{key}", on, cents, text) for key, on, cents, text in lines]
    gc.collect()
    gc.disable()  # as the matching command does: nothing forms a cycle
    started = time.perf_counter()
    said = match(printed, items, window=Window(0, DAYS))
    took = time.perf_counter() - started
    gc.enable()
    return took, {(item, line) for one in said if one.is_accepted for item in one.items for line in one.lines}


def limit(
    payouts: list[tuple[int, date, int, str]], lines: list[tuple[int, date, int, str]]
) -> tuple[float, set[tuple[str, str]]]:
    import psycopg
    from django.conf import settings

    from clients import provisioning

    with provisioning.connect(settings.DATABASES["owner"], "postgres") as server:
        cursor: psycopg.Cursor[tuple[int, int]] = server.cursor()
        for name, rows in (("payout", payouts), ("bank", lines)):
            cursor.execute(f"CREATE TEMP TABLE {name} (id int PRIMARY KEY, on_day date, cents bigint, descr text)")
            with cursor.copy(f"COPY {name} FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            cursor.execute(f"CREATE INDEX ON {name} (cents, on_day)")
            cursor.execute(f"ANALYZE {name}")
        started = time.perf_counter()
        cursor.execute(LIMIT.replace("%s", str(DAYS)))
        took = time.perf_counter() - started
        pairs = {(f"p{payout}", f"b{line}") for payout, line in cursor.execute("SELECT p, b FROM pair").fetchall()}
        cursor.execute("DROP TABLE pair, payout, bank")
        return took, pairs


def main() -> int:
    os.environ["TIEOUT_VAR"] = os.environ.get("TIEOUT_BENCH_VAR", str(ROOT / "var" / "bench"))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    print(
        f"{'payouts':>8}{'lines':>8}{'':9}{'s':>9}{'× SQL':>7}{'precision':>11}{'recall':>9}{'of decided':>12}{'asked':>8}{'not told':>10}"
    )
    for count in [int(text) for text in sys.argv[1:]] or [1_000, 10_000, 100_000]:
        payouts, lines, truth = workload(count)
        untold = undecidable(payouts, lines, truth) / len(truth)
        plain: list[tuple[float, set[tuple[str, str]]]] = []
        rounds: list[tuple[float, set[tuple[str, str]]]] = []
        for _ in range(3):
            plain.append(limit(payouts, lines))
            rounds.append(ours(payouts, lines))
        base = min(took for took, _ in plain)
        for name, runs in (("SQL join", plain), ("ours", rounds)):
            took, pairs = min(one[0] for one in runs), runs[0][1]
            right, decided = len(truth & pairs), {line for _, line in pairs}
            in_decided = sum(line in decided for _, line in truth)
            print(
                f"{count:>8,}{len(lines):>8,}{name:>9}{took:>9.3f}{took / base:>7.2f}{right / max(1, len(pairs)):>11.4f}"
                f"{right / len(truth):>9.4f}{right / max(1, in_decided):>12.4f}{1 - in_decided / len(truth):>8.4f}{untold:>10.4f}"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
