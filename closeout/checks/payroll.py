"""Payroll: every run booked once, register = ledger, pulls = bank, liabilities roll forward (K16–K22)."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from closeout.checks.payroll_year import overdue_deposits
from closeout.checks.registry import Item, Result, Scope, State, check, many
from ledger import accruals, mapping, payroll_proof
from ledger.core.entry import DraftLine
from ledger.core.payroll_tax import recompute
from ledger.core.tieouts import by_place, differences
from ledger.models import JournalLine

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ledger.accruals import Unpaid
    from ledger.core.entry import DraftEntry
    from ledger.models import JournalEntry
    from ledger.payroll_proof import PayrollProof, RunProof

NONE = "No payroll system is connected."


def proof(scope: Scope) -> PayrollProof | None:
    """The payroll proof of the month, computed once a run; None where no payroll system is connected."""
    if "payroll" not in scope.cache:
        has_payroll = payroll_proof.connections(scope.client)
        scope.cache["payroll"] = payroll_proof.prove(scope.client, scope.month) if has_payroll else None
    return scope.cache["payroll"]  # type: ignore[return-value]


def _page(scope: Scope) -> str:
    return scope.url("payroll", scope.month)


def _name(run: RunProof) -> str:
    return f"Payroll of {run.run.booked_on:%b} {run.run.booked_on.day}"


@check("K16", area="payroll", title="Every run is posted exactly once")
def every_run_is_posted_once(scope: Scope) -> Result:
    """Each run of the month, off-cycle ones too, has one posting: none missing, none doubled by hand."""
    found = proof(scope)
    if found is None:
        return Result(state="not_applicable", summary=NONE)
    items = tuple(item for run in found.runs if (item := _run_item(scope, run)))
    if not found.runs:
        return Result(state="cannot_tell", summary="No payroll run is known for this month.", evidence=_page(scope))
    return Result(
        state="fail" if items else "pass",
        unit="count",
        expected=len(found.runs),
        actual=len(found.runs) - len(items),
        items=items,
        evidence=_page(scope),
        summary=items[0].label if items else many(len(found.runs), "# run|runs, each posted once."),
    )


def _run_item(scope: Scope, run: RunProof) -> Item | None:
    if run.is_booked_once:
        return None
    key = f"run:{run.run.external_id}"
    if run.entry_id and run.other_id:
        return Item(
            label=f"{_name(run)} is in the books twice: ours and one by hand",
            amount=run.off_by,
            url=scope.url("entries", run.other_id),
            key=key,
        )
    if run.other_id:
        return Item(
            label=f"{_name(run)} was typed by hand and does not come from the register",
            amount=run.off_by,
            url=scope.url("entries", run.other_id),
            key=key,
        )
    return Item(
        label=f"{_name(run)} is not posted. {run.problem or run.fact.reason}".strip(),
        amount=run.fact.amount_minor,
        url=_page(scope),
        key=key,
    )


@check("K17", area="payroll", title="Register = ledger for every run and category")
def register_is_ledger(scope: Scope) -> Result:
    """Per run and category: the register's amount = the ledger's on the mapped account."""
    found = proof(scope)
    if found is None:
        return Result(state="not_applicable", summary=NONE)
    if not found.runs:
        return Result(state="cannot_tell", summary="No payroll run is known for this month.", evidence=_page(scope))
    items = tuple(
        Item(
            label=f"{_name(run)}, {line.label} {line.department}".strip()
            + (", changed in the accounting system" if run.is_edited else ""),
            amount=line.difference,
            url=_page(scope),
            key=f"line:{run.run.external_id}:{line.label}:{line.department}",
        )
        for run in found.runs
        for line in run.differing
    )
    unread = [run for run in found.runs if run.problem]
    ties = found.total_lines - found.differing
    state: State = "cannot_tell" if unread else "fail" if items else "pass"
    said = f"{ties} of {found.total_lines} lines tie" + (
        f", off by {_plain(max(run.off_by for run in found.runs))}" if items else ""
    )
    return Result(
        state=state,
        summary=unread[0].problem if unread else f"{said}.",
        unit="count",
        expected=found.total_lines,
        actual=ties,
        items=items,
        evidence=_page(scope),
    )


def _plain(minor: int) -> str:
    return f"{minor // 100:,}.{minor % 100:02d}"


@check("K18", area="payroll", title="Net pay, taxes and third-party pulls = bank debits")
def pulls_are_bank_debits(scope: Scope) -> Result:
    """Each pull the runs announce by the month's end met one bank debit of its amount; later ones are listed."""
    found = proof(scope)
    if found is None:
        return Result(state="not_applicable", summary=NONE)
    pulls = [(run, pull) for run in found.runs for pull in run.pulls]
    items = tuple(
        Item(
            label=f"{_name(run)}, {pull.label.lower()}: "
            + (
                "another amount at the bank"
                if pull.arrived_on
                else "not at the bank"
                if pull.is_due
                else "due next month"
            ),
            amount=pull.amount - pull.arrived,
            url=_page(scope),
            is_open=not pull.ties,
            key=f"pull:{run.run.external_id}:{pull.label}",
        )
        for run, pull in pulls
        if not pull.ties or not pull.arrived_on
    )
    off = [item for item in items if item.is_open]
    due = [pull for _run, pull in pulls if pull.is_due]
    return Result(
        state="fail" if off else "pass" if pulls else "cannot_tell",
        expected=sum(pull.amount for pull in due),
        actual=sum(pull.arrived for pull in due),
        summary=off[0].label
        if off
        else many(len(due), "# pull|pulls, each one bank debit.")
        if pulls
        else "No pull is known for this month.",
        items=items,
        evidence=_page(scope),
    )


