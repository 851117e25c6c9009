"""The payroll year: books = registers = returns filed (K23)."""

from __future__ import annotations

from closeout.checks.registry import Item, Result, Scope, State, check, many
from ledger import payroll_proof, payroll_year
from ledger.core.payroll_tax import TAX_YEARS


@check("K23", area="payroll", title="The year's wages and taxes = registers = returns filed")
def payroll_year_agrees(scope: Scope) -> Result:
    """Payroll cost by account from the year's start = the registers'; each filed return = what the registers make of it; a return
    whose day is past is there.
    """
    year = scope.month.first.year
    if not payroll_proof.connections(scope.client):
        return Result(state="not_applicable", summary="No payroll system is connected.")
    if year not in TAX_YEARS:
        return Result(state="cannot_tell", summary=f"The tax parameters of {year} are not known.")
    proof = payroll_year.prove(scope.client, year, through=scope.month.last)
    page = scope.url("payroll-year", year)
    items = [
        Item(
            label=f"{line.account}: the books differ from the registers",
            amount=line.difference,
            url=page,
            key=f"cost:{line.account.pk}",
            is_open=not (why := scope.explained("K23", f"cost:{line.account.pk}", line.difference)),
            note=why,
        )
        for line in proof.costs
        if line.difference
    ]
    done = [quarter for quarter in proof.quarters if quarter.ends_on <= scope.month.last]
    items += [
        Item(
            label=f"Q{quarter.number} line {line.number}: filed otherwise",
            amount=line.difference,
            url=page,
            key=f"return:{quarter.number}:{line.number}",
        )
        for quarter in done
        for line in quarter.lines
        if line.difference
    ]
    late = [one for one in done if one.form.employees and one.filed is None and one.due_on <= scope.month.last]
    open_items = [item for item in items if item.is_open]
    state: State = "fail" if open_items else "cannot_tell" if late else "pass"
    if open_items:
        summary = many(len(open_items), "# figure|figures of the year differ|differ from the registers.")
    elif late:
        summary = (
            f"The return of Q{late[0].number} was due {late[0].due_on:%b} {late[0].due_on.day} and is not typed here."
        )
    else:
        summary = many(proof.runs, "# run|runs of the year stand in the books as the registers say.")
    return Result(
        state=state,
        summary=summary,
        expected=sum(line.register for line in proof.costs),
        actual=sum(line.ledger for line in proof.costs),
        items=tuple(items),
        evidence=page,
    )
