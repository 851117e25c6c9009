"""One month of one client, from open to sealed: checked, explained, prepared by one person, signed by another."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from clients.tenancy import client_context
from closeout import signoff, workflow
from closeout.models import CheckResult, CloseRun, Package, Seal
from config.demo import work
from config.demo.progress import stage
from ledger import accruals, bank_position, finishing

if TYPE_CHECKING:
    from clients.models import Client
    from config.demo.cast import Cast
    from ledger.core.period import Month

NOTE = (
    "Every account was reconciled and every payroll run tied to the ledger. Sales and costs moved with the season; "
    "nothing needs your decision this month."
)


def close_month(client: Client, cast: Cast, month: Month) -> bool:
    """Close a month; True once it is sealed with its package. Finding it closed costs nothing."""
    with client_context(client.pk):
        close = CloseRun.objects.filter(client=client, month=month.first).first()
        if close is not None and Package.objects.filter(seal__close=close).exists():
            return True
    if close is not None and close.state == CloseRun.State.SIGNED:
        with stage(f"{month.label}: seal, package") as line:
            line.says(packaged(client, month, cast))
        return True
    accrue(client, cast, month)
    with stage(f"{month.label}: check") as line:
        check(client, cast, month)
        proven, total = counts(client, month)
        line.says(f"{proven} of {total} checks proven")
    if not prepared(client, cast, month):
        return False
    with stage(f"{month.label}: sign, lock, seal, package") as line:
        line.says(sign(client, cast, month))
    return True


def accrue(client: Client, cast: Cast, month: Month) -> None:
    """The month's last working days, which a run pays that nobody knows yet, are accrued as the last run paid them."""
    with client_context(client.pk):
        unknown = [one for one in accruals.unpaid(client, month) if one.estimate]
        if all(accruals.is_estimated(one, month) for one in unknown):
            return
        with stage(f"{month.label}: accrue") as line:
            accruals.estimate(client, month, by=cast.bookkeeper)
            line.says("the last days' pay, as in the run before")
    work.run(client, "refresh")


def check(client: Client, cast: Cast, month: Month) -> None:
    """Open the month and run every check through the worker, once what the clock began meanwhile is done."""
    work.quiet(client)
    with client_context(client.pk):
        close = workflow.open_close(client, month, by=cast.bookkeeper)
    work.run(client, "checks", close=close.pk)


def counts(client: Client, month: Month) -> tuple[int, int]:
    """(proven, all that apply) of the checks that a preparer can settle."""
    with client_context(client.pk):
        rows = CheckResult.objects.filter(close__client=client, close__month=month.first)
        rows = rows.exclude(state="not_applicable").exclude(check_id__in=["K49", "K50"])
        return rows.filter(state="pass").count(), rows.count()


def prepared(client: Client, cast: Cast, month: Month) -> bool:
    """The bookkeeper's part: explain what moved, write the note, tick the tasks, hand over. False if something else is open."""
    work.quiet(client)
    with stage(f"{month.label}: explain, hand over") as line, client_context(client.pk):
        close = workflow.open_close(client, month, by=cast.bookkeeper)
        finish_reconciliations(client, cast, month)
        explained = explain_variances(close, cast)
        workflow.run_checks(close)
        open_checks = workflow.blockers(close)
        if open_checks:
            line.says(f"{len(open_checks)} checks are open: {', '.join(sorted({row.check_id for row in open_checks}))}")
            return False
        workflow.write_note(close, NOTE, by=cast.bookkeeper)
        for task in workflow.open_tasks(close):
            workflow.tick(task, by=cast.bookkeeper, done=True)
        if close.state != CloseRun.State.PREPARED:
            workflow.prepare(close, by=cast.bookkeeper)
        line.says(f"{explained} variances explained, prepared by {cast.bookkeeper}")
        return True


def finish_reconciliations(client: Client, cast: Cast, month: Month) -> None:
    """Mark each bank account's month as prepared that agrees; what does not is an open check."""
    for feed in bank_position.feeds(client):
        position = bank_position.position(client, feed, month)
        is_finished = bool(position.statement and position.statement.finished_at)
        if not is_finished and not finishing.against_finishing(position):
            finishing.finish(client, feed, month, by=cast.bookkeeper)


def explain_variances(close: CloseRun, cast: Cast) -> int:
    """Write a sentence for every variance over the limit; gives how many."""
    row = CheckResult.objects.get(close=close, check_id="K42")
    for item in row.items:
        if item["is_open"]:
            direction = "more" if (item["amount"] or 0) > 0 else "less"
            text = f"Seasonal: {direction} activity, agreed with the sales and payroll reports of the month."
            workflow.explain(close, "K42", item["key"], amount=item["amount"], text=text, by=cast.bookkeeper)
    return len(row.items)


def sign(client: Client, cast: Cast, month: Month) -> str:
    """The controller's part; gives the seal's code and what the package holds.

    A record that an hourly reading just brought and that is not booked yet is no record handled (K02).
    """
    work.quiet(client)
    with client_context(client.pk):
        close = CloseRun.objects.get(client=client, month=month.first)
        workflow.run_checks(close)
        shown = signoff.shown(close)
        signoff.sign(close, by=cast.controller, shown_sha256=shown, factor="totp", factor_at=datetime.now(UTC))
    return packaged(client, month, cast)


def packaged(client: Client, month: Month, cast: Cast) -> str:
    """Wait for the jobs that a signature began; gives what they made."""
    work.quiet(client)
    with client_context(client.pk):
        seal = Seal.objects.filter(client=client, close__month=month.first).order_by("-number").first()
        package = Package.objects.filter(seal=seal).first()
        if seal is None or package is None:
            raise work.JobFailed(f"{client.slug} {month} was signed, but there is no sealed package")
        return f"seal {seal.code}, {package.pages} pages, signed by {cast.controller}"
