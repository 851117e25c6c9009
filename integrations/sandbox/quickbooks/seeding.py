"""Loading a company's past: documents that refer to each other by name, in the order they were entered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from integrations.sandbox.quickbooks.catalogue import KINDS
from integrations.sandbox.quickbooks.writing import USER, Request

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from integrations.sandbox.quickbooks.books import Books
    from integrations.sandbox.quickbooks.writing import Writer


class SeedDocument(Protocol):
    """A create body with `{"ref": "<kind>:<name or key>"}` where QuickBooks wants an id."""

    @property
    def kind(self) -> str: ...
    @property
    def body(self) -> Mapping[str, Any]: ...
    @property
    def at(self) -> datetime: ...
    @property
    def key(self) -> str: ...


class UnknownReferenceError(LookupError):
    """A seed names something that no earlier seed brought."""


class Keys:
    """Ids by seed key and by name; `CreditCardPayment` is accepted for the kind QuickBooks calls …Txn."""

    def __init__(self, books: Books) -> None:
        self.books = books
        self.by_key: dict[tuple[str, str], str] = {}

    def remember(self, kind: str, key: str, identifier: str) -> None:
        if key:
            self.by_key[kind, key] = identifier

    def id_of(self, reference: str) -> tuple[str, str]:
        kind, _, name = reference.partition(":")
        kind = kind_name(kind)
        found = self.by_key.get((kind, name)) or self.by_key.get((kind, reference))
        if found is None and kind in KINDS:
            held = self.books.named(kind, name)
            found = held.id if held else None
        if found is None:
            raise UnknownReferenceError(reference)
        return kind, found


def kind_name(kind: str) -> str:
    return "CreditCardPaymentTxn" if kind == "CreditCardPayment" else kind


def resolve(value: Any, keys: Keys, parent: str = "") -> Any:
    """A deep copy with every placeholder replaced by what stands in its place on the wire."""
    if isinstance(value, list | tuple):
        return [resolve(item, keys, parent) for item in value]
    if not isinstance(value, dict):
        return value
    if "ref" in value:
        return _placed(value, keys, parent)
    return {key: resolve(item, keys, key) for key, item in value.items()}


def _placed(value: dict[str, Any], keys: Keys, parent: str) -> Any:
    kind, identifier = keys.id_of(str(value["ref"]))
    rest = {key: item for key, item in value.items() if key != "ref"}
    if parent == "LinkedTxn":
        return {"TxnId": identifier, "TxnType": kind, **rest}
    if parent in {"TxnId", "value", "Id"}:
        return identifier
    if parent in {"EntityRef", "Entity"}:
        return {"value": identifier, "type": kind, **rest}
    return {"value": identifier, **rest}


def load(seeds: Iterable[SeedDocument], writer: Writer, keys: Keys) -> None:
    """Enter every seed as a user would, closed books or not; a list name that exists already is that object."""
    for seed in seeds:
        kind = kind_name(seed.kind)
        body = resolve(dict(seed.body), keys)
        entry = KINDS[kind]
        existing = writer.books.named(kind, _full_name(body, kind, writer.books)) if entry.is_list else None
        if existing is None:
            change = writer.write(Request(kind, "create", body, seed.at.replace(microsecond=0), USER))
            keys.remember(kind, seed.key, change.id)
        else:
            keys.remember(kind, seed.key, existing.id)


def _full_name(body: dict[str, Any], kind: str, books: Books) -> str:
    name = str(body.get(KINDS[kind].name_field) or "")
    parent_id = str((body.get("ParentRef") or {}).get("value") or "")
    parent = books.find(kind, parent_id) if parent_id else None
    return f"{parent.content['FullyQualifiedName']}:{name}" if parent else name
