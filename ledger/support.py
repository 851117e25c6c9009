"""The papers behind entries: files that people bring, and the receipts that facts name; ``outbox_files`` takes them on."""

from __future__ import annotations

from hashlib import sha256
from itertools import chain, count
from pathlib import PurePath
from typing import TYPE_CHECKING

from django.conf import settings

from clients import audit
from integrations.models import Fact
from ledger.models import SupportFile

if TYPE_CHECKING:
    from collections.abc import Iterable

    from clients.models import Client, User
    from ledger.models import JournalEntry

#: Files a person may bring, by their ending; the accounting system takes these.
TYPES = {
    ".pdf": "application/pdf", ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".gif": "image/gif",
    ".tif": "image/tiff", ".tiff": "image/tiff", ".csv": "text/csv", ".txt": "text/plain", ".xml": "text/xml",
    ".doc": "application/msword", ".xls": "application/vnd.ms-excel",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}  # fmt: skip


LONGEST_NAME = 150
#: Files of one entry to which people may add another.
MOST_FILES = 50


class SupportRefused(ValueError):  # noqa: N818
    """The file cannot be taken; the message is for the person who brought it."""


def add(entry: JournalEntry, *, name: str, content: bytes, by: User) -> SupportFile:
    """Keep a file that a person brought for an entry; it goes out with the next refresh. Raises SupportRefused."""
    ending = PurePath(name).suffix.lower()
    if ending not in TYPES:
        raise SupportRefused(f"{name or 'The file'} is of a kind that is not kept: bring one of {', '.join(TYPES)}.")
    if not content or len(content) > settings.UPLOAD_LIMIT_BYTES:
        raise SupportRefused("The file is empty." if not content else "The file is larger than 10 MiB.")
    digest, held = sha256(content).hexdigest(), SupportFile.objects.filter(client=entry.client, entry=entry)
    if held.count() >= MOST_FILES:
        raise SupportRefused(f"An entry has at most {MOST_FILES} files.")
    if held.filter(sha256=digest).exists():
        raise SupportRefused("This file is attached already.")
    made = SupportFile.objects.create(
        client=entry.client,
        entry=entry,
        name=_name(entry.pk, name, set(held.values_list("name", flat=True))),
        content_type=TYPES[ending],
        content=content,
        sha256=digest,
        size=len(content),
        added_by=by,
    )
    audit.record(entry.client, by, "entry.file_added", made.name, {"entry": entry.pk, "sha256": digest})
    return made


def carry(gone: JournalEntry, kept: JournalEntry, *, by: User) -> int:
    """Keep the files of an entry that was reversed as a copy with the one that stays too; gives how many were new there."""
    held = set(SupportFile.objects.filter(client=kept.client, entry=kept).values_list("sha256", flat=True))
    files = SupportFile.objects.filter(client=gone.client, entry=gone, content__isnull=False)
    fresh = [file for file in files if file.sha256 not in held]
    for file in fresh:
        add(kept, name=file.name.removeprefix(f"JE-{gone.pk} "), content=bytes(file.content or b""), by=by)
    return len(fresh)


def _name(entry_id: int, name: str, taken: Iterable[str]) -> str:
    """A name no other file of the entry has, for by it and the document a lost answer is looked up."""
    path = PurePath(PurePath(name.replace("\\", "/")).name.replace('"', "'")[-LONGEST_NAME:])
    names = chain([path.name], (f"{path.stem} ({number}){path.suffix}" for number in count(2)))
    return next(f"JE-{entry_id} {one}" for one in names if f"JE-{entry_id} {one}" not in taken)


def expect(client: Client, entries: Iterable[JournalEntry]) -> int:
    """Make a row for each receipt that the facts of these entries name; gives how many."""
    of_fact = {entry.fact_id: entry for entry in entries if entry.fact_id and not entry.reverses_id}
    rows: list[SupportFile] = []
    for fact in Fact.objects.filter(client=client, pk__in=of_fact):
        for number, receipt in enumerate(_receipts(fact.data), 1):
            entry = of_fact[fact.pk]
            told = str(receipt.get("file_name") or "") or f"receipt {number}"
            rows.append(
                SupportFile(
                    client=client,
                    entry=entry,
                    name=_name(entry.pk, told, {row.name for row in rows}),
                    content_type=str(receipt.get("content_type") or ""),
                    connection_id=fact.connection_id,
                    source_id=str(receipt["id"])[:200],
                    url=str(receipt.get("url") or "")[:2000],
                )
            )
    return len(SupportFile.objects.bulk_create(rows, ignore_conflicts=True))


def _receipts(data: dict[str, object]) -> list[dict[str, object]]:
    """Those of the fact and of its lines (an expense report's), each once."""
    held = [data, *_dicts(data.get("lines"))]
    found = {str(one["id"]): one for part in held for one in _dicts(part.get("support"))}
    return list(found.values())


def _dicts(value: object) -> list[dict[str, object]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
