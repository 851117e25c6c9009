"""The binder's second half: what proves the statements. Payroll, reconciliations, open items, exceptions, checks."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from closeout import workflow
from closeout.checks.registry import AREAS
from closeout.models import CheckResult, Explanation
from ledger import bank_position, payroll_proof, processor_proof, proving, timing
from ledger.core.period import Month
from ledger.models import LedgerException

if TYPE_CHECKING:
    from collections.abc import Iterable

    from clients.models import Client
    from closeout.models import CloseRun
    from ledger.payroll_proof import PayrollProof, RunProof
    from ledger.processor_proof import ProcessorProof

#: Words of the states as printed.
STATES = {"pass": "Proven", "fail": "Fails", "not_applicable": "Not applicable", "cannot_tell": "Cannot tell"}


def freeze(close: CloseRun) -> dict[str, Any]:
    """Payroll, reconciliations, open items, what was fixed, checks, overrides and people of a close."""
    client, month = close.client, Month.of(close.month)
    return {
        "payroll": _payroll(client, month),
        **_reconciliations(client, month),
        "receivable": _open_items(client, month, "open-receivable"),
        "payable": _open_items(client, month, "open-payable"),
        "fixed": _fixed(client, month),
        "checks": _checks(close),
        "proven": sum(row.state == "pass" for row in workflow.proven(close)),
        "total": len(workflow.proven(close)),
        "overrides": _overrides(close),
        "tasks": [
            {"title": task.title, "by": str(task.done_by) if task.done_by else "", "on": _day(task.done_at)}
            for task in close.tasks.select_related("done_by").order_by("pk")
        ],
        "explanations": Explanation.objects.filter(close=close).count(),
        "preparer": {"name": str(close.prepared_by), "at": _minute(close.prepared_at)} if close.prepared_by else None,
    }


def _day(moment: datetime | None) -> str:
    return str(moment.astimezone(UTC).date()) if moment else ""


def _minute(moment: datetime | None) -> str:
    return moment.astimezone(UTC).isoformat(timespec="minutes") if moment else ""


# ---- payroll -----------------------------------------------------------------------------------------------------------------


def _payroll(client: Client, month: Month) -> dict[str, Any] | None:
    """Each category over the month's runs: register beside ledger; then liabilities and bank pulls. None without payroll."""
    if not payroll_proof.connections(client):
        return None
    proof = payroll_proof.prove(client, month)
    return {
        "system": ", ".join(sorted({str(run.connection) for run in proof.runs})),
        "runs": [f"{run.run.booked_on:%b} {run.run.booked_on.day}" for run in proof.runs],
        "lines": _register(proof),
        "differing": proof.differing,
        "count": proof.total_lines,
        "liabilities": [
            {
                "name": row.name,
                "opening": row.opening,
                "accrued": row.accrued,
                "paid": -row.remitted,
                "closing": row.closing,
                "ledger": row.ledger,
            }
            for row in proof.liabilities
            if any((row.opening, row.accrued, row.remitted, row.ledger))
        ],
        "pulls": [_pulls(run) for run in proof.runs],
    }


def _register(proof: PayrollProof) -> list[dict[str, Any]]:
    keys: dict[tuple[str, str], dict[str, Any]] = {}
    for at, run in enumerate(proof.runs):
        for line in run.lines:
            label = f"{line.label}, {line.department}" if line.department else line.label
            row = keys.setdefault(
                (label, line.role), {"label": label, "runs": [0] * len(proof.runs), "register": 0, "ledger": 0}
            )
            row["runs"][at] += line.register
            row["register"] += line.register
            row["ledger"] += line.ledger
    rows = sorted(keys.values(), key=lambda row: (row["register"] < 0, row["label"]))
    return [row for row in rows if row["register"] or row["ledger"]]


def _pulls(run: RunProof) -> dict[str, Any]:
    found = [
        {
            "label": pull.label,
            "amount": pull.amount,
            "on": str(pull.arrived_on) if pull.arrived_on else "",
            "ties": pull.ties,
        }
        for pull in run.pulls
    ]
    return {"run": f"{run.run.booked_on:%b} {run.run.booked_on.day}", "pulls": found}


# ---- accounts against statements -----------------------------------------------------------------------------------------


