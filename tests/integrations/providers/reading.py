"""How the tests of a provider's readings ask: its documented objects, the facts they make, and the lines those are booked to."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from ledger.core.rules import drafts
from tests.integrations.contract import fixture_objects, read

if TYPE_CHECKING:
    from integrations.provider import Provider


class Reading:
    """One provider's documented pages, read stream by stream."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self.streams = {stream.name: stream for stream in provider.streams}

    def page(self, name: str, index: int = 0) -> Any:
        """A documented object of a stream, the caller's own to spoil."""
        return copy.deepcopy(fixture_objects(self.provider, self.streams[name])[index])

    def facts(self, name: str, raw: Any) -> Any:
        return read(self.streams[name], raw)

    def lines(self, name: str, raw: Any) -> list[tuple[str, str, int]]:
        """(role, key, debit − credit) of the entries a thing makes."""
        provider = self.provider
        made = [
            entry
            for fact in self.facts(name, raw)
            for entry in drafts(fact, provider=provider.slug, category=provider.category)
        ]
        return sorted((line.role, line.key, line.debit - line.credit) for entry in made for line in entry.lines)
