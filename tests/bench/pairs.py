"""How well suspect pairs are judged: precision and recall over the labelled set, by kind. ``python -m tests.bench.pairs``."""

from __future__ import annotations

import argparse
from collections import Counter
from dataclasses import dataclass

from ledger.core.pairing import judge
from tests.ledger.labelled_pairs import EACH, KINDS, pairs


@dataclass(frozen=True)
class Score:
    """Decisions counted: (kind, is_same, verdict) → pairs."""

    counts: Counter[tuple[str, bool, str]]

    def of(self, *, is_same: bool | None = None, verdict: str = "", kind: str = "") -> int:
        return sum(
            count
            for (k, same, said), count in self.counts.items()
            if is_same in {None, same} and verdict in {"", said} and kind in {"", k}
        )

    @property
    def precision(self) -> float:
        """Of the pairs called the same without asking, the share that is."""
        return self.of(is_same=True, verdict="same") / self.of(verdict="same")

    @property
    def recall(self) -> float:
        """Of the doubles that were decided without asking, the share that was called so."""
        called, missed = self.of(is_same=True, verdict="same"), self.of(is_same=True, verdict="two")
        return called / (called + missed)

    @property
    def asked(self) -> float:
        return self.of(verdict="ask") / self.of()


def score(seed: int, each: int = EACH) -> Score:
    """Judge a freshly drawn set."""
    return Score(
        Counter(
            (pair.kind, pair.is_same, judge(pair.one, pair.two, cadence=pair.cadence).verdict)
            for pair in pairs(seed, each)
        )
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=20_260_331)
    parser.add_argument("--each", type=int, default=EACH, help="pairs of each kind")
    options = parser.parse_args()
    found = score(options.seed, options.each)
    print(f"{'kind':48} {'truth':6} {'same':>5} {'ask':>5} {'two':>5}")
    for kind, (is_same, _) in KINDS.items():
        row = [found.of(kind=kind, verdict=verdict) for verdict in ("same", "ask", "two")]
        print(f"{kind:48} {'same' if is_same else 'two':6} {row[0]:5} {row[1]:5} {row[2]:5}")
    print(
        f"{found.of()} pairs of {len(KINDS)} kinds: precision {found.precision:.2%}, recall {found.recall:.2%}, "
        f"{found.asked:.1%} left to a person"
    )


if __name__ == "__main__":
    main()
