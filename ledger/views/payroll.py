"""Payroll proven for a month: register = ledger by category and run, pulls = bank, liabilities roll forward."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from clients.access import Right, classified, client_or_404, membership_of
from integrations.models import Fact
from integrations.records import PayrollRun
from integrations.records_json import from_json
from ledger import accruals, payroll_bridge, payroll_proof, settling
from ledger.core import roles
from ledger.models import Account, JournalEntry
from ledger.posting import PostingError
from ledger.views import framing
from ledger.views.framing import may, month_or_404, plain, send_soon, spreadsheet

if TYPE_CHECKING:
    from collections.abc import Iterable

    from clients.models import Client
    from ledger.payroll_proof import PayrollProof, RegisterLine

#: Bands of the table: heading and the labels of the roles it takes; what is in none is a liability.
BANDS = (
    ("Earnings", ("wages",)),
    ("Employer taxes", ("er-tax-expense",)),
    ("Benefits and reimbursements", ("benefit-expense", "expense")),
    ("Contractors and draws", ("contractor-expense", "owner-draw")),
    ("Withheld from employees", ("ee-tax-payable", "deductions-payable", "garnishment-payable")),
    ("Employer taxes owed", ("er-tax-payable",)),
    ("Benefits owed", ("benefit-payable",)),
)
#: Bands that say the role, so that their lines say only the tax, benefit or deduction.
NAMED_BANDS = ("Withheld from employees", "Employer taxes owed", "Benefits owed")
OWED = "Paid out"
NOT_THERE = "Only in the ledger"


@classified(Right.VIEW_DRAFTS)
def index(request: HttpRequest, slug: str, month: str) -> HttpResponse:
    """The whole proof of a month; ``show=differences`` leaves out what ties, ``format=csv`` gives the lines."""
    client = client_or_404(request, slug, right=Right.VIEW_DRAFTS)
    of = month_or_404(request, month)
    proof = payroll_proof.prove(client, of)
    accounts = Account.objects.filter(client=client).in_bulk(
        {line.account_id for run in proof.runs for line in run.lines if line.account_id}
    )
    rows = _rows(proof, accounts)
    if request.GET.get("format") == "csv":
        return _csv(client, proof, rows)
    only = request.GET.get("show") == "differences"
    page = {
        "client": client,
        "month": of,
        "proof": proof,
        "only": only,
        "bands": _bands([row for row in rows if only is False or row["off"]]),
        "totals": _totals(proof, rows),
        "ties_on": proof.total_lines - proof.differing,
        "off_by": max((run.off_by for run in proof.runs), default=0),
        "pulls_tie": all(bool(pull.ties) for run in proof.runs for pull in run.pulls),
        "owed_ties": all(bool(row.ties) for row in proof.liabilities),
        "register_ties": not proof.differing and all(run.is_booked_once and not run.problem for run in proof.runs),
        "pull_rows": [(run, pull) for run in proof.runs for pull in run.pulls],
        "hand": [run for run in proof.runs if run.other_id],
        "problems": [run for run in proof.runs if run.problem],
        "bridge": payroll_bridge.bridge(client, of, proof) if proof.runs else None,
        "width": 3 * (len(proof.runs) + (len(proof.runs) > 1)) + 3,
        "period": framing.period(client, of, "ledger:payroll"),
        "may_prepare": may(request, Right.PREPARE),
        "may_see_people": may(request, Right.VIEW_PAYROLL),
        "is_connected": bool(payroll_proof.connections(client)),
        "estimates": [
            one for one in accruals.unpaid(client, of) if one.estimate and not accruals.is_estimated(one, of)
        ],
    }
    return render(request, "ledger/payroll.html", page)


@classified(Right.VIEW_PAYROLL)
def people(request: HttpRequest, slug: str, month: str, pk: int) -> HttpResponse:
    """One run by employee; only for those who may see payroll detail."""
    client = client_or_404(request, slug, right=Right.VIEW_PAYROLL)
    of, fact = month_or_404(request, month), _run_or_404(client, pk)
    run = from_json(fact.kind, fact.data)
    assert isinstance(run, PayrollRun)
    rows: list[dict[str, Any]] = [
        {
            "slip": slip,
            "gross": _sum(slip.earnings),
            "taxes": _sum(slip.employee_taxes),
            "deductions": _sum(slip.deductions),
            "reimbursed": _sum(slip.reimbursements),
            "employer": _sum(slip.employer_taxes) + _sum(slip.contributions),
        }
        for slip in run.payslips
    ]
    totals = {
        name: sum(row[name] for row in rows) for name in ("gross", "taxes", "deductions", "reimbursed", "employer")
    }
    page = {
        "client": client,
        "month": of,
        "run": run,
        "fact": fact,
        "rows": rows,
        "totals": totals,
        "net": sum(slip.net_pay for slip in run.payslips),
    }
    return render(request, "ledger/payroll_people.html", page)


@classified(Right.PREPARE, methods=("POST",))
def correct(request: HttpRequest, slug: str, month: str, pk: int) -> HttpResponse:
    """Reverse the entry somebody typed for this run, and book the register."""
    client = client_or_404(request, slug, right=Right.PREPARE)
    of, fact = month_or_404(request, month), _run_or_404(client, pk)
    proof = next((run for run in payroll_proof.prove(client, of).runs if run.fact.pk == fact.pk), None)
    other = JournalEntry.objects.filter(client=client, pk=proof.other_id).first() if proof and proof.other_id else None
    if other is None:
        raise Http404
    try:
        messages.success(request, settling.take_register_instead(client, fact, other, by=membership_of(request).user))
    except settling.SettlingError as refusal:
        messages.error(request, str(refusal))
    return redirect("ledger:payroll", slug=slug, month=str(of))


@classified(Right.PREPARE, methods=("POST",))
def accrue(request: HttpRequest, slug: str, month: str) -> HttpResponse:
    """Accrue the days that no run is known for as the last run paid them; the run takes its place once it is known."""
    client = client_or_404(request, slug, right=Right.PREPARE)
    of = month_or_404(request, month)
    try:
        accruals.estimate(client, of, by=membership_of(request).user)
    except (accruals.AccrualError, PostingError) as refusal:
        messages.error(request, str(refusal))
    else:
        send_soon(client)
        messages.success(request, f"Accrued at {of.last:%B} {of.last.day}, and reversed the day after.")
    return redirect("ledger:payroll", slug=slug, month=str(of))


# ---- the table -----------------------------------------------------------------------------------------------------------


def _rows(proof: PayrollProof, accounts: dict[int, Account]) -> list[dict[str, Any]]:
    """One row a category (label, department, account) with a cell for each run."""
    places: dict[tuple[str, str, int | None], dict[int, RegisterLine]] = {}
    for at, run in enumerate(proof.runs):
        for line in run.lines:
            places.setdefault((line.label, line.department, line.account_id), {})[at] = line
    rows = []
    for (label, department, account), cells in places.items():
        register, ledger = sum(line.register for line in cells.values()), sum(line.ledger for line in cells.values())
        rows.append(
            {
                "label": label,
                "department": department,
                "account": accounts.get(account or 0),
                "register": register,
                "ledger": ledger,
                "difference": ledger - register,
                "off": any(line.difference for line in cells.values()),
                "band": (band := _band(label)),
                "said": label.partition(" · ")[2] or label if band in NAMED_BANDS else label,
                "cells": [(run, cells.get(at)) for at, run in enumerate(proof.runs)],
                "wrong": [
                    (run, cells[at]) for at, run in enumerate(proof.runs) if at in cells and cells[at].difference
                ],
            }
        )
    return rows


def _band(label: str) -> str:
    if label == "Not in the register":
        return NOT_THERE
    for title, slugs in BANDS:
        if any(label == roles.label(slug) or label.startswith(f"{roles.label(slug)} ·") for slug in slugs):
            return title
    return OWED


def _bands(rows: Iterable[dict[str, Any]]) -> list[tuple[str, list[dict[str, Any]]]]:
    bands: dict[str, list[dict[str, Any]]] = {title: [] for title in (*(title for title, _ in BANDS), OWED, NOT_THERE)}
    for row in rows:
        bands[row["band"]].append(row)
    return [(title, found) for title, found in bands.items() if found]


def _totals(proof: PayrollProof, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Debits of the register and of the ledger, by run and for the month."""
    runs = [
        (run, sum(max(line.register, 0) for line in run.lines), sum(max(line.ledger, 0) for line in run.lines))
        for run in proof.runs
    ]
    return {
        "runs": runs,
        "register": sum(one[1] for one in runs),
        "ledger": sum(one[2] for one in runs),
        "rows": len(rows),
    }


def _csv(client: Client, proof: PayrollProof, rows: list[dict[str, Any]]) -> HttpResponse:
    head = ["category", "department", "account", "run", "register", "ledger", "difference"]
    lines = [
        (
            row["label"],
            row["department"],
            row["account"] or "",
            run.run.external_id,
            plain(cell.register),
            plain(cell.ledger),
            plain(cell.difference),
        )
        for row in rows
        for run, cell in row["cells"]
        if cell
    ]
    return spreadsheet(f"payroll-{client.slug}-{proof.month}", head, lines)


def _sum(items: Iterable[Any]) -> int:
    return sum(item.amount for item in items)


def _run_or_404(client: Client, pk: int) -> Fact:
    fact = (
        Fact.objects.filter(client=client, pk=pk, kind="PayrollRun")
        .exclude(state="superseded")
        .select_related("connection", "document")
        .first()
    )
    if fact is None:
        raise Http404
    return fact
