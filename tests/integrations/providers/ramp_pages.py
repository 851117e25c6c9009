"""Ramp's documented pages, and what tests do with them."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from integrations.providers.ramp.provider import PROVIDER
from tests.integrations.contract import CONTRACTS
from tests.integrations.providers.reading import Reading

READING = Reading(PROVIDER)
STREAMS, page, facts, lines = READING.streams, READING.page, READING.facts, READING.lines
FIXTURES = Path(__file__).resolve().parents[3] / "integrations/providers/ramp/fixtures"


def mark(kind, number):
    """The id of a thing of the documented pages."""
    return f"{kind}000000-0000-4000-8000-{number:012d}"


def changed(name, index=0, **fields):
    """The object with other fields, within its envelope if it has one."""
    raw = page(name, index)
    inner = raw.get(name.removesuffix("s"), raw)
    inner |= fields
    return raw


@cache
def described():
    return json.loads((CONTRACTS / "ramp/ramp-developer.openapi.json").read_bytes())


def values(schema, field):
    """What the contract lists of a field."""
    return described()["components"]["schemas"][schema]["properties"][field]["enum"]


def with_nulls(value):
    """OpenAPI 3.0's `nullable` as JSON Schema says it; arms that a discriminator tells apart need not exclude each other."""
    if isinstance(value, list):
        return [with_nulls(item) for item in value]
    if not isinstance(value, dict):
        return value
    plain = {key: with_nulls(item) for key, item in value.items() if key not in ("nullable", "discriminator")}
    if "discriminator" in value and "oneOf" in plain:
        plain["anyOf"] = plain.pop("oneOf")
    return {"anyOf": [plain, {"type": "null"}]} if value.get("nullable") is True else plain
