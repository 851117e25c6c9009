"""What must be true of a company's books after a perfect month end, computed from the world alone.

All amounts are integer cents. Balances are debit-positive. A month's `balance_minor` is what a trial balance at its
last day shows: profit-and-loss accounts run from 1 January, Retained Earnings carries the years before.
Month-end accruals are not in it; `accruals` says what they are built from.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING, Any

from integrations.sandbox.world import planted
from integrations.sandbox.world.accounts import profit_and_loss_names
from integrations.sandbox.world.calendar import (
    BOOK_CLOSE_DATE,
    CUT_OVER,
    FIRST_DAY,
    HORIZON,
    STORY_MONTHS,
    STORY_NOW,
    book_date,
    days_between,
    is_business_day,
    month_end,
    month_of,
    month_start,
)
from integrations.sandbox.world.systems import run_lines
from integrations.sandbox.world.told import untold

if TYPE_CHECKING:
    from collections.abc import Iterator

    from integrations.sandbox.world.company import CompanyWorld
    from integrations.sandbox.world.journal import Movement
    from integrations.sandbox.world.payroll import Run
    from integrations.sandbox.world.sales import Row
    from integrations.sandbox.world.told import Held

BANK_ACCOUNTS = ("Checking", "Savings", "Business Visa")
Facts = dict[str, Any]


def trial_balances(company: CompanyWorld) -> dict[str, dict[str, Facts]]:
    """Month → account → {debit_minor, credit_minor, balance_minor} of the perfect books."""
    names = [name for name, _, _ in company.chart]
    profit_and_loss = profit_and_loss_names(company.chart)
    balances = dict.fromkeys(names, 0)
    postings, position, found = company.postings, 0, {}
    for month in STORY_MONTHS:
        if month.endswith("-01"):
            for name in profit_and_loss:
                balances["Retained Earnings"] += balances[name]
                balances[name] = 0
        debits, credited = dict.fromkeys(names, 0), dict.fromkeys(names, 0)
        last = month_end(month)
        while position < len(postings) and postings[position].day <= last:
            posting = postings[position]
            side = debits if posting.amount_minor > 0 else credited
            side[posting.account] += abs(posting.amount_minor)
            balances[posting.account] += posting.amount_minor
            position += 1
        found[month] = {
            name: {"debit_minor": debits[name], "credit_minor": credited[name], "balance_minor": balances[name]}
            for name in names
        }
    return found


def to_book(company: CompanyWorld) -> dict[str, dict[str, int]]:
    """Month → account → net debit-positive cents the portal itself must bring into the books, from the cut-over on."""
    months: dict[str, dict[str, int]] = {}
    for posting in company.postings:
        if (
            posting.source != "qbo"
            and posting.day >= company.books_until
            and posting.day <= month_end(STORY_MONTHS[-1])
        ):
            accounts = months.setdefault(month_of(posting.day), {})
            accounts[posting.account] = accounts.get(posting.account, 0) + posting.amount_minor
    return months


def _categories(rows: list[Row]) -> dict[str, Facts]:
    found: dict[str, Facts] = {}
    for row in rows:
        facts = found.setdefault(row.category, {"count": 0, "amount_minor": 0, "fee_minor": 0, "net_minor": 0})
        facts["count"] += 1
        facts["amount_minor"] += row.amount_minor
        facts["fee_minor"] += row.fee_minor
        facts["net_minor"] += row.net_minor
    return found


def roll_forward(company: CompanyWorld) -> dict[str, Facts]:
    """Month → opening, net by reporting category (payouts apart) and closing balance of the processor."""
    by_month: dict[str, list[Row]] = {month: [] for month in STORY_MONTHS}
    for row in (*company.sales.rows, *(payout.row for payout in company.payouts)):
        by_month.setdefault(month_of(book_date(row.created)), []).append(row)
    balance, found = 0, {}
    for month in STORY_MONTHS:
        rows = by_month[month]
        payouts = sum(row.net_minor for row in rows if row.category == "payout")
        closing = balance + sum(row.net_minor for row in rows)
        found[month] = {
            "opening_minor": balance,
            "categories": _categories([row for row in rows if row.category != "payout"]),
            "payouts_minor": payouts,
            "closing_minor": closing,
        }
        balance = closing
    return found


def payout_facts(company: CompanyWorld) -> list[Facts]:
    return [
        {
            "id": payout.id,
            "amount_minor": payout.amount_minor,
            "sent": book_date(payout.created).isoformat(),
            "expected": payout.expected_on.isoformat(),
            "arrives": payout.arrives_on.isoformat(),
            "text": payout.bank_text,
            "rows": len(payout.row_ids),
        }
        for payout in company.payouts
    ]


def _run_facts(run: Run, agent: str) -> Facts:
    departments: dict[str, int] = {}
    for pay in run.pays:
        departments[pay.employee.department] = departments.get(pay.employee.department, 0) + pay.gross_minor
    return {
        "uuid": run.uuid,
        "off_cycle": run.off_cycle,
        "check_date": run.check_date.isoformat(),
        "debit_date": run.debit_date.isoformat(),
        "period": [run.period_start.isoformat(), run.period_end.isoformat()],
        "gross_minor": run.total_minor("gross_minor"),
        "net_minor": run.total_minor("net_minor"),
        "employee_taxes_minor": run.total_minor("employee_taxes_minor"),
        "employer_taxes_minor": run.total_minor("employer_taxes_minor"),
        "employee_benefits_minor": run.deducted_minor("benefit"),
        "company_benefits_minor": run.total_minor("company_benefits_minor"),
        "garnishments_minor": run.deducted_minor("garnishment"),
        "reimbursements_minor": run.total_minor("reimbursement_minor"),
        "wages_by_department_minor": departments,
        "journal_minor": {account: amount for account, amount in run_lines(run).items() if amount},
        "pulls": [
            {"text": f"{agent.upper()} NET PAY", "amount_minor": run.net_pull_minor},
            {"text": f"{agent.upper()} TAX", "amount_minor": run.tax_debit_minor},
        ],
    }


def payroll_facts(company: CompanyWorld) -> Facts:
    """Runs and contractor payments of whichever system pays the company's people."""
    payrolls = [("Gusto", company.payroll), *((slug, part.payroll) for slug, part in company.told.items())]
    return {
        "runs": [_run_facts(run, agent) for agent, payroll in payrolls for run in payroll.runs],
        "contractor_payments": [
            {
                "uuid": paid.uuid,
                "name": paid.name,
                "date": paid.paid_on.isoformat(),
                "debit_date": paid.debit_date.isoformat(),
                "amount_minor": paid.amount_minor,
            }
            for _, payroll in payrolls
            for paid in payroll.contractor_payments
        ],
    }


