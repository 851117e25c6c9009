"""The faults planted in Quillfeather's March 2026, and what each one must be found to be."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from integrations.sandbox.world import documents
from integrations.sandbox.world.accounts import wages_account
from integrations.sandbox.world.calendar import HORIZON
from integrations.sandbox.world.journal import Event
from integrations.sandbox.world.payouts import LATE_PAYOUT_SENT
from integrations.sandbox.world.sales import CATERING
from integrations.sandbox.world.systems import run_lines
from integrations.sandbox.world.trade import bill_event, bill_payment_event

if TYPE_CHECKING:
    from integrations.sandbox.world.documents import SeedDocument
    from integrations.sandbox.world.payouts import Payout
    from integrations.sandbox.world.payroll import Payroll, Run
    from integrations.sandbox.world.sales import Sales

DOUBLE_CHARGE_MINOR = 61200
DOUBLE_VENDOR = "Cobalt Espresso Service"
HAND_PAYROLL_CHECK_DATE = date(2026, 3, 13)
HAND_PAYROLL_ERROR_MINOR = 4218
HAND_PAYROLL_DEPARTMENT = "Roastery"
OLD_ENTRY_KEY = "rent-2026-02"
OLD_ENTRY_NEW_MINOR = 1185000
FEED_VISIBLE_THROUGH = date(2026, 3, 20)
#: The vendor of the doubled charge stands in the list under this name too.
NEAR_VENDOR = "Cobalt Espresso Services"
#: The month's move into savings, that the bank shows on either account and nobody entered.
UNENTERED_TRANSFER = "savings-2026-03"
LATE_CHEQUE_MINOR = 18640
INACTIVE_ACCOUNT = "Professional Fees"
_TRIAL_IMPORTS = ((date(2026, 3, 24), 1240), (date(2026, 3, 25), 1875), (date(2026, 3, 26), 2310))


@dataclass(frozen=True, slots=True)
class Fault:
    """`objects` are ids in the systems or keys of seed documents; `needs_action` faults come by a control action."""

    id: str
    amount_minor: int
    objects: tuple[str, ...]
    month: str = "2026-03"
    needs_action: str = ""


def double_charge() -> tuple[list[Event], SeedDocument]:
    """The rightful bill with its payment, and the purchase somebody added once more from the bank feed."""
    day, paid = date(2026, 3, 9), date(2026, 3, 17)
    account, amount, vendor = "Repairs and Maintenance", DOUBLE_CHARGE_MINOR, DOUBLE_VENDOR
    events = [
        bill_event(
            key="bill-cobalt",
            vendor=vendor,
            day=day,
            due=date(2026, 3, 24),
            number="CES-4471",
            account=account,
            amount=amount,
            text="Grinder and boiler service",
        ),
        bill_payment_event(
            key="paid-cobalt",
            vendor=vendor,
            day=paid,
            bill_key="bill-cobalt",
            amount=amount,
            check="",
            text="COBALT ESPRESSO SERVICE",
            clears=date(2026, 3, 18),
        ),
    ]
    twice = documents.purchase(
        "double-cobalt",
        date(2026, 3, 18),
        paid_from="Checking",
        kind="Cash",
        vendor=vendor,
        lines=[documents.expense_line(account, amount, "COBALT ESPRESSO SERVICE")],
        note="Added from bank feed",
    )
    return events, twice


def not_entered(event: Event) -> Event:
    """The move into savings as only the bank knows it: taken out and paid in over the counter; any other event as it is."""
    if all(movement.key != UNENTERED_TRANSFER for movement in event.movements):
        return event
    taken, paid_in = event.movements
    return Event(
        (), event.postings, (replace(taken, text="COUNTER WITHDRAWAL"), replace(paid_in, text="COUNTER DEPOSIT"))
    )


def late_cheque() -> SeedDocument:
    """A cheque of February that was entered after the month was signed; the bank has not paid it."""
    line = documents.expense_line("Utilities", LATE_CHEQUE_MINOR, "Meter reading")
    return documents.purchase(
        "late-cheque",
        date(2026, 2, 26),
        paid_from="Checking",
        kind="Check",
        vendor="Tidewater Energy",
        lines=[line],
        number="2399",
    )


def trial_imports() -> list[SeedDocument]:
    """What an app that somebody tries out brings from the processor: its trial entries come to nil."""
    return [
        documents.journal_entry(
            f"trial-import-{day}",
            day,
            [("Stripe Clearing", amount, "Trial import"), ("Stripe Clearing", -amount, "Trial import, taken back")],
            note="Imported from Stripe by LedgerHop, trial run",
        )
        for day, amount in _TRIAL_IMPORTS
    ]


def hand_payroll(run: Run) -> SeedDocument:
    """The run of 13 March typed by hand: one department's wages and the net pay too low by the same."""
    lines = run_lines(run)
    lines[wages_account(HAND_PAYROLL_DEPARTMENT)] -= HAND_PAYROLL_ERROR_MINOR
    lines["Payroll Clearing"] += HAND_PAYROLL_ERROR_MINOR
    typed = [(account, amount, "Payroll 3/13") for account, amount in lines.items()]
    return documents.journal_entry("hand-payroll", run.check_date, typed, note="Payroll 3/13")


def run_on(payroll: Payroll, check_date: date) -> Run:
    return next(run for run in payroll.runs if run.check_date == check_date)


def planted_faults(
    sales: Sales, payouts: tuple[Payout, ...], payroll: Payroll, *, fee: int, rent: int, saving: int
) -> list[Fault]:
    catering = tuple(charge.id for charge in sales.charges if charge.channel == "catering")
    late = next(payout for payout in payouts if payout.expected_on != payout.arrives_on)
    assert late.row.created.date() == LATE_PAYOUT_SENT
    run = run_on(payroll, HAND_PAYROLL_CHECK_DATE)
    return [
        Fault("double_charge", DOUBLE_CHARGE_MINOR, ("bill-cobalt", "paid-cobalt", "double-cobalt")),
        Fault("unmapped_category", sum(amount for _, amount in CATERING), catering),
        Fault("hand_payroll", HAND_PAYROLL_ERROR_MINOR, ("hand-payroll", run.uuid)),
        Fault("missing_bank_fee", fee, ("fee-2026-03",)),
        Fault("payout_in_transit", late.amount_minor, (late.id,)),
        Fault("edited_old_entry", OLD_ENTRY_NEW_MINOR - rent, (OLD_ENTRY_KEY,), "2026-02", "edit-old-entry"),
        Fault("expired_login", 0, (FEED_VISIBLE_THROUGH.isoformat(), HORIZON.isoformat()), "2026-03", "expire-login"),
        Fault("near_equal_names", 0, (DOUBLE_VENDOR, NEAR_VENDOR)),
        Fault("unentered_transfer", saving, (UNENTERED_TRANSFER,)),
        Fault("late_cheque", LATE_CHEQUE_MINOR, ("late-cheque",), "2026-02", "late-cheque"),
        Fault("second_route", 0, ("stripe",), "2026-03", "other-route"),
        Fault("inactive_account", 0, (INACTIVE_ACCOUNT,), "2026-03", f"deactivate:Account:{INACTIVE_ACCOUNT}"),
    ]
