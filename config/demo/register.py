"""What the former bookkeeper kept on paper and the practice takes over: the register of assets, the year's insurance, a loan."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from clients.tenancy import client_context
from config.demo import work
from config.demo.progress import stage
from ledger import bank_position, corrections, posting, schedules, watching
from ledger.core.period import Month
from ledger.core.schedules import Terms
from ledger.models import Account, JournalEntry, JournalLine, Schedule
from ledger.schedule_drawing import Asked

if TYPE_CHECKING:
    from clients.models import Client
    from config.demo.cast import Cast

BEFORE, BOUGHT_ON = Month(2025, 12), date(2026, 1, 15)
#: The terminals bought on a note of their maker, paid back from July on; above these a bill is no expense.
TERMINALS_MINOR, ASSET_OVER_MINOR, PREPAID_OVER_MINOR = 600_000, 250_000, 250_000
NOTE = b"Note of the maker: four terminals, 6,000.00, without interest, twelve payments of 500.00 from July 31, 2026."


def take_over(client: Client, cast: Cast) -> None:
    """Enter the register, the insurance and the loan, each approved by the controller; finding them entered costs nothing."""
    with client_context(client.pk):
        if Schedule.objects.filter(client=client).exists():
            return
    with stage("take over assets, insurance, a loan") as line, client_context(client.pk):
        accounts = {account.name: account for account in Account.objects.filter(client=client)}
        _buy_terminals(client, cast, accounts)
        asked = [
            _fittings(client, accounts),
            _terminals(accounts),
            insurance(client, accounts),
            _loan(accounts),
        ]
        for each in asked:
            schedules.approve(schedules.add(client, each, by=cast.bookkeeper), by=cast.controller)
        watched = watching.suggested(client)
        watching.keep(client, asset=ASSET_OVER_MINOR, prepaid=PREPAID_OVER_MINOR, watched=watched, by=cast.bookkeeper)
        line.says(
            f"{len(asked)} schedules, a manual entry with its note, {len(watched)} accounts watched for large bills"
        )
    for _run in range(2):
        work.run(client, "refresh")  # sent in the first, met in the second


def _buy_terminals(client: Client, cast: Cast, accounts: dict[str, Account]) -> None:
    made = corrections.post_manual(
        client,
        booked_on=BOUGHT_ON,
        memo="Card terminals, on a note of their maker",
        reason="Bought on a note; no bank account moves before July.",
        lines=[
            posting.Line(accounts["Furniture and Equipment"].pk, TERMINALS_MINOR),
            posting.Line(accounts["Equipment Loan"].pk, 0, TERMINALS_MINOR),
        ],
        by=cast.bookkeeper,
        files=[("terminals-note.txt", NOTE)],
    )
    corrections.approve(JournalEntry.objects.select_related("client").get(pk=made), by=cast.controller)


def _fittings(client: Client, accounts: dict[str, Account]) -> Asked:
    """The shop's fittings as the books hold them at the cut-over, five years from July 2023."""
    cost, worn = accounts["Furniture and Equipment"], accounts["Accumulated Depreciation"]
    terms = Terms(
        kind="asset",
        method="straight-line",
        amount=bank_position.book_balance(client, cost.pk, BEFORE),
        starts_on=date(2023, 7, 1),
        months=60,
    )
    return Asked(
        terms=terms,
        name="Shop fittings",
        account=cost,
        counter_account=accounts["Depreciation"],
        contra_account=worn,
        added_on=BEFORE.first,
        before=-bank_position.book_balance(client, worn.pk, BEFORE),
        change=Schedule.Change.SPREAD,
        support="Asset register of the former bookkeeper",
    )


def _terminals(accounts: dict[str, Account]) -> Asked:
    return Asked(
        terms=Terms(kind="asset", method="straight-line", amount=TERMINALS_MINOR, starts_on=BOUGHT_ON, months=60),
        name="Card terminals",
        account=accounts["Furniture and Equipment"],
        counter_account=accounts["Depreciation"],
        contra_account=accounts["Accumulated Depreciation"],
        added_on=BOUGHT_ON,
        support="Note of the maker",
    )


def insurance(client: Client, accounts: dict[str, Account]) -> Asked:
    """The premium of the year, as its bill stands on the prepaid account."""
    held = accounts["Prepaid Expenses"]
    bill = JournalLine.objects.filter(client=client, account=held, booked_on__year=2026, debit_minor__gt=0)
    line = bill.select_related("entry").earliest("booked_on", "entry_id")
    terms = Terms(
        kind="prepaid",
        method="months",
        amount=line.debit_minor,
        starts_on=date(2026, 1, 1),
        ends_on=date(2026, 12, 31),
    )
    return Asked(
        terms=terms,
        name="Business insurance 2026",
        account=held,
        counter_account=accounts["Insurance"],
        added_on=line.booked_on,
        support=line.entry.memo[:300],
        source=(line.entry_id, line.no),
    )


def _loan(accounts: dict[str, Account]) -> Asked:
    terms = Terms(kind="loan", method="fixed-principal", amount=TERMINALS_MINOR, starts_on=date(2026, 7, 31), months=12)
    return Asked(
        terms=terms,
        name="Note for the card terminals",
        account=accounts["Equipment Loan"],
        counter_account=accounts["Bank Charges"],
        contra_account=accounts["Checking"],
        added_on=BOUGHT_ON,
        support="Note of the maker",
    )
