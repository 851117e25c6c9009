"""Seeded chance and exact shares: the only source of randomness and of rounding in the world."""

from __future__ import annotations

import hashlib
from random import Random
from uuid import UUID

ALPHANUMERIC = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
PLAIN = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"


def stream(seed: int, *names: str) -> Random:
    """An independent stream for each name, so that one generator never shifts another."""
    digest = hashlib.sha256("|".join([str(seed), *names]).encode()).digest()
    return Random(int.from_bytes(digest[:8], "big"))  # noqa: S311  # a story, not a secret


def letters(rng: Random, count: int, alphabet: str = ALPHANUMERIC) -> str:
    return "".join(rng.choices(alphabet, k=count))


def uuid_from(seed: int, *names: str) -> str:
    digest = hashlib.sha256("|".join(["uuid", str(seed), *names]).encode()).digest()
    return str(UUID(bytes=digest[:16], version=4))


def share(amount_minor: int, basis_points: int) -> int:
    """`basis_points` of an amount in minor units, half away from zero."""
    product = abs(amount_minor) * basis_points
    rounded = (product + 5000) // 10000
    return rounded if amount_minor >= 0 else -rounded


def between(rng: Random, low: int, high: int) -> int:
    return rng.randint(low, high)
