"""One Stripe account with indexes over its story: newest-first lists, objects by id, the composition of payouts."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from integrations.sandbox.stripe import shapes
from integrations.sandbox.stripe.listing import Shelf
from integrations.sandbox.world.calendar import STORY_NOW, utc_midnight

if TYPE_CHECKING:
    from datetime import datetime

    from integrations.sandbox.stripe.shapes import Shape
    from integrations.sandbox.world import CompanyWorld

EVENTS_KEPT = timedelta(days=30)


class Shop:
    """Objects are kept as (kind, object); a shape is only written when it is asked for."""

    def __init__(self, company: CompanyWorld) -> None:
        self.cast = company.cast
        sales = company.sales
        self._rows = {row.id: row for row in sales.rows} | {payout.row.id: payout.row for payout in company.payouts}
        self._charges = {charge.id: charge for charge in sales.charges}
        self._refunds = {refund.id: refund for refund in sales.refunds}
        self._disputes = {dispute.id: dispute for dispute in sales.disputes}
        self._payouts = {payout.id: payout for payout in company.payouts}
        self._disputed = {dispute.charge_id for dispute in sales.disputes}
        self._refunded: dict[str, int] = defaultdict(int)
        for refund in sales.refunds:
            self._refunded[refund.charge_id] += refund.amount_minor
        tables: dict[str, dict[str, Any]] = {
            "balance_transaction": self._rows,
            "charge": self._charges,
            "refund": self._refunds,
            "dispute": self._disputes,
            "payout": self._payouts,
        }
        self._tables = tables
        self._shelves = {
            kind: Shelf(sorted(table.values(), key=lambda item: (item.created, item.id), reverse=True))
            for kind, table in tables.items()
        }
        self._events = self._all_events()
        self._shelves["event"] = Shelf(self._events)

    def newest(self, kind: str) -> Shelf:
        """Objects of a kind, newest first; events as finished shapes."""
        return self._shelves[kind]

    def composition(self, payout_id: str) -> Shelf | None:
        """The rows a payout paid out and its own row, newest first; None for an unknown payout."""
        payout = self._payouts.get(payout_id)
        if payout is None:
            return None
        rows = [self._rows[row_id] for row_id in payout.row_ids] + [payout.row]
        return Shelf(sorted(rows, key=lambda row: (row.created, row.id), reverse=True))

    def find(self, kind: str, identifier: str) -> Any | None:
        if kind == "event":
            return next((event for event in self._events if event["id"] == identifier), None)
        return self._tables[kind].get(identifier)

    def by_id(self, identifier: str) -> Shape | None:
        """The shape of any object, for `expand`."""
        for kind, table in self._tables.items():
            if identifier in table:
                return self.shape(kind, table[identifier])
        return None

    def shape(self, kind: str, item: Any) -> Shape:
        if kind == "event":
            return dict(item)
        if kind == "balance_transaction":
            return shapes.row_shape(item)
        if kind == "charge":
            return shapes.charge_shape(item, self._refunded[item.id], disputed=item.id in self._disputed)
        if kind == "refund":
            return shapes.refund_shape(item)
        if kind == "payout":
            return shapes.payout_shape(item)
        rows = [self._rows[row] for row in (item.row_id, item.reversal_row_id) if row in self._rows]
        return shapes.dispute_shape(item, rows, self._charges[item.charge_id].brand)

    def balance(self) -> Shape:
        rows = self._rows.values()
        available = sum(row.net_minor for row in rows if row.available_on <= STORY_NOW)
        return shapes.balance_shape(available, sum(row.net_minor for row in rows) - available)

    def latest_event(self, kind: str) -> Shape | None:
        return next((event for event in self._events if event["type"] == kind), None)

    def _all_events(self) -> list[Shape]:
        """What changed in the last thirty days of the story, newest first."""
        found: list[tuple[datetime, str, str, Any]] = [
            (charge.created, "charge.succeeded", "charge", charge) for charge in self._charges.values()
        ]
        found += [(refund.created, "refund.created", "refund", refund) for refund in self._refunds.values()]
        for dispute in self._disputes.values():
            found.append((dispute.created, "charge.dispute.created", "dispute", dispute))
            found.append((dispute.created, "charge.dispute.funds_withdrawn", "dispute", dispute))
            found.append((dispute.closed, "charge.dispute.closed", "dispute", dispute))
            if dispute.outcome == "won":
                found.append((dispute.closed, "charge.dispute.funds_reinstated", "dispute", dispute))
        for payout in self._payouts.values():
            found.append((payout.created, "payout.created", "payout", payout))
            found.append((utc_midnight(payout.expected_on), "payout.paid", "payout", payout))
        recent = [entry for entry in found if STORY_NOW - EVENTS_KEPT <= entry[0] <= STORY_NOW]
        recent.sort(key=lambda entry: (entry[0], entry[1], entry[3].id), reverse=True)
        account = self.cast.stripe_account
        return [shapes.event_shape(kind, at, self.shape(table, item), account) for at, kind, table, item in recent]