@check("K19", area="payroll", title="The register adds up, taxes within their bands")
def register_adds_up(scope: Scope) -> Result:
    """Gross − deductions = net for each employee; employment taxes within their rates and caps."""
    found = proof(scope)
    if found is None:
        return Result(state="not_applicable", summary=NONE)
    earned: dict[str, int] = defaultdict(int)
    benefits: dict[str, int] = defaultdict(int)
    items, slips = [], 0
    for _fact, run in payroll_proof.runs(scope.client):
        if run.booked_on.year != scope.month.year or run.booked_on > scope.month.last:
            continue
        if run.booked_on >= scope.month.first:
            slips += len(run.payslips)
            complete_year = scope.client.cut_over_on is None or scope.client.cut_over_on <= run.booked_on.replace(
                month=1, day=1
            )
            checked = recompute(run, earned_before=earned if complete_year else None, benefits_before=benefits)
            items += [
                Item(
                    label=f"{run.booked_on:%b} {run.booked_on.day}, {finding.employee}: {finding.tax} outside its band",
                    amount=finding.difference,
                    url=_page(scope),
                    key=f"{run.external_id}:{finding.employee}:{finding.tax}",
                )
                for finding in checked.findings
            ]
        for slip in run.payslips:
            taken = sum(item.amount for item in slip.deductions if item.kind == "benefit")
            earned[slip.employee_id] += sum(item.amount for item in slip.earnings) - taken
            benefits[slip.employee_id] += taken
    open_items = [item for item in items if not scope.explained("K19", item.key, item.amount)]
    return Result(
        state="fail" if open_items else "pass" if slips else "cannot_tell",
        unit="count",
        expected=slips,
        actual=slips - len(open_items),
        summary=many(len(open_items), "# figure|figures is|are outside the bands.")
        if open_items
        else many(slips, "# payslip|payslips adds|add up."),
        items=tuple(items),
        evidence=_page(scope),
    )


@check("K20", area="payroll", title="No manual entry in payroll accounts without a run")
def no_manual_payroll(scope: Scope) -> Result:
    """Journals on payroll accounts that come from no run, pull, accrual or reversal, unless explained."""
    if proof(scope) is None:
        return Result(state="not_applicable", summary=NONE)
    roles = (
        "wages",
        "er-tax-expense",
        "ee-tax-payable",
        "er-tax-payable",
        "garnishment-payable",
        "net-pay-clearing",
        "contractor-expense",
    )
    accounts = mapping.accounts_by_roles(scope.client.pk, roles, scope.month.last)
    totals: dict[int, int] = defaultdict(int)
    lines: dict[int, JournalLine] = {}
    for line in _standing(scope.lines(accounts)):
        if line.entry.origin == "manual" or line.entry.memo.startswith("JournalEntry"):
            totals[line.entry_id] += line.debit_minor
            lines[line.entry_id] = line
    items = []
    for entry_id, line in lines.items():
        why = scope.explained("K20", f"entry:{entry_id}", totals[entry_id])
        items.append(
            Item(
                label=f"{line.booked_on:%b} {line.booked_on.day} {line.entry.memo}",
                amount=totals[entry_id],
                url=scope.url("entries", entry_id),
                key=f"entry:{entry_id}",
                is_open=not why,
                note=why,
            )
        )
    unexplained = [item for item in items if item.is_open]
    return Result(
        state="fail" if unexplained else "pass",
        unit="count",
        expected=0,
        actual=len(unexplained),
        items=tuple(items),
        evidence=_page(scope),
        summary=many(len(unexplained), "# manual entry|entries in payroll accounts.")
        if unexplained
        else "None, or each is explained.",
    )


def _standing(lines: Iterable[JournalLine]) -> list[JournalLine]:
    """Lines of entries that are neither reversals nor reversed."""
    kept = list(lines)
    reversed_ids = set(
        JournalLine.objects.filter(entry__reverses_id__in={line.entry_id for line in kept}).values_list(
            "entry__reverses_id", flat=True
        )
    )
    return [line for line in kept if line.entry.reverses_id is None and line.entry_id not in reversed_ids]


