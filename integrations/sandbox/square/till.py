"""One Square account as the API lists it: the story's things in their shapes, as of the story's end."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING

from integrations.sandbox.square import shapes
from integrations.sandbox.square.story import Register
from integrations.sandbox.world.calendar import STORY_NOW

if TYPE_CHECKING:
    from integrations.sandbox.square.shapes import Shape
    from integrations.sandbox.world import CompanyWorld


class Till:
    def __init__(self, company: CompanyWorld) -> None:
        self.cast = company.cast
        data = company.told["square"].data
        assert isinstance(data, Register)
        self._register = data

    def rows(self, name: str, of: str = "") -> list[Shape]:
        """What a list endpoint chooses from; ``of`` is the payout or the shift that the path names."""
        if name == "entries":
            return [
                shapes.entry(sent, row) for sent in self._register.payouts if sent.id == of for row in sent.payout.items
            ]
        if name == "events":
            return [event for one in self._register.shifts if one.id == of for event in shapes.shift_events(one)]
        found: list[Shape] = list(getattr(self, name))
        return found

    @cached_property
    def payments(self) -> list[Shape]:
        refunded: dict[str, int] = defaultdict(int)
        for back in self._register.returns:
            refunded[back.ticket.paid[0].id] += back.amount_minor
        return [
            shapes.payment(ticket, paid, refunded[paid.id]) for ticket in self._register.tickets for paid in ticket.paid
        ]

    @cached_property
    def orders(self) -> list[Shape]:
        sold = [shapes.order(ticket) for ticket in self._register.tickets]
        return sold + [shapes.return_order(back) for back in self._register.returns]

    @cached_property
    def _by_id(self) -> dict[str, Shape]:
        return {order["id"]: order for order in self.orders}

    def order(self, identifier: str) -> Shape | None:
        return self._by_id.get(identifier)

    @cached_property
    def refunds(self) -> list[Shape]:
        return [shapes.refund(back) for back in self._register.returns]

    @cached_property
    def payouts(self) -> list[Shape]:
        return [shapes.payout(sent) for sent in self._register.payouts]

    @cached_property
    def disputes(self) -> list[Shape]:
        return [shapes.dispute(quarrel) for quarrel in self._register.quarrels if quarrel.at <= STORY_NOW]

    @cached_property
    def shifts(self) -> list[Shape]:
        return [shapes.shift(one) for one in self._register.shifts]

    @cached_property
    def activities(self) -> list[Shape]:
        return shapes.activities(list(self._register.tickets))

    @cached_property
    def cards(self) -> list[Shape]:
        return shapes.gift_cards(self.activities)

    def latest(self, kind: str) -> Shape:
        """The newest thing of a kind, for a notice. Raises KeyError for a kind that makes none."""
        lists = {"payment": "payments", "refund": "refunds", "payout": "payouts", "dispute": "disputes"}
        return max(self.rows(lists[kind]), key=lambda row: str(row["created_at"]))
