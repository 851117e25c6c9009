"""Processors: the balance rolls forward, payouts are deposits, sales and fees stand gross in the books (K12–K14)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from closeout.checks.registry import Item, Result, Scope, State, check, many
from closeout.checks.timing import notes
from ledger import processor_proof
from ledger.finishing import PAYOUT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ledger.core.tieouts import PayoutRow
    from ledger.processor_proof import OffRow, ProcessorProof

NONE = "No processor is connected."
#: Rows that a failed roll-forward names.
MOST_NAMED = 50


def proofs(scope: Scope) -> list[ProcessorProof]:
    """The proof of each balance that a processor or a shop holds, computed once a run."""
    if "processors" not in scope.cache:
        found = processor_proof.connections(scope.client)
        scope.cache["processors"] = [
            proof for connection in found for proof in processor_proof.prove_all(scope.client, connection, scope.month)
        ]
    return scope.cache["processors"]  # type: ignore[return-value]


def _unit(proof: ProcessorProof) -> str:
    return "money" if proof.is_home else proof.currency


def _page(scope: Scope, proof: ProcessorProof) -> str:
    return scope.url("processors", scope.month, proof.connection.pk) + (
        "" if proof.is_home else f"?currency={proof.currency}"
    )


@check("K12", area="processors", title="Opening + activity − payouts = processor = clearing")
def balance_rolls_forward(scope: Scope) -> Iterator[Result] | Result:
    """Opening + every row − payouts = what the processor holds at month end = the clearing account, to the cent."""
    if not proofs(scope):
        return Result(state="not_applicable", summary=NONE)
    return (_roll(scope, proof) for proof in proofs(scope))


def _roll(scope: Scope, proof: ProcessorProof) -> Result:
    roll, title = proof.roll, f"{proof.title}: balance rolls forward to clearing"
    items = (
        *(Item(label=name.capitalize(), amount=amount, is_open=False) for name, amount in roll.movements if amount),
        *_open_statement(scope, proof),
        *(_off_item(scope, proof, row) for row in proof.off[:MOST_NAMED]),
    )
    if not proof.can_tell:
        return Result(
            state="cannot_tell",
            summary="The processor's balance was not read.",
            subject=proof.subject,
            title=title,
            evidence=_page(scope, proof),
            unit=_unit(proof),
        )
    if proof.rolls and roll.reported is None:
        summary = f"{proof.rows} rows; the clearing account holds what they come to. {proof.no_balance}"
    elif proof.rolls and proof.open:
        summary = f"{proof.rows} rows; processor and clearing account agree but for the statement still open."
    elif proof.rolls:
        summary = f"{proof.rows} rows; processor and clearing account agree."
    elif roll.to_processor:
        summary = "The rows here do not come to what the processor holds."
    else:
        summary = f"The clearing account does not hold what the processor does; {proof.held} rows are not booked."
    return Result(
        state="pass" if proof.rolls else "fail",
        summary=summary,
        expected=roll.closing if roll.reported is None else roll.reported - roll.unsettled,
        actual=roll.ledger,
        items=items,
        evidence=_page(scope, proof),
        as_of=proof.read_at,
        subject=proof.subject,
        title=title,
        unit=_unit(proof),
    )


def _open_statement(scope: Scope, proof: ProcessorProof) -> Iterator[Item]:
    """The timing difference between processor and books: what no closed statement has told yet, to the cent."""
    if proof.open:
        since = f"{proof.open.since:%b} {proof.open.since.day}"
        yield Item(
            label=f"Timing: in the statement open since {since}, in the books when it closes",
            amount=proof.open.amount,
            url=_page(scope, proof),
            key="open-statement",
            is_open=False,
        )


def _off_item(scope: Scope, proof: ProcessorProof, row: OffRow) -> Item:
    said = (
        "not on the clearing account"
        if row.entry_id is None
        else "of no row"
        if row.fact_id is None
        else "another amount"
    )
    return Item(
        label=f"{row.label}: {said}",
        amount=row.difference,
        url=scope.url("entries", row.entry_id) if row.entry_id else _page(scope, proof),
        key=f"row:{row.label}"[:160],
    )


@check("K13", area="processors", title="Each payout is one bank deposit")
def payouts_are_deposits(scope: Scope) -> Iterator[Result] | Result:
    """Each payout met one deposit of its amount; those on their way are listed, and late ones need an explanation."""
    if not proofs(scope):
        return Result(state="not_applicable", summary=NONE)
    return (_payouts(scope, proof) for proof in proofs(scope))


def _payouts(scope: Scope, proof: ProcessorProof) -> Result:
    title = f"{proof.title}: every payout found in the bank"
    rows = [row for row in proof.payouts.rows if row.state != "arrived"]
    items = tuple(_payout_item(scope, proof, row) for row in rows)
    arrived = len(proof.payouts.rows) - len(rows)
    waiting = [row for row in rows if row.state in {"in transit", "late"}]
    off = proof.transit_ledger - proof.payouts.in_transit
    open_items = [item for item in items if item.is_open]
    state: State
    if open_items:
        state, summary = "fail", open_items[0].label
    elif off:
        state, summary = "fail", "The in-transit account does not hold the payouts under way."
    else:
        state, summary = (
            "pass",
            many(arrived, f"# payout|payouts found in the bank, {len(waiting)} in transit at month end."),
        )
    return Result(
        state=state,
        summary=summary,
        expected=proof.payouts.in_transit,
        actual=proof.transit_ledger,
        items=items,
        evidence=_page(scope, proof),
        subject=proof.subject,
        title=title,
        unit=_unit(proof),
    )


def _payout_item(scope: Scope, proof: ProcessorProof, row: PayoutRow) -> Item:
    payout = row.payout
    key = f"payout:{payout.payout_id or payout.external_id}"
    sent = f"Payout of {payout.booked_on:%b} {payout.booked_on.day}"
    if row.state == "differs":
        return Item(
            label=f"{sent} arrived with another amount", amount=row.difference, url=_page(scope, proof), key=key
        )
    if row.state == "returned":
        return Item(label=f"{sent} was returned", amount=payout.amount, url=_page(scope, proof), key=key, is_open=False)
    days = (scope.month.last - payout.booked_on).days
    noted = notes(scope).get((PAYOUT, payout.payout_id or payout.external_id))
    # A usual payout arrives in a day or two: one that is older is explained before the month is signed.
    is_late = days > scope.client.clearing_days
    why = f"{noted.reason}, expected {noted.expected_on:%b} {noted.expected_on.day}" if noted else ""
    return Item(
        label=f"{sent} is in transit, {days} days",
        amount=payout.amount,
        url=_page(scope, proof),
        key=key,
        is_open=is_late and not noted,
        note=why,
    )


@check("K14", area="processors", title="Gross sales and fees stand in the books as reported")
def sales_stand_gross(scope: Scope) -> Iterator[Result] | Result:
    """Gross sales by channel, refunds and fees of the processor = what its entries put on the income and fee accounts."""
    if not proofs(scope):
        return Result(state="not_applicable", summary=NONE)
    return (_bridge(scope, proof) for proof in proofs(scope))


def _bridge(scope: Scope, proof: ProcessorProof) -> Result:
    title = f"{proof.title}: sales and fees as reported"
    off = [line for line in proof.bridge if line.difference]
    items = tuple(
        Item(
            label=line.label if not line.difference else f"{line.label}: not in the books",
            amount=line.difference or line.source,
            url=_page(scope, proof),
            is_open=bool(line.difference),
            key=f"bridge:{line.label}",
        )
        for line in proof.bridge
    )
    if not proof.bridge:
        return Result(state="not_applicable", summary="No sales in the month.", subject=proof.subject, title=title)
    return Result(
        state="fail" if off else "pass",
        expected=sum(line.source for line in proof.bridge),
        actual=sum(line.ledger for line in proof.bridge),
        summary=many(len(off), "# figure|figures differs|differ: ") + ", ".join(line.label for line in off) + "."
        if off
        else "Every channel, refund and fee agrees.",
        items=items,
        evidence=_page(scope, proof),
        subject=proof.subject,
        title=title,
        unit=_unit(proof),
    )
