"""The payroll year: books = registers = returns filed (K23), overdue deposits (for K22), contractors with a W-9 (K44)."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from closeout.checks.registry import Item, Result, Scope, State, check, many
from ledger import contractors, payroll_proof, payroll_year
from ledger.core.payroll_tax import TAX_YEARS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ledger.payroll_year import Line, YearProof


def proof(scope: Scope) -> YearProof | None:
    """The payroll year to the month's end, computed once a run; None for a year whose parameters are not known."""
    if "payroll year" not in scope.cache:
        year = scope.month.year
        known = year in TAX_YEARS
        scope.cache["payroll year"] = (
            payroll_year.prove(scope.client, year, through=scope.month.last) if known else None
        )
    return scope.cache["payroll year"]  # type: ignore[return-value]


def overdue_deposits(scope: Scope) -> tuple[Item, ...]:
    """Employment taxes whose deposit was due by the month's end and is not in the books, named by their pay days.

    Where the schedule is not known they are judged by the monthly one, which is the later; what payments on accounts of several
    taxes may have paid is named and does not make the check fail.
    """
    found = proof(scope)
    if found is None:
        return ()
    page = scope.url("payroll-year", scope.month.year)
    return tuple(
        Item(
            label=f"Taxes of {_days(one.due.first, one.due.last)} were due {_day(one.due.due_on)} and are not deposited",
            amount=one.outstanding,
            url=page,
            key=f"deposit:{one.due.first}:{one.due.rule}",
            is_open=not (why := scope.explained("K22", f"deposit:{one.due.first}:{one.due.rule}", one.outstanding))
            and not found.deposits.undivided,
            note=why or ("A payment on an account of several taxes may hold it." if found.deposits.undivided else ""),
        )
        for one in found.deposits.overdue(scope.month.last)
    )


def _days(first: date, last: date) -> str:
    return _day(first) if first == last else f"{_day(first)} to {_day(last)}"


def _day(on: date) -> str:
    return f"{on:%b} {on.day}"


@check("K23", area="payroll", title="The year's wages and taxes = registers = returns filed")
def payroll_year_agrees(scope: Scope) -> Result:
    """Payroll cost by account from the year's start = the registers'; each filed return = what the registers make of it; a return
    whose day is past is there.
    """
    year = scope.month.year
    if not payroll_proof.connections(scope.client):
        return Result(state="not_applicable", summary="No payroll system is connected.")
    found = proof(scope)
    if found is None:
        return Result(state="cannot_tell", summary=f"The tax parameters of {year} are not known.")
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
        for line in found.costs
        if line.difference
    ]
    done = [quarter for quarter in found.quarters if quarter.ends_on <= scope.month.last]
    items += [item for quarter in done for item in _filed_otherwise(quarter.lines, f"Q{quarter.number} line", page)]
    items += _filed_otherwise(found.unemployment.lines, "Form 940 line", page) if scope.month.month == _DECEMBER else ()
    late = [
        f"The return of Q{one.number} was due {_day(one.due_on)}"
        for one in done
        if one.form.employees and one.filed is None and one.due_on <= scope.month.last
    ] or list(_late_of_last_year(scope))
    open_items = [item for item in items if item.is_open]
    state: State = "fail" if open_items else "cannot_tell" if late else "pass"
    if open_items:
        summary = many(len(open_items), "# figure|figures of the year differ|differ from the registers.")
    elif late:
        summary = f"{late[0]} and is not typed here."
    else:
        summary = many(found.runs, "# run|runs of the year stand in the books as the registers say.")
    return Result(
        state=state,
        summary=summary,
        expected=sum(line.register for line in found.costs),
        actual=sum(line.ledger for line in found.costs),
        items=tuple(items),
        evidence=page,
    )


_DECEMBER = 12


def _filed_otherwise(lines: tuple[Line, ...], name: str, page: str) -> Iterator[Item]:
    for line in lines:
        if line.difference:
            key = f"return:{name}:{line.number}"
            yield Item(label=f"{name} {line.number}: filed otherwise", amount=line.difference, url=page, key=key)


def _late_of_last_year(scope: Scope) -> Iterator[str]:
    """Returns of the year before whose day has come and which are not typed, for a client whose books hold that year."""
    year, starts = scope.month.year - 1, scope.client.cut_over_on
    if year not in TAX_YEARS or starts is None or starts.year > year:
        return
    found = payroll_year.prove(scope.client, year)
    fourth = found.quarters[3]
    if not found.runs or fourth.due_on > scope.month.last:
        return
    for name, filed in (
        (f"Form 941 of Q4 {year}", fourth.filed),
        (f"Form 940 of {year}", found.unemployment.filed),
        (f"Form W-3 of {year}", found.w3),
    ):
        if filed is None:
            yield f"{name} was due {_day(fourth.due_on)}"


@check("K44", area="payroll", title="Contractors above the year's threshold have a W-9")
def contractors_have_a_w9(scope: Scope) -> Result:
    """Each contractor whom Form 1099-NEC reports for the year so far (from $2,000 for payments of 2026) has a Form W-9 on file."""
    year = scope.month.year
    if year not in TAX_YEARS:
        return Result(state="cannot_tell", summary=f"The 1099-NEC threshold of {year} is not known.")
    every = contractors.contractors_of(scope.client, year, scope.month.last)
    reported = [one for one in every if one.payee.reported]
    page = f"{scope.url('payroll-year', year)}#contractors"
    if not reported:
        limit = TAX_YEARS[year].nec_threshold // 100
        return Result(state="not_applicable", summary=f"No contractor was paid {limit:,} or more this year.")
    items = tuple(
        Item(
            label=f"{one.payee.name} has no W-9 on file",
            amount=one.payee.amount,
            url=page,
            key=f"w9:{one.payee.name}",
            is_open=not (why := scope.explained("K44", f"w9:{one.payee.name}", one.payee.amount)),
            note=why,
        )
        for one in reported
        if one.lacks_w9
    )
    open_items = [item for item in items if item.is_open]
    return Result(
        state="fail" if open_items else "pass",
        unit="count",
        expected=len(reported),
        actual=len(reported) - len(items),
        summary=f"{open_items[0].label}."
        if len(open_items) == 1
        else many(len(open_items), "# contractor|contractors lacks|lack a W-9.")
        if open_items
        else many(len(reported), "# contractor|contractors of 1099-NEC, each with a W-9."),
        items=items,
        evidence=page,
    )
