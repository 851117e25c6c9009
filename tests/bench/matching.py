"""How fast bank lines meet their payouts, beside a greedy SQL join: ``.venv/bin/python tests/bench/matching.py [COUNT …]``.

The workload is W4 of ``../shared/performance.md``: two thirds of the payouts arrive as one line, a quarter in batches of two to
five, the rest never; a tenth more lines are noise; four payouts in ten share one of eight amounts; banks cut descriptions off.
The limit pairs exact amounts within six days by date, first come first served, on tables loaded and indexed beforehand, in the
embedded PostgreSQL under ``var/bench``. Only the ratio means anything on a machine that does other work.
"""

from __future__ import annotations

import gc
import os
import random
import sys
import time
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
    return took, {(item, one.lines[0]) for one in said if one.is_accepted for item in one.items}


def limit(payouts: list[tuple[int, date, int, str]], lines: list[tuple[int, date, int, str]]) -> float:
    import psycopg
    from django.conf import settings

    from clients import provisioning

    with provisioning.connect(settings.DATABASES["owner"], "postgres") as server:
        cursor: psycopg.Cursor[object] = server.cursor()
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
        cursor.execute("DROP TABLE pair, payout, bank")
        return took


def main() -> int:
    os.environ["TIEOUT_VAR"] = os.environ.get("TIEOUT_BENCH_VAR", str(ROOT / "var" / "bench"))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    print(f"{'payouts':>8}{'lines':>8}{'SQL, s':>9}{'ours, s':>9}{'× SQL':>7}  precision  recall")
    for count in [int(text) for text in sys.argv[1:]] or [1_000, 10_000, 100_000]:
        payouts, lines, truth = workload(count)
        plain = min(limit(payouts, lines) for _ in range(3))
        rounds = [ours(payouts, lines) for _ in range(3)]
        took, pairs = min(one[0] for one in rounds), rounds[0][1]
        right = len(truth & pairs)
        print(
            f"{count:>8,}{len(lines):>8,}{plain:>9.3f}{took:>9.3f}{took / plain:>7.2f}{right / max(1, len(pairs)):>11.4f}{right / len(truth):>8.4f}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
