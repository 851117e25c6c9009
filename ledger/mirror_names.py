"""The names behind the ids on the accounting system's documents: vendors, customers, employees, classes and departments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from integrations.dimensions import Dimensions
from integrations.models import Fact

if TYPE_CHECKING:
    from collections.abc import Mapping

    from clients.models import Client
    from integrations.models import Connection
    from integrations.records import LedgerDocument, LedgerLine


@dataclass(frozen=True, slots=True)
class Names:
    """Names by id, of what a month's documents can name."""

    parties: Mapping[str, str]
    dimensions: Dimensions

    @classmethod
    def read(cls, client: Client, connection: Connection, dimensions: Dimensions | None) -> Names:
        return cls(party_names(client, connection), dimensions or Dimensions())

    def party(self, party: str) -> str:
        """The name behind ``<kind>:<id>``; what the ledger report says itself where the lists do not know it."""
        return self.parties.get(party.partition(":")[2], party)

    def lines(self, document: LedgerDocument) -> list[list[Any]]:
        """What is stored of each line (see ``mirror_lines``): party, department and class by name, the latter two by id too."""
        departments, classes = self.dimensions.department_names, self.dimensions.class_names
        return [
            [
                line.account_id,
                line.debit,
                line.credit,
                line.memo,
                self.party(line.party),
                departments.get(line.department, ""),
                classes.get(line.klass, ""),
                line.department,
                line.klass,
                *_foreign(document, line),
            ]
            for line in document.lines
        ]


def _foreign(document: LedgerDocument, line: LedgerLine) -> list[Any]:
    """Minor units, currency and rate in millionths of a line in a foreign currency; nothing of a line at home."""
    if not line.foreign:
        return []
    return [line.foreign, document.document_currency, int((document.rate or 0) * 1_000_000)]


def party_names(client: Client, connection: Connection) -> dict[str, str]:
    """Id → name of the accounting system's vendors, customers and employees, which share one row of ids."""
    facts = Fact.objects.filter(client=client, connection=connection, kind="LedgerParty").exclude(state="superseded")
    return {
        external_id.partition(":")[2]: data["name"] for external_id, data in facts.values_list("external_id", "data")
    }
