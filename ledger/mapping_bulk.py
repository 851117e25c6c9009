"""Mapping rules by the dozen: from a spreadsheet, from a practice's template, and the items a default took as they stand."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from django.db import transaction

from clients import audit
from clients.tenancy import client_context, practice_context
from ledger import mapping
from ledger.core import roles
from ledger.mapping import CASE, TAGS, MappingError
from ledger.models import Account, MappingRule, MappingTemplate, MappingVersion

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from clients.models import Client, User

#: Column of a file → field of a rule; ``category`` is for the reader.
COLUMNS = {
    "category": "",
    "role": "role",
    "item": "key",
    "party": "party",
    "product type": "product",
    "tax jurisdiction": "jurisdiction",
    "tender": "tender",
    "department": "department",
    "location": "location",
    "channel": "channel",
    "system": "provider",
    "account": "account",
    "class": "to_class",
    "put department": "to_department",
    "put party": "to_party",
    "reason": "reason",
}
#: Lines of a file that are read at most.
MOST = 5_000
_LENGTHS = dict.fromkeys((*CASE, *TAGS), 120) | {"role": 60, "provider": 40, "reason": 200}


class Wanted(NamedTuple):
    """One rule to put into a draft."""

    account: Account
    case: dict[str, str]
    tags: dict[str, str]
    reason: str = ""


class LineError(NamedTuple):
    """What is wrong with a line of a file; the line of headings is 1."""

    line: int
    message: str


@dataclass(slots=True)
class Applied:
    """What a template did at one client. ``missing`` names the accounts that its chart does not have."""

    client: Client
    put: int = 0
    kept: int = 0
    missing: list[str] = field(default_factory=list)


class Chart:
    """The active accounts of a client by what a person may call them."""

    def __init__(self, client: Client) -> None:
        self._found: dict[str, set[Account]] = {}
        for account in Account.objects.filter(client=client, is_active=True):
            for name in {str(account), account.number, account.name} - {""}:
                self._found.setdefault(name.casefold(), set()).add(account)

    def find(self, said: str) -> Account | None:
        """The one account of that number and name, number, or name; None where there is none or more than one."""
        found = self._found.get(" ".join(said.split()).casefold(), set())
        return next(iter(found)) if len(found) == 1 else None


def put(version: MappingVersion, wanted: Sequence[Wanted], *, by: User, of: str) -> int:
    """Put rules into a draft, each in place of the one for the same case, in one statement; gives how many."""
    if version.state != MappingVersion.State.DRAFT:
        raise MappingError(f"Version {version.number} is approved and stands; start a new draft.")
    rows = [
        MappingRule(
            client_id=version.client_id, version=version, account=one.account, reason=one.reason[:200], **one.case, **one.tags
        )
        for one in wanted
    ]  # fmt: skip
    unique = ["version", *CASE, "words"]
    MappingRule.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=unique, update_fields=["account", "reason", *TAGS]
    )
    version.tested_at = None
    version.save(update_fields=["tested_at"])
    audit.record(version.client, by, "mapping.rule", of, {"version": version.number, "rules": len(rows)})
    return len(rows)


# ---- spreadsheets --------------------------------------------------------------------------------------------------------


def to_rows(rules: Iterable[MappingRule]) -> list[list[str]]:
    """Lines of a file, under ``COLUMNS``."""
    return [
        [
            roles.label(rule.role),
            *(str(getattr(rule, name)) for column, name in COLUMNS.items() if column != "category"),
        ]
        for rule in rules
    ]


def read(client: Client, content: bytes) -> tuple[list[Wanted], list[LineError]]:
    """The rules of a file and everything that is wrong with it, line by line."""
    try:
        text = content.decode("utf-8-sig")
        dialect = csv.Sniffer().sniff(text.splitlines()[0], delimiters=",;\t") if text.strip() else csv.excel
        lines = list(csv.reader(io.StringIO(text), dialect))
    except (UnicodeDecodeError, csv.Error) as error:
        return [], [LineError(1, f"This is not a CSV file in UTF-8: {error}.")]
    if not lines:
        return [], [LineError(1, "The file is empty.")]
    head = [" ".join(cell.split()).casefold() for cell in lines[0]]
    if errors := _of_head(head):
        return [], errors
    if len(lines) > MOST:
        return [], [LineError(MOST, f"A mapping has at most {MOST} lines.")]
    chart, wanted, seen = Chart(client), list[Wanted](), dict[tuple[str, ...], int]()
    for number, cells in enumerate(lines[1:], 2):
        if not any(cell.strip() for cell in cells):
            continue
        said = {COLUMNS[name]: _cell(cell) for name, cell in zip(head, cells, strict=False)}
        problem, one = _line(said, chart)
        if one is not None:
            first = seen.setdefault(tuple(one.case.values()), number)
            problem = f"Line {first} is about the same case." if first != number else ""
            wanted.append(one)
        if problem:
            errors.append(LineError(number, problem))
    return wanted, errors


def _of_head(head: Sequence[str]) -> list[LineError]:
    errors = [LineError(1, f"There is no column “{name}”.") for name in head if name not in COLUMNS]
    return errors + [
        LineError(1, f"The column “{name}” is missing.") for name in ("role", "account") if name not in head
    ]


def _cell(text: str) -> str:
    """A cell without the mark that keeps a spreadsheet from running it."""
    text = " ".join(text.split())
    return text[1:] if text[:1] == "'" and text[1:2] in tuple("=+-@") else text


def _line(said: dict[str, str], chart: Chart) -> tuple[str, Wanted | None]:
    role, account = said.get("role", ""), chart.find(said.get("account", ""))
    if not roles.is_known(role):
        return (f"“{role}” is not a role." if role else "No role is named."), None
    if account is None:
        given = said.get("account", "")
        return (f"“{given}” is not one account of this client." if given else "No account is named."), None
    long = next((name for name, text in said.items() if name in _LENGTHS and len(text) > _LENGTHS[name]), "")
    if long and long != "account":
        return f"“{long}” has more than {_LENGTHS[long]} characters.", None
    case = {name: said.get(name, "") for name in CASE}
    return "", Wanted(account, case, {name: said.get(name, "") for name in TAGS}, said.get("reason", ""))


@transaction.atomic
def take_file(client: Client, content: bytes, *, by: User, effective_from: date) -> tuple[int, list[LineError]]:
    """Put the rules of a file into the draft: all of them, or none where a line is wrong."""
    wanted, errors = read(client, content)
    if errors or not wanted:
        return 0, errors or [LineError(1, "The file has no lines.")]
    version = mapping.draft(client, by=by, effective_from=effective_from)
    return put(version, wanted, by=by, of="rules from a file"), []


# ---- templates -----------------------------------------------------------------------------------------------------------


def save_template(client: Client, name: str, version: MappingVersion, *, by: User) -> MappingTemplate:
    """Keep a version's rules as a template of the practice, in place of the one of that name. Raises MappingError."""
    name = " ".join(name.split())[:80]
    if not name:
        raise MappingError("A template needs a name.")
    rules = [
        {field: str(getattr(rule, field)) for field in (*CASE, *TAGS) if getattr(rule, field)}
        | {"account": str(rule.account)}
        for rule in version.rules.select_related("account")
    ]
    with practice_context(client.practice_id):
        template, _ = MappingTemplate.objects.update_or_create(
            practice_id=client.practice_id, name=name, defaults={"rules": rules, "changed_by": by}
        )
    audit.record(client, by, "mapping.template", name, {"rules": len(rules)})
    return template