def booked_by(company: CompanyWorld, slug: str) -> dict[str, dict[str, int]]:
    """Month → account → net debit-positive cents of one told system's own postings."""
    months: dict[str, dict[str, int]] = {}
    for posting in company.postings:
        if posting.source == slug and posting.day <= month_end(STORY_MONTHS[-1]):
            accounts = months.setdefault(month_of(posting.day), {})
            accounts[posting.account] = accounts.get(posting.account, 0) + posting.amount_minor
    return months


def _held_facts(held: Held) -> Facts:
    return {
        "on": held.on.isoformat(),
        "name": held.name,
        "currency": held.currency,
        "amount_minor": held.amount_minor,
        "accounts": list(held.accounts),
        "books_minor": held.books_minor,
    }


def system_facts(company: CompanyWorld) -> dict[str, Facts]:
    """Told system → its duty, what it books by month, what it reports it holds, and what the mapping must say."""
    return {
        slug: {
            "duty": part.duty,
            "booked": booked_by(company, slug),
            "balances": [_held_facts(held) for held in part.balances],
            "mapping": [asdict(rule) for rule in part.mapping],
            "vendors": list(part.vendors),
            "customers": list(part.customers),
        }
        for slug, part in company.told.items()
    }


def statement_balances(company: CompanyWorld) -> Facts:
    """Per account: the statement's balance at each month end and each day, in the books' sign (card negative)."""
    opening = dict(company.cast.opening)
    found: Facts = {}
    for account in BANK_ACCOUNTS:
        by_day: dict[date, int] = {}
        for line in company.movements:
            if line.account == account:
                by_day[line.posted_on] = by_day.get(line.posted_on, 0) + line.amount_minor
        balance, days = opening[account], {}
        for day in days_between(FIRST_DAY, HORIZON):
            balance += by_day.get(day, 0)
            days[day.isoformat()] = balance
        found[account] = {"months": {month: days[month_end(month).isoformat()] for month in STORY_MONTHS}, "days": days}
    return found


def _open_item(line: Movement) -> Facts:
    return {
        "key": line.key,
        "account": line.account,
        "check_number": line.check_number,
        "amount_minor": line.amount_minor,
        "booked": line.booked_on.isoformat(),
        "posts": line.posted_on.isoformat(),
    }


