"""Intercompany pairs: due to = due from (K38)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from closeout.checks.registry import Item, Result, Scope, check
from ledger import bank_position, intercompany

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ledger.intercompany import PairProof


@check("K38", area="books", title="Due to = due from, for each pair of clients")
def pairs_agree(scope: Scope) -> Iterator[Result] | Result:
    """What this client is due from another of the practice is what that one owes at the month's end."""
    proofs = intercompany.prove(scope.client, scope.month)
    if not proofs:
        return Result(state="not_applicable", summary="No account is paired with one of another client.")
    return (_pair(scope, proof) for proof in proofs)


def _pair(scope: Scope, proof: PairProof) -> Result:
    tolerance = bank_position.tolerance(scope.client, proof.pair.account_id)
    off = abs(proof.difference) > tolerance
    items = tuple(
        Item(
            label=f"{one.month.label}: moved {_signed(one)} on one side only",
            amount=one.difference,
            url=scope.url("intercompany", scope.month),
            key=f"month:{one.month}",
            is_open=off,
        )
        for one in proof.off_months
    )
    return Result(
        state="fail" if off else "pass",
        summary=f"{proof.pair.account} and {proof.partner} differ."
        if off
        else f"{proof.pair.account} = {proof.partner_account} of {proof.partner}.",
        expected=-proof.theirs,
        actual=proof.ours,
        items=items,
        evidence=scope.url("intercompany", scope.month),
        subject=str(proof.pair.account_id),
        title=f"{proof.pair.account} mirrors {proof.partner}",
    )


def _signed(one: intercompany.MonthOfPair) -> str:
    return "more here" if abs(one.ours) > abs(one.theirs) else "more there"