@transaction.atomic
def apply_template(template: MappingTemplate, client: Client, *, by: User, effective_from: date) -> Applied:
    """Put a template's rules into a client's draft, where the client says nothing of its own for the case.

    A rule that an earlier use of the template put there follows it. Accounts are found in the client's chart by number and
    name, or by name; a rule whose account is not found is left out and named.
    """
    with client_context(client.pk):
        applied, chart, sign = Applied(client), Chart(client), f"Template {template.name}"
        own: dict[tuple[str, ...], str] = {}
        base = MappingVersion.objects.filter(client=client, state__in=["draft", "approved"]).order_by("-number").first()
        if base is not None:
            own = {tuple(getattr(rule, name) for name in CASE): rule.reason for rule in base.rules.all()}
        wanted = []
        for said in template.rules:
            case = {name: said.get(name, "") for name in CASE}
            account = _account(chart, said["account"])
            if own.get(tuple(case.values()), sign) != sign:
                applied.kept += 1
            elif account is None:
                applied.missing.append(said["account"])
            else:
                wanted.append(Wanted(account, case, {name: said.get(name, "") for name in TAGS}, sign))
        if wanted:
            version = mapping.draft(client, by=by, effective_from=effective_from)
            applied.put = put(version, wanted, by=by, of=sign)
        return applied


def _account(chart: Chart, said: str) -> Account | None:
    """An account of another chart in this one: by number and name together, or by its name; a number alone tells nothing."""
    number, _, name = said.partition(" ")
    return chart.find(said) or (chart.find(name) if name and number.isdecimal() else None)