def _reconciliations(client: Client, month: Month) -> dict[str, Any]:
    positions = [bank_position.position(client, feed, month) for feed in bank_position.feeds(client)]
    rows = [
        {
            "account": str(one.feed.account),
            "statement": f"{one.feed.connection} ••{one.feed.mask}" if one.feed.mask else str(one.feed.connection),
            "balance": one.closing,
            "timing": sum(entry.amount for entry in one.outstanding) - one.bank_early,
            "books": one.book,
            "difference": one.difference,
        }
        for one in positions
    ]
    proofs = [
        proof
        for connection in processor_proof.connections(client)
        for proof in processor_proof.prove_all(client, connection, month)
    ]
    rows += [_clearing(proof) for proof in proofs]
    register = timing.register(client, month, positions=positions, processors=proofs)
    return {"reconciliations": rows, "timing": [_timing(row) for row in register]}


def _timing(row: timing.Timing) -> dict[str, Any]:
    return {
        "kind": timing.KINDS[row.kind],
        "account": row.area,
        "on": str(row.since),
        "what": row.label,
        "reason": row.reason,
        "expected": str(row.expected_on) if row.expected_on else "",
        "owner": row.owner.initials if row.owner else "",
        "days": row.age,
        "cleared": str(row.cleared_on) if row.cleared_on else "",
        "amount": row.amount,
    }


def _clearing(proof: ProcessorProof) -> dict[str, Any]:
    roll = proof.roll
    told = roll.closing if proof.no_balance and roll.reported is None else roll.reported
    return {
        "account": f"{proof.title} clearing",
        "statement": "Its own rows" if proof.no_balance else "Balance report",
        "balance": told,
        "timing": -roll.unsettled,
        "books": roll.ledger,
        "difference": None if told is None else roll.ledger + roll.unsettled - told,
        **({} if proof.is_home else {"currency": proof.currency}),
    }


def _open_items(client: Client, month: Month, kind: str) -> list[dict[str, Any]]:
    rows = proving.reported(client, kind, month.last)
    found = [{"party": row.name, "amount": row.amount_minor} for row in rows.values() if row.amount_minor]
    return sorted(found, key=lambda row: (-abs(row["amount"]), row["party"]))


def _fixed(client: Client, month: Month) -> list[dict[str, Any]]:
    """The month's exceptions that were settled, by cause: what, how, by whom, how much."""
    rows = (
        LedgerException.objects.filter(client=client, state="resolved", booked_on__range=(month.first, month.last))
        .select_related("resolved_by")
        .order_by("kind", "cause", "pk")
    )
    groups: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows:
        group = groups.setdefault(
            (row.kind, row.cause),
            {
                "what": f"{row.get_kind_display()}: {row.title}",
                "how": row.resolution,
                "by": "",
                "count": 0,
                "amount": 0,
            },
        )
        group["by"] = str(row.resolved_by) if row.resolved_by else "by itself"
        group["count"] += 1
        group["amount"] += row.amount_minor or 0
    return list(groups.values())


# ---- checks ------------------------------------------------------------------------------------------------------------------


def _checks(close: CloseRun) -> list[dict[str, Any]]:
    rows = list(CheckResult.objects.filter(close=close).order_by("check_id", "subject"))
    let = workflow.overrides_in_force(close)
    return [
        {"area": title, "checks": [_check(row, (row.check_id, row.subject) in let) for row in rows if row.area == area]}
        for area, title in AREAS.items()
        if any(row.area == area for row in rows)
    ]


def _check(row: CheckResult, is_let: bool) -> dict[str, Any]:
    return {
        "id": row.check_id,
        "title": row.title,
        "state": row.state,
        "word": "Overridden" if is_let and row.state != "pass" else STATES[row.state],
        "summary": row.summary,
        "unit": row.unit,
        "actual": row.actual,
        "expected": row.expected,
        "difference": row.difference,
        "on": _day(row.as_of or row.ran_at),
    }


def _overrides(close: CloseRun) -> list[dict[str, Any]]:
    return [
        {
            "check": row.check_id,
            "reason": row.reason,
            "asked_by": str(row.asked_by),
            "granted_by": str(row.granted_by),
            "on": _day(row.granted_at),
            "until": str(row.expires_on),
        }
        for row in _granted(close)
    ]


def _granted(close: CloseRun) -> Iterable[Any]:
    rows = close.overrides.filter(granted_by__isnull=False).select_related("asked_by", "granted_by")
    return rows.order_by("check_id", "subject")
