"""How many documents a company file has by day: queries in one batch, each kind with the number its list must come to.

One request for all kinds of up to 1,000 documents each in the days that are asked; one more for each further 30 pages.
https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/batch
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from integrations.census import Census, Listed, all_of
from integrations.payload import Payload
from integrations.providers.quickbooks_online import wire

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from integrations.census import Days
    from integrations.provider import Api
    from integrations.providers.quickbooks_online.entities import Entity

#: A document is entered, moved or deleted in any day of a month that is not closed yet.
OPEN = timedelta(days=62)


@dataclass(frozen=True, slots=True)
class _Ask:
    """The documents of one kind that are posted on some days."""

    entity: Entity
    where: str

    def count(self) -> str:
        return wire.statement("COUNT(*)", self.entity, self.where)

    def page(self, number: int) -> str:
        tail = f" ORDERBY Id STARTPOSITION {number * wire.PAGE_ROWS + 1} MAXRESULTS {wire.PAGE_ROWS}"
        return wire.statement("Id, TxnDate", self.entity, self.where, tail)

    def listed(self, row: dict[str, Any]) -> Listed:
        one = Payload.of(row)
        return Listed(f"{self.entity.name}:{one.text('Id')}", one.text("TxnDate"))


def of_documents(entities: Sequence[Entity]) -> Census:
    """By the day a document is posted on."""

    def listed(api: Api, days: Days) -> list[Listed]:
        where = f"TxnDate >= '{days.first}' AND TxnDate <= '{days.last}'"
        return _listed(api, [_Ask(entity, where) for entity in entities])

    return Census(("*", "TxnDate"), listed, late=OPEN)


def _listed(api: Api, asks: Sequence[_Ask]) -> list[Listed]:
    answers = wire.batch(api, [*(ask.count() for ask in asks), *(ask.page(0) for ask in asks)])
    told = [wire.total_of(answer) for answer in answers[: len(asks)]]
    first = [wire.rows_of(answer, ask.entity) for answer, ask in zip(answers[len(asks) :], asks, strict=True)]
    more = [
        (index, ask.page(number))
        for index, ask in enumerate(asks)
        for number in range(1, -(-told[index] // wire.PAGE_ROWS))
    ]
    for (index, _statement), answer in zip(more, wire.batch(api, [page for _index, page in more]), strict=True):
        first[index] += wire.rows_of(answer, asks[index].entity)
    return [
        one
        for ask, rows, count in zip(asks, first, told, strict=True)
        for one in all_of([ask.listed(row) for row in rows], count)
    ]
