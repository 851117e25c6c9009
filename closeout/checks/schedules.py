"""Schedules against the books: prepaids, fixed assets, loans, accruals, deferred revenue (K30, K31, K32, K33, K34)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from closeout.checks.registry import Item, Result, Scope, State, check, many
from ledger import schedule_proof
from ledger.models import Schedule

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.models import JournalLine
    from ledger.schedule_proof import AccountProof

Kind = Schedule.Kind


@check("K30", area="books", title="Prepaid schedules = books")
def prepaids_agree(scope: Scope) -> Result:
    """Each prepaid account = its schedules, this month's parts booked once, no bill over the limit expensed."""
    return _proven(scope, "K30", Kind.PREPAID, rather="prepaid")


@check("K31", area="books", title="Fixed assets and depreciation = books")
def assets_agree(scope: Scope) -> Result:
    """Cost and accumulated depreciation by the register = their accounts, additions with support, no asset expensed."""
    return _proven(scope, "K31", Kind.ASSET, rather="asset", more=_without_support(scope))


def loans_by_schedule(scope: Scope) -> Result:
    """What the schedules say is owed = the loans' accounts, each payment split and booked once."""
    return _proven(scope, "K32", Kind.LOAN)


@check("K33", area="books", title="Accruals reversed and supported")
def accruals_agree(scope: Scope) -> Result:
    """Each accrual stands until its day and no longer; one whose paper should have come is named."""
    late = [
        Item(
            label=f"{each.name}: its paper was expected on {each.expected_on:%b} {each.expected_on.day}",
            amount=each.amount_minor,
            url=scope.url("schedules", each.pk),
            key=f"schedule:{each.pk}:late",
        )
        for each in schedule_proof.unsupported_yet(scope.client, scope.month)
        if each.expected_on is not None
    ]
    return _proven(scope, "K33", Kind.ACCRUAL, more=late)


@check("K34", area="books", title="Deferred revenue = books")
def deferred_agrees(scope: Scope) -> Result:
    """Opening, billed, earned and closing of each deferred revenue account by its schedules = the books."""
    return _proven(scope, "K34", Kind.DEFERRED)


def _without_support(scope: Scope) -> list[Item]:
    """Assets added this month that nothing supports."""
    month = scope.month
    found = Schedule.objects.filter(
        client=scope.client, kind=Kind.ASSET, added_on__range=(month.first, month.last), support=""
    ).exclude(state="cancelled")
    return [
        Item(
            label=f"{each.name}: no invoice is named",
            amount=each.amount_minor,
            url=scope.url("schedules", each.pk),
            key=f"schedule:{each.pk}:support",
        )
        for each in found
    ]


def _proven(scope: Scope, check_id: str, kind: str, *, rather: str = "", more: Sequence[Item] = ()) -> Result:
    proofs = schedule_proof.proofs(scope.client, scope.month, [kind])
    waiting = schedule_proof.waiting(scope.client, scope.month, [kind])
    limit = schedule_proof.limit_of(scope.client, rather) if rather else None
    page = f"{scope.url('schedules', 'month', scope.month)}?kind={kind}"
    if not proofs and not waiting and limit is None:
        said = "No schedule of this kind is kept, and no limit for bills is set." if rather else "None is kept."
        return Result(state="not_applicable", summary=said, subject=_subject(check_id), evidence=page)
    items = [_explained(scope, check_id, item) for item in (*_open(scope, kind, proofs, rather), *more)]
    items += [
        Item(
            label=f"{each.name} waits for a second person",
            amount=each.amount_minor,
            url=scope.url("schedules", each.pk),
            key=f"schedule:{each.pk}:waits",
        )
        for each in waiting
    ]
    late = _caught_up(scope, kind)
    items += late
    is_open = [item for item in items if item.is_open]
    state: State = "fail" if is_open else "pass"
    return Result(
        state=state,
        summary=f"{is_open[0].label}." if is_open else _fine(proofs, limit, len(late)),
        expected=sum(proof.roll.closing for proof in proofs) if proofs else None,
        actual=sum(proof.ledger for proof in proofs) if proofs else None,
        items=tuple(items),
        evidence=page,
        subject=_subject(check_id),
        title="Loan schedules = books" if check_id == "K32" else "",
    )


def _subject(check_id: str) -> str:
    """K32 has the lenders' statements beside the schedules."""
    return "schedules" if check_id == "K32" else ""


def _fine(proofs: Sequence[AccountProof], limit: int | None, late: int) -> str:
    said = [many(len(proofs), "# account|accounts, equal to the books")] if proofs else []
    said += ["no bill above the limit" if proofs else "No bill is above the limit"] if limit is not None else []
    said += [many(late, "# line|lines with what earlier months missed")] if late else []
    return f"{'; '.join(said)}."


def _open(scope: Scope, kind: str, proofs: Sequence[AccountProof], rather: str) -> list[Item]:
    off = [
        Item(
            label=f"{proof.account.name}: the books differ from the schedules{_where(proof)}",
            amount=proof.difference,
            url=scope.url("schedules", "month", scope.month),
            key=f"account:{proof.account.pk}",
        )
        for proof in proofs
        if proof.difference
    ]
    unbooked = [
        Item(
            label=f"{line.schedule.name}: the line of {line.on:%b} {line.on.day} is not booked",
            amount=line.amount_minor + line.interest_minor,
            url=scope.url("schedules", line.schedule_id),
            key=f"line:{line.pk}",
        )
        for line in schedule_proof.unbooked(scope.client, scope.month, [kind])
    ]
    large = schedule_proof.over_limit(scope.client, scope.month, rather) if rather else []
    return [*off, *unbooked, *(_large(scope, line, rather) for line in large)]


def _caught_up(scope: Scope, kind: str) -> list[Item]:
    """What closed months missed and this month carries: for the reader, not a failure."""
    return [
        Item(
            label=f"{line.schedule.name}: what earlier months missed is in the line of {line.on:%b} {line.on.day}",
            amount=line.catch_up_minor,
            url=scope.url("schedules", line.schedule_id),
            key=f"line:{line.pk}:caught-up",
            is_open=False,
        )
        for line in schedule_proof.caught_up(scope.client, scope.month, [kind])
    ]


def _where(proof: AccountProof) -> str:
    if not proof.strangers:
        return ", from before this month or by a line not booked"
    line = proof.strangers[0]
    return f", see {line.entry.memo or line.entry.purpose} of {line.booked_on:%b} {line.booked_on.day}"


def _large(scope: Scope, line: JournalLine, rather: str) -> Item:
    named = "an asset" if rather == "asset" else "a prepaid"
    return Item(
        label=f"{line.entry.memo or line.entry.purpose}: {line.account.name} above the limit, rather {named}",
        amount=line.debit_minor,
        url=f"{scope.url('schedules', 'new')}?entry={line.entry_id}&line={line.no}",
        key=f"large:{line.entry_id}:{line.no}",
    )


def _explained(scope: Scope, check_id: str, item: Item) -> Item:
    why = scope.explained(check_id, item.key, item.amount)
    return Item(label=item.label, amount=item.amount, url=item.url, key=item.key, is_open=not why, note=why)
