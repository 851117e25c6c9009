"""What goes wrong in Quillfeather's March after February was signed, and what each fault must be named by."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from clients.tenancy import client_context
from closeout.models import CheckResult
from config.demo import consent, register, truth, work
from config.demo.progress import stage
from integrations.models import Connection
from ledger import bank_position, corrections, damage, names, posting, routes, schedules
from ledger.models import Account, ChangedAfterClose, LedgerException, Schedule

if TYPE_CHECKING:
    from collections.abc import Callable

    from clients.models import Client
    from config.demo.cast import Cast
    from ledger.core.period import Month

#: What the practice's own part of the faults is worth.
REVIEW_MINOR, REVIEW_ON = 36_000, date(2026, 3, 30)
REVIEW_ACCOUNT, REVIEWER = "Professional Fees", "Hollis and Finch CPA"
#: Planted fault → the check that must name it.
BY_CHECK = {
    "double_charge": "K04",
    "unmapped_category": "K03",
    "hand_payroll": "K16",
    "missing_bank_fee": "K06",
    "payout_in_transit": "K13",
    "edited_old_entry": "K48",
    "late_cheque": "K48",
    "expired_login": "K01",
    "unentered_transfer": "K08",
    "subledger_difference": "K24",
    "schedule_not_booked": "K30",
}


@dataclass(frozen=True, slots=True)
class Naming:
    """A fault beside where it is named. ``amount_minor`` None where it has none; ``said`` is '' where nothing names it."""

    fault: str
    amount_minor: int | None
    where: str
    said: str


def plant(client: Client, cast: Cast) -> None:
    """The practice writes an entry and a schedule; then people, an app and the bank do what they do."""
    with client_context(client.pk):
        if ChangedAfterClose.objects.filter(client=client).exists():
            return
    with stage("something happens: edits, a late cheque, an app, a lost login") as line:
        for happens in ("edit-old-entry", "late-cheque", "other-route", f"deactivate:Account:{REVIEW_ACCOUNT}"):
            truth.act(client, happens, provider="quickbooks-online")
        with client_context(client.pk):
            _write_by_hand(client, cast)
        truth.act(client, "expire-login", provider="plaid")
        for slug in ("quickbooks-online", "plaid"):
            connection = consent.connection(client, slug)
            assert connection is not None
            work.queue(client, "sync", connection=connection)
        work.quiet(client)
        work.run(client, "refresh")
        work.run(client, routes.KIND)
        broken = consent.connection(client, "plaid")
        assert broken is not None
        line.says(f"bank login: {Connection.State(broken.state).label.lower()}")


def _write_by_hand(client: Client, cast: Cast) -> None:
    """A cost whose bill is still to come, on an account that is inactive there by now; and the year's insurance, that
    waits for the controller.
    """
    accounts = {account.name: account for account in Account.objects.filter(client=client)}
    corrections.post_manual(
        client,
        booked_on=REVIEW_ON,
        memo="Review of the year, its bill to follow",
        reason="The work was done in March.",
        lines=[
            posting.Line(accounts[REVIEW_ACCOUNT].pk, REVIEW_MINOR),
            posting.Line(accounts["Accounts Payable"].pk, 0, REVIEW_MINOR, party=REVIEWER),
        ],
        by=cast.bookkeeper,
    )
    schedules.add(client, register.insurance(client, accounts), by=cast.bookkeeper)


def named(client: Client, month: Month) -> list[Naming]:
    """Every planted fault with what names it: a check of the month, a row of the inbox, or a page. In the client's context."""
    amounts = _amounts(client)
    rows = (
        CheckResult.objects.filter(close__client=client, close__month=month.first).exclude(state="pass").order_by("-pk")
    )
    open_checks = {row.check_id: row for row in rows}
    found = []
    for fault, check in BY_CHECK.items():
        row = open_checks.get(check)
        found.append(Naming(fault, amounts.get(fault), check, _said(row, fault) if row else ""))
    for fault, (where, said) in _ELSEWHERE.items():
        found.append(Naming(fault, amounts.get(fault), where, said(client, month)))
    return found


def _amounts(client: Client) -> dict[str, int]:
    told: dict[str, Any] = {fault["id"]: fault["amount_minor"] for fault in truth.read(client)["faults"]}
    waiting = Schedule.objects.filter(client=client, needs_approval=True, approved_by__isnull=True).first()
    own = {"subledger_difference": REVIEW_MINOR, "inactive_account": REVIEW_MINOR}
    return told | own | ({"schedule_not_booked": waiting.amount_minor} if waiting else {})


def _said(row: CheckResult, fault: str) -> str:
    """The check's own words; of the two changes to signed months, the item of each."""
    if row.check_id != "K48":
        return row.summary
    kind = "added" if fault == "late_cheque" else "changed"
    return next((item["label"] for item in row.items if item["is_open"] and f"was {kind}" in item["label"]), "")


def _inactive(client: Client, _month: Month) -> str:
    row = LedgerException.objects.filter(
        client=client, kind="refused", state="open", detail__has_key="inactive"
    ).first()
    return row.title if row else ""


def _second_route(client: Client, _month: Month) -> str:
    row = LedgerException.objects.filter(client=client, kind="overlap", state="open", detail__has_key="route").first()
    return row.title if row else ""


def _near_names(client: Client, _month: Month) -> str:
    found = names.proposals(client)
    return f"{found[0].first} and {found[0].second} may be one" if found else ""


def _damaged(client: Client, month: Month) -> str:
    """What the finished reconciliations of the month before say has changed since."""
    for feed in bank_position.feeds(client):
        for change in damage.since_finished(bank_position.position(client, feed, month.previous)):
            return f"{feed}, {month.previous.label}: {change.what.lower()}, {change.label}, {change.who}"
    return ""


_ELSEWHERE: dict[str, tuple[str, Callable[[Client, Month], str]]] = {
    "inactive_account": ("inbox", _inactive),
    "second_route": ("inbox", _second_route),
    "near_equal_names": ("names", _near_names),
    "damaged_reconciliation": ("bank", _damaged),
}
