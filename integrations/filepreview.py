"""What a brought file holds, set beside what is here already: its arithmetic, and the lines that are known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from integrations import bankfiles, files, systemfiles
from integrations.bankfiles import CsvLayout, LayoutNeeded
from integrations.errors import PayloadError
from integrations.models import Connection, FileImport, SourceDocument

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Shown:
    """One account of a file. Money in minor units of ``currency``, money out negative; ``known`` lines are here already."""

    account: str
    currency: str
    lines: int
    known: int
    in_minor: int
    out_minor: int
    opening: int | None
    closing: int | None
    first: str
    last: str
    warnings: tuple[str, ...]
    shown: tuple[Mapping[str, Any], ...]

    @property
    def computed(self) -> int | None:
        """Opening balance and all lines; None where the file gives no opening balance."""
        return None if self.opening is None else self.opening + self.in_minor + self.out_minor

    @property
    def difference(self) -> int | None:
        """What the file's closing balance is off from its own lines; None where it gives too little to tell."""
        return None if self.computed is None or self.closing is None else self.closing - self.computed

    @property
    def fresh(self) -> int:
        return self.lines - self.known


def accounts(brought: FileImport) -> list[Shown]:
    """Every account of a read file, in the client's context; empty while its layout is open."""
    found = brought.summary.get("accounts", [])
    known = _known(brought) if brought.state == FileImport.State.PREVIEW else [0] * len(found)
    return [_shown(account, count) for account, count in zip(found, known, strict=True)]


def _shown(account: Mapping[str, Any], known: int) -> Shown:
    return Shown(
        account=account["account"],
        currency=account["currency"],
        lines=account["lines"],
        known=known,
        in_minor=account["in_minor"],
        out_minor=account["out_minor"],
        opening=account["opening_minor"],
        closing=account["closing_minor"],
        first=account["first"] or "",
        last=account["last"] or "",
        warnings=tuple(account["warnings"]),
        shown=tuple(account["shown"]),
    )


def _known(brought: FileImport) -> list[int]:
    """How many lines of each account are here already, by the identity they would be kept under."""
    layout = CsvLayout.from_json(brought.mapping) if brought.mapping else None
    try:
        statements = bankfiles.read(
            bytes(brought.content), filename=brought.filename, layout=layout, currency=brought.client.home_currency
        )
    except (PayloadError, LayoutNeeded):
        return [0] * len(brought.summary["accounts"])
    return [
        _count(brought, statement.account, {line.external_id for line in statement.lines}) for statement in statements
    ]


def _count(brought: FileImport, account: str, identities: set[str]) -> int:
    of = brought.connection
    if of is None:
        of = Connection.objects.filter(client=brought.client, provider=files.PROVIDER, account_id=account).first()
    if of is None:
        return 0
    return SourceDocument.objects.filter(
        client=brought.client, connection=of, stream=files.LINES, version=1, external_id__in=identities
    ).count()


@dataclass(frozen=True, slots=True)
class ShownSystem:
    """An export file of a system. Money in minor units of each line's currency; ``known`` objects are here already."""

    name: str
    label: str
    rows: int
    objects: int
    known: int
    held: int
    first: str
    last: str
    kinds: tuple[Mapping[str, Any], ...]
    problems: tuple[str, ...]
    shown: tuple[Mapping[str, Any], ...]

    @property
    def fresh(self) -> int:
        return self.objects - self.known


def system(brought: FileImport) -> ShownSystem | None:
    """What an export file of a system holds, in the client's context; None for a bank's."""
    found = brought.summary.get("system")
    if found is None:
        return None
    known = 0
    if brought.state == FileImport.State.PREVIEW and brought.connection is not None:
        known = systemfiles.known(files.of_system(brought), brought.connection)
    return ShownSystem(
        name=found["name"],
        label=found["label"],
        rows=found["rows"],
        objects=found["objects"],
        known=known,
        held=found["held_count"],
        first=found["first"] or "",
        last=found["last"] or "",
        kinds=tuple(found["kinds"]),
        problems=(*found["problems"], *found["held"]),
        shown=tuple(found["shown"]),
    )
