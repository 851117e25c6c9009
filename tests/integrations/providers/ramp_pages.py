"""Ramp's documented pages, and what tests do with them."""

from __future__ import annotations

import copy
import json
from functools import cache
from pathlib import Path

from integrations.providers.ramp.provider import PROVIDER
from ledger.core.rules import drafts
from tests.integrations.contract import CONTRACTS, fixture_objects, read

STREAMS = {stream.name: stream for stream in PROVIDER.streams}
FIXTURES = Path(__file__).resolve().parents[3] / "integrations/providers/ramp/fixtures"


def mark(kind, number):
    """The id of a thing of the documented pages."""
    return f"{kind}000000-0000-4000-8000-{number:012d}"


def page(name, index=0):
    return copy.deepcopy(fixture_objects(PROVIDER, STREAMS[name])[index])


def changed(name, index=0, **fields):
    """The object with other fields, within its envelope if it has one."""
    raw = page(name, index)
    inner = raw.get(name.removesuffix("s"), raw)
    inner |= fields
    return raw


def facts(name, raw):
    return read(STREAMS[name], raw)


def lines(name, raw):
    """(role, key, debit − credit) of the entries a thing makes."""
    made = [entry for fact in facts(name, raw) for entry in drafts(fact, provider="ramp", category="expenses")]
    return sorted((line.role, line.key, line.debit - line.credit) for entry in made for line in entry.lines)


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
