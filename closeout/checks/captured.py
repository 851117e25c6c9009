"""What is captured by hand against the books: statements and counts, tills and shops, loans, taxes (K10, K15, K32, K36)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clients.catalogue import BY_SLUG
from closeout.checks.registry import Item, Result, Scope, State, check, many
from closeout.checks.schedules import loans_by_schedule
from integrations.byhand.forms import form_of
from ledger import captured_proof, completeness

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from ledger.captured_proof import CapturedProof


@check("K10", area="bank", title="Statements and counts taken by hand = books")
def counts_agree(scope: Scope) -> Result:
    """Each card statement, cash count, holding and pay earned but unpaid that a second person verified = its account."""
    return _proven(scope, "K10", ("card", "cash", "holding", "unpaid-time"))


@check("K15", area="processors", title="What systems say they hold or owe = books")
def tills_agree(scope: Scope) -> Result:
    """Gift cards, reserves and card programs as the systems tell them = their accounts that day; what a shop, till or processor
    without a connection still holds by its report = its clearing account.
    """
    return _proven(scope, "K15", ("sales", "settlement"), captured_proof.told(scope.client, scope.month))


@check("K32", area="books", title="Lenders' statements = loans in the books")
def loans_agree(scope: Scope) -> Iterator[Result]:
    """What is owed by the lender's statement = the loan's account, interest and fees of the statement booked; and the loans'
    schedules = their accounts, where any are kept.
    """
    yield _proven(scope, "K32", ("loan",))
    by_schedule = loans_by_schedule(scope)
    if by_schedule.state != "not_applicable":
        yield by_schedule


@check("K36", area="books", title="Taxes owed by the returns = books")
def taxes_agree(scope: Scope) -> Result:
    """Sales and payroll taxes owed by the returns = the liability accounts."""
    return _proven(scope, "K36", ("sales-tax", "payroll-tax"))


def _proven(scope: Scope, check_id: str, forms: Collection[str], told: Sequence[CapturedProof] = ()) -> Result:
    page = scope.url("stack")
    missing = [
        name
        for slug, name in completeness.uncaptured_systems(scope.client, scope.month)
        if (form := form_of(BY_SLUG[slug])) is not None and form.key in forms
    ]
    proofs = [*captured_proof.of(scope.client, scope.month, forms), *told]
    if not proofs and not missing:
        return Result(state="not_applicable", summary="Nothing of this kind is captured by hand or told by a system.")
    items = tuple(_item(scope, check_id, proof) for proof in proofs if proof.difference != 0)
    is_unsure = missing or any(proof.ledger is None for proof in proofs)
    state: State = "fail" if any(item.is_open for item in items) else "cannot_tell" if is_unsure else "pass"
    whole = [proof for proof in proofs if proof.ledger is not None and not proof.currency]
    if state == "cannot_tell" and missing:
        summary = f"{', '.join(missing)}: no figures of {scope.month.label} are verified."
    elif items:
        summary = f"{items[0].label}."
    else:
        summary = many(len(proofs), "# balance|balances, equal to the books.")
    return Result(
        state=state,
        summary=summary,
        expected=sum(proof.stated for proof in whole) if whole else None,
        actual=sum(proof.ledger or 0 for proof in whole) if whole else None,
        items=items,
        evidence=page,
    )


def _item(scope: Scope, check_id: str, proof: CapturedProof) -> Item:
    key = f"captured:{proof.account_id or proof.label}"
    if proof.ledger is None:
        return Item(label=f"{proof.label}: no account is mapped", url=scope.url("mapping"), key=key, is_open=False)
    why = scope.explained(check_id, key, proof.difference)
    return Item(
        label=f"{proof.label}: the books differ on {proof.on:%b} {proof.on.day}",
        amount=proof.difference,
        url=scope.url("accounts", proof.account_id, scope.month),
        key=key,
        is_open=not why,
        note=why,
    )
