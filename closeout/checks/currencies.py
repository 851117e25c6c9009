"""Money in other currencies stands at the rate of the month's end (K51)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from closeout.checks.registry import Item, Result, Scope, State, check, many
from ledger import revaluing

if TYPE_CHECKING:
    from ledger.revaluing import Currency


@check("K51", area="books", title="Foreign balances are revalued at the month's end")
def foreign_balances_are_revalued(scope: Scope) -> Result:
    """Each currency that money is kept in has a rate of the month's last day, and its revaluation stands as that rate says."""
    found = [one for one in revaluing.of(scope.client, scope.month) if one.positions]
    title = "Foreign balances are revalued at the month's end"
    if not found:
        return Result(state="not_applicable", summary="No money is kept in another currency.", title=title)
    page = scope.url("revaluation", scope.month)
    late = {one.code for one in revaluing.missing(scope.client, scope.month)}
    items = tuple(Item(label=_label(one), url=page, key=f"currency:{one.code}") for one in found if one.code in late)
    unrated = [one for one in found if one.code in late and one.rate is None]
    state: State = "cannot_tell" if unrated else "fail" if items else "pass"
    said = many(len(items), "# currency|currencies is|are not at the month-end rate.")
    return Result(
        state=state,
        summary=said if items else many(len(found), "# currency|currencies stands|stand at the month-end rate."),
        expected=len(found),
        actual=len(found) - len(items),
        unit="count",
        items=items,
        title=title,
        evidence=page,
    )


def _label(one: Currency) -> str:
    return (
        f"{one.code} has no rate of the month's end"
        if one.rate is None
        else f"{one.code} is not booked as its rate says"
    )