@check("K21", area="payroll", title="Wages earned and unpaid are accrued, and reversed next month")
def straddling_run_is_accrued(scope: Scope) -> Result:
    """Runs paid after month end for days before it: accrual recomputed = booked, with its reversal on day one.

    Days no run is known for cannot be told, unless a person accrued the estimate of the last run.
    """
    if proof(scope) is None:
        return Result(state="not_applicable", summary=NONE)
    found = accruals.unpaid(scope.client, scope.month)
    unread = next((one for one in found if one.problem), None)
    if unread is not None:
        return Result(state="cannot_tell", summary=f"{unread.problem}.", evidence=_page(scope))
    stands = {one.connection.pk: accruals.standing(one.connection, scope.month) for one in found}
    estimates = [(one, one.estimate) for one in found if one.estimate and not accruals.is_estimated(one, scope.month)]
    if estimates or not any(one.last for one in found):
        return Result(
            state="cannot_tell",
            summary="The run that pays the month's last days is not known yet.",
            items=tuple(
                Item(label=f"{one.connection}: as the last run, it would be", amount=entry.total, url=_page(scope))
                for one, entry in estimates
            ),
            evidence=_page(scope),
        )
    wanted = [(one, entry, *stands[one.connection.pk]) for one in found if (entry := one.whole)]
    left = [one for one in found if not one.whole and stands[one.connection.pk][0]]
    if not wanted and not left:
        return Result(state="not_applicable", summary="No pay period straddles the month's end.")
    problems = [problem for one, entry, booked, back in wanted if (problem := _accrual_problem(entry, booked, back))]
    problems += ["An accrual stands that no run asks for." for _one in left]
    entries = [booked for one in found if (booked := stands[one.connection.pk][0])]
    return Result(
        state="fail" if problems else "pass",
        summary=problems[0] if problems else _accrued(scope, [one for one, *_rest in wanted]),
        expected=sum(entry.total for _one, entry, _booked, _back in wanted),
        actual=sum(line.debit_minor for booked in entries for line in booked.lines.all()),
        evidence=scope.url("entries", entries[0].pk) if entries else _page(scope),
    )


def _accrual_problem(draft: DraftEntry, booked: JournalEntry | None, back: JournalEntry | None) -> str:
    if booked is None:
        return "The accrual is not booked."
    lines = [
        DraftLine(x.role, x.debit_minor, x.credit_minor, x.key, department=x.department) for x in booked.lines.all()
    ]
    if differences(by_place(draft.lines), by_place(lines)):
        return "The booked accrual is not what the run gives."
    return "" if back is not None else "The accrual has no reversal."


def _accrued(scope: Scope, found: Iterable[Unpaid]) -> str:
    said = []
    for one in found:
        for run in one.runs:
            first, last = run.period_start, min(run.period_end, scope.month.last)
            paid = f"paid {run.booked_on:%b} {run.booked_on.day}"
            said.append(f"Days of {first:%b} {first.day} to {last:%b} {last.day}, {paid}")
        if one.estimate and one.last:
            said.append(f"Days after {one.last.period_end:%b} {one.last.period_end.day}, estimated from the run before")
    return f"{'; '.join(said)}; reversed next month."[:480]


@check("K22", area="payroll", title="Payroll liabilities roll forward, none overpaid, taxes deposited in time")
def liabilities_roll_forward(scope: Scope) -> Result:
    """Per liability: opening + accrued − remitted = closing = ledger; no debit balance but a pull made before its pay day; federal
    taxes deposited by their day.
    """
    found = proof(scope)
    if found is None:
        return Result(state="not_applicable", summary=NONE)
    if not found.liabilities:
        return Result(state="cannot_tell", summary="No payroll liability is mapped.", evidence=scope.url("mapping"))
    items = tuple(
        Item(
            label=f"{row.name}: " + ("overpaid" if row.is_overpaid and not row.difference else "does not roll forward"),
            amount=row.difference or row.ledger,
            url=f"{_page(scope)}?tab=liabilities",
            key=f"liability:{row.name}",
        )
        for row in found.liabilities
        if not row.ties
    )
    late = overdue_deposits(scope)
    open_items = [item for item in (*items, *late) if item.is_open]
    return Result(
        state="fail" if open_items else "pass",
        summary=many(len(items), f"# of {len(found.liabilities)} liabilities does|do not tie.")
        if items
        else f"{open_items[0].label}."
        if open_items
        else many(len(found.liabilities), "# liability|liabilities rolls|roll forward."),
        expected=sum(row.closing for row in found.liabilities),
        actual=sum(row.ledger for row in found.liabilities),
        items=(*items, *late),
        evidence=f"{_page(scope)}?tab=liabilities",
    )