def open_items(company: CompanyWorld) -> dict[str, Facts]:
    """Month → outstanding cheques and every other line booked but not yet on the statement at its last day."""
    found = {}
    for month in STORY_MONTHS:
        last = month_end(month)
        waiting = [line for line in company.movements if line.booked_on <= last < line.posted_on]
        found[month] = {
            "outstanding_checks": [_open_item(line) for line in waiting if line.check_number],
            "other": [_open_item(line) for line in waiting if not line.check_number],
        }
    return found


def _occurrences(company: CompanyWorld) -> Iterator[tuple[str, date]]:
    for row in (*company.sales.rows, *(payout.row for payout in company.payouts)):
        yield "stripe.balance_transactions", book_date(row.created)
    yield from (("stripe.charges", book_date(charge.created)) for charge in company.sales.charges)
    yield from (("stripe.refunds", book_date(refund.created)) for refund in company.sales.refunds)
    yield from (("stripe.payouts", book_date(payout.created)) for payout in company.payouts)
    yield from (("gusto.payrolls", run.check_date) for run in company.payroll.runs)
    yield from (("gusto.contractor_payments", paid.paid_on) for paid in company.payroll.contractor_payments)
    for slug, part in company.told.items():
        yield from ((f"{slug}.{stream}", day) for stream, day in part.seen)
    for line in company.movements:
        if line.posted_on <= HORIZON:
            yield f"plaid.{line.account}", line.posted_on
    for document in company.documents:
        yield f"qbo.{document.kind}", date.fromisoformat(document.body["TxnDate"])


def counts(company: CompanyWorld) -> dict[str, dict[str, int]]:
    """Number of objects by stream and month, April's first days included."""
    found: dict[str, dict[str, int]] = {}
    for stream, day in _occurrences(company):
        months = found.setdefault(stream, {})
        months[month_of(day)] = months.get(month_of(day), 0) + 1
    return found


def accruals(company: CompanyWorld) -> dict[str, Facts]:
    """Month → what month-end accruals rest on: depreciation, insurance used up, days worked but unpaid."""
    cast, found = company.cast, {}
    regular = [run for run in company.payroll.runs if not run.off_cycle]
    for month in STORY_MONTHS:
        last = month_end(month)
        facts: Facts = {
            "depreciation_minor": cast.depreciation_minor,
            "insurance_minor": cast.insurance_minor // 12,
            "already_booked": last < company.books_until,
        }
        if regular:
            paid = max((run for run in regular if run.check_date <= last), key=lambda run: run.check_date)
            unpaid = days_between(paid.period_end, last)[1:]
            facts["unpaid_work"] = {
                "from": (paid.period_end).isoformat(),
                "to": last.isoformat(),
                "working_days": sum(1 for day in unpaid if day.weekday() < 5),
                "last_run": paid.uuid,
                "last_run_gross_minor": paid.total_minor("gross_minor"),
                "last_run_working_days": 10,
            }
        found[month] = facts
    return found


def fault_facts(company: CompanyWorld) -> list[Facts]:
    return [
        {
            "id": fault.id,
            "month": fault.month,
            "amount_minor": fault.amount_minor,
            "objects": list(fault.objects),
            "needs_action": fault.needs_action or None,
        }
        for fault in company.faults
    ]


def truth_of(company: CompanyWorld) -> Facts:
    """The whole truth as JSON-ready data (served at `/_control/truth/<slug>`)."""
    return {
        "company": company.cast.slug,
        "stack": list(company.cast.systems),
        "name": company.cast.name,
        "realm": company.cast.realm,
        "stripe_account": company.cast.stripe_account,
        "currency": "USD",
        "cut_over": CUT_OVER.isoformat() if company.cast.runs_cut_over else None,
        "book_close_date": BOOK_CLOSE_DATE.isoformat() if company.cast.runs_cut_over else None,
        "now": STORY_NOW.isoformat(),
        "horizon": HORIZON.isoformat(),
        "feed_visible_through": planted.FEED_VISIBLE_THROUGH.isoformat() if company.cast.catering_account else None,
        "business_days": {
            month: sum(is_business_day(day) for day in days_between(month_start(month), month_end(month)))
            for month in STORY_MONTHS
        },
        "months": trial_balances(company),
        "to_book": to_book(company),
        "processor": roll_forward(company),
        "payouts": payout_facts(company),
        "payroll": payroll_facts(company),
        "systems": system_facts(company),
        "untold": sorted(untold(company.cast)),
        "bank": statement_balances(company),
        "open_items": open_items(company),
        "counts": counts(company),
        "accruals": accruals(company),
        "faults": fault_facts(company),
    }
