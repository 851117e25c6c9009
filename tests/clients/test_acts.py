"""The audit trail in words: every act that can be kept has its own, and what was acted on is written for people."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from clients import acts
from integrations.models import Connection

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("clients", "integrations", "ledger", "closeout", "config")
#: Where the act stands among the arguments of whoever writes to the trail.
WRITERS = {"record": 2, "record_practice": 2}


def _calls(scope: ast.AST, name: str) -> Iterator[ast.Call]:
    for node in ast.walk(scope):
        if isinstance(node, ast.Call) and name in {getattr(node.func, "attr", ""), getattr(node.func, "id", "")}:
            yield node


def _argument(call: ast.Call, at: int, name: str) -> ast.expr | None:
    named = next((word.value for word in call.keywords if word.arg == name), None)
    return named or (call.args[at] if len(call.args) > at else None)


def _said(expression: ast.expr, function: ast.FunctionDef, module: ast.Module) -> set[str]:
    """Every text the expression can be: choices, variables of the function, and what its callers in the module pass."""
    match expression:
        case ast.Constant(value=str(text)):
            return {text}
        case ast.IfExp(body=one, orelse=other):
            return _said(one, function, module) | _said(other, function, module)
        case ast.JoinedStr(values=[ast.Constant(value=prefix), ast.FormattedValue(value=rest)]):
            return {f"{prefix}{end}" for end in _said(rest, function, module)}
        case ast.Attribute(value=ast.Attribute(attr="State"), attr=name):
            return {Connection.State[name].value}
        case ast.Name(id=name):
            return _variable(name, function, module)
    raise AssertionError(
        f"line {expression.lineno}: write the act so that it can be read here: {ast.unparse(expression)}"
    )


def _variable(name: str, function: ast.FunctionDef, module: ast.Module) -> set[str]:
    assigned = [
        node.value
        for node in ast.walk(function)
        if isinstance(node, ast.Assign) and [getattr(target, "id", "") for target in node.targets] == [name]
    ]
    if assigned:
        return set().union(*(_said(value, function, module) for value in assigned))
    at = [argument.arg for argument in function.args.args].index(name)
    found: set[str] = set()
    for caller in [node for node in ast.walk(module) if isinstance(node, ast.FunctionDef)]:
        for call in _calls(caller, function.name):
            given = _argument(call, at, name)
            assert given is not None, f"line {call.lineno}: no act is passed"
            found |= _said(given, caller, module)
    return found


def _acts_of(source: str) -> set[str]:
    module = ast.parse(source)
    found: set[str] = set()
    for function in [node for node in ast.walk(module) if isinstance(node, ast.FunctionDef)]:
        for writer, at in WRITERS.items():
            for call in _calls(function, writer):
                if getattr(getattr(call.func, "value", None), "id", "") == "audit":
                    given = _argument(call, at, "action")
                    assert given is not None
                    found |= _said(given, function, module)
    return found


@cache
def _kept() -> dict[str, str]:
    """Every act the packages can write, with the file that does."""
    files = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
    texts = {str(path.relative_to(ROOT)): path.read_text() for path in files}
    return {act: name for name, text in texts.items() if "audit" in text for act in _acts_of(text)}


def test_every_act_that_can_be_kept_has_words():
    kept = _kept()
    assert len(kept) > 50
    assert {act: where for act, where in kept.items() if act not in acts.ACTS} == {}


def test_no_words_are_kept_for_acts_that_nobody_does():
    assert set(acts.ACTS) - set(_kept()) == set()


def test_an_act_is_found_however_it_is_written():
    source = """
def close(client, by, again):
    audit.record(client, by, "close.reopened" if again else "close.opened", "2026-03")

def stop(connection, by):
    _move(connection, Connection.State.LIVE, Connection.State.PAUSED, by)

def _move(connection, before, after, by):
    _note(connection, by, f"connection.{after}")

def _note(connection, by, action):
    audit.record(connection.client, by, action)
"""
    assert _acts_of(source) == {"close.reopened", "close.opened", "connection.paused"}


@pytest.mark.parametrize(
    ("action", "subject", "said"),
    [
        ("close.signed", "2026-03", "March 2026"),
        ("connection.live", "quickbooks-online 9341455000000303", "QuickBooks Online 9341455000000303"),
        ("connection.link_sent", "stripe", "Stripe"),
        ("item.explained", "K42 81:month", "check K42"),
        ("client.fact_changed", "cut_over_on", "cut over on"),
        ("reconciliation.finished", "Business Checking 2026-03", "Business Checking March 2026"),
        ("change.taken", "Bill RENT-2026-02 of 2026-02-01", "Bill RENT-2026-02 of 2026-02-01"),
        ("task.done", "Write the note to the owner", "Write the note to the owner"),
    ],
)
def test_what_was_acted_on_is_written_for_people(action, subject, said):
    assert acts.about(action, subject) == said


def test_particulars_are_named_and_digests_shortened():
    detail = {"sha256": "ab" * 32, "closing_minor": 12_345, "amount": -500, "from": None, "factor": "totp", "new": 3}
    assert acts.particulars(detail) == [
        ("fingerprint", "abab abab abab", False),
        ("closing", 12_345, True),
        ("amount", -500, True),
        ("factor", "authenticator app", False),
        ("new", "3", False),
    ]


def test_an_act_without_words_is_still_readable():
    assert acts.words("well.dug_deep") == "Well: dug deep"
