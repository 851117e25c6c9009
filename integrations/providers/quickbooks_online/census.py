"""How many objects a company file has by day: queries in one batch, each kind with the number its list must come to.

One request for all kinds of up to 1,000 objects each in the days that are asked; one more for each further 30 pages.
https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/batch
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from integrations.census import Census, Listed, all_of
from integrations.providers.quickbooks_online import wire
from integrations.providers.quickbooks_online.entities import ACCOUNT
from integrations.providers.quickbooks_online.mirror import INACTIVE_TOO

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
    """The objects of one kind within days, by the field ``made`` that dates them."""

    entity: Entity
    made: str
    where: str

    def count(self) -> str:
        return wire.statement("COUNT(*)", self.entity, self.where)

    def page(self, number: int) -> str:
        tail = f" ORDERBY Id STARTPOSITION {number * wire.PAGE_ROWS + 1} MAXRESULTS {wire.PAGE_ROWS}"
        return wire.statement(f"Id, {self.made}", self.entity, self.where, tail)

    def listed(self, row: dict[str, Any]) -> Listed:
        found: Any = row
        for key in self.made.split("."):
            found = found[key]
        number = str(row["Id"])
        return Listed(number if self.entity is ACCOUNT else f"{self.entity.name}:{number}", str(found))


def of_documents(entities: Sequence[Entity]) -> Census:
    """By the day a document is posted on."""

    def listed(api: Api, days: Days) -> list[Listed]:
        where = f"TxnDate >= '{days.first}' AND TxnDate <= '{days.last}'"
        return _listed(api, [_Ask(entity, "TxnDate", where) for entity in entities])

    return Census(("*", "TxnDate"), listed, late=OPEN)


def of_names(entity: Entity) -> Census:
    """By the day an account, vendor or customer was made, the inactive ones too."""

    def listed(api: Api, days: Days) -> list[Listed]:
        begin, end = days.begin.isoformat(), days.end.isoformat()
        where = f"MetaData.CreateTime >= '{begin}' AND MetaData.CreateTime < '{end}' AND {INACTIVE_TOO}"
        return _listed(api, [_Ask(entity, "MetaData.CreateTime", where)])

    return Census(("*", "MetaData", "CreateTime"), listed)


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
