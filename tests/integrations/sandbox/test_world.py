"""The world is consistent with itself: every identity a bookkeeper would check holds to the cent."""

from __future__ import annotations

from collections import defaultdict
from datetime import date

import pytest

from integrations.sandbox.world import CUT_OVER, books, build_world, planted
from integrations.sandbox.world.calendar import HORIZON, STORY_MONTHS, book_date, month_end, previous_business_day
from integrations.sandbox.world.cast import BRAMBLING
from integrations.sandbox.world.company import company_of
from integrations.sandbox.world.truth import trial_balances, truth_of

SLUGS = ("kestrel", "quillfeather", "brambling")
BANKS = ("Checking", "Savings", "Business Visa")


@pytest.fixture(scope="module")
def world():
    return build_world(7)


@pytest.fixture(scope="module")
def truths(world):
    return {slug: truth_of(company) for slug, company in world.companies.items()}


def cents(amount):
    return int(amount * 100)


def posted(document, items):
    """(account, debit-positive cents) of a seed document, read the way QuickBooks posts it."""
    body, kind = document.body, document.kind
    named = lambda holder: holder["ref"].partition(":")[2]  # noqa: E731
    total = sum(cents(line["Amount"]) for line in body.get("Line", ()))
    if kind == "JournalEntry":
        for line in body["Line"]:
            detail = line["JournalEntryLineDetail"]
            sign = 1 if detail["PostingType"] == "Debit" else -1
            yield named(detail["AccountRef"]), sign * cents(line["Amount"])
    elif kind in {"Bill", "Purchase"}:
        for line in body["Line"]:
            yield named(line["AccountBasedExpenseLineDetail"]["AccountRef"]), cents(line["Amount"])
        yield "Accounts Payable" if kind == "Bill" else named(body["AccountRef"]), -total
    elif kind == "BillPayment":
        yield from (("Accounts Payable", total), (named(body["CheckPayment"]["BankAccountRef"]), -total))
    elif kind == "Invoice":
        yield from (("Accounts Receivable", total), ("Wholesale Sales", -total))
    elif kind == "Payment":
        yield from (("Undeposited Funds", total), ("Accounts Receivable", -total))
    elif kind == "Deposit":
        yield named(body["DepositToAccountRef"]), total
        for line in body["Line"]:
            source = named(line["DepositLineDetail"]["AccountRef"]) if "DetailType" in line else "Undeposited Funds"
            yield source, -cents(line["Amount"])
    elif kind == "Transfer":
        yield from (
            (named(body["ToAccountRef"]), cents(body["Amount"])),
            (named(body["FromAccountRef"]), -cents(body["Amount"])),
        )
    elif kind == "CreditCardPayment":
        amount = cents(body["Amount"])
        yield from ((named(body["CreditCardAccountRef"]), amount), (named(body["BankAccountRef"]), -amount))
    else:
        raise AssertionError(kind)


def quickbooks_balances(company, *, until, without=()):
    balances = defaultdict(int)
    for document in company.documents:
        if document.key in without or date.fromisoformat(document.body["TxnDate"]) > until:
            continue
        for account, amount in posted(document, company.cast.item_account):
            balances[account] += amount
    return balances


def perfect_balances(company, until, *, sources=None):
    balances = defaultdict(int)
    for posting in company.postings:
        if posting.day <= until and (sources is None or posting.source in sources):
            balances[posting.account] += posting.amount_minor
    return balances


def nonzero(balances):
    return {account: amount for account, amount in balances.items() if amount}


def test_the_same_seed_gives_the_same_world(world):
    assert company_of(BRAMBLING, 7, {}) == world.company("brambling")


def test_another_seed_gives_other_sales(world):
    assert company_of(BRAMBLING, 8, {}).sales.charges[0].id != world.company("brambling").sales.charges[0].id


@pytest.mark.parametrize("slug", SLUGS)
def test_trial_balance_balances_every_month(truths, slug):
    for month in STORY_MONTHS:
        accounts = truths[slug]["months"][month].values()
        assert sum(facts["balance_minor"] for facts in accounts) == 0
        assert sum(facts["debit_minor"] for facts in accounts) == sum(facts["credit_minor"] for facts in accounts)


@pytest.mark.parametrize("slug", SLUGS)
def test_clearing_account_equals_the_processor_balance_at_every_month_end(truths, slug):
    for month in STORY_MONTHS:
        clearing = truths[slug]["months"][month]["Stripe Clearing"]["balance_minor"]
        assert clearing == truths[slug]["processor"][month]["closing_minor"]


@pytest.mark.parametrize("slug", SLUGS)
def test_processor_balance_rolls_forward(truths, slug):
    opening = 0
    for month in STORY_MONTHS:
        facts = truths[slug]["processor"][month]
        activity = sum(category["net_minor"] for category in facts["categories"].values())
        assert facts["opening_minor"] == opening
        assert facts["closing_minor"] == opening + activity + facts["payouts_minor"]
        opening = facts["closing_minor"]


@pytest.mark.parametrize("slug", SLUGS)
def test_every_payout_is_the_sum_of_its_rows_and_no_row_is_paid_twice(world, slug):
    company = world.company(slug)
    rows = {row.id: row for row in company.sales.rows}
    paid = [row_id for payout in company.payouts for row_id in payout.row_ids]
    assert len(paid) == len(set(paid))
    for payout in company.payouts:
        assert payout.amount_minor == sum(rows[row_id].net_minor for row_id in payout.row_ids) > 0


def test_payouts_in_transit_equals_payouts_under_way_at_every_month_end(world, truths):
    for slug in SLUGS:
        for month in STORY_MONTHS:
            last = month_end(month)
            under_way = sum(
                payout.amount_minor
                for payout in world.company(slug).payouts
                if book_date(payout.created) <= last < payout.arrives_on
            )
            assert truths[slug]["months"][month]["Payouts in Transit"]["balance_minor"] == under_way > 0


@pytest.mark.parametrize("slug", ["kestrel", "quillfeather"])
def test_payroll_runs_obey_the_register_identity(world, slug):
    for run in world.company(slug).payroll.runs:
        for pay in run.pays:
            deducted = pay.deducted_minor("benefit") + pay.deducted_minor("garnishment")
            assert pay.gross_minor - pay.employee_taxes_minor - deducted == pay.net_minor > 0
        assert run.company_debit_minor == run.net_pull_minor + run.tax_debit_minor
        assert run.debit_date == previous_business_day(run.check_date)


def test_capped_employer_taxes_stop_after_the_first_seven_thousand(world):
    by_person = defaultdict(int)
    for run in world.company("kestrel").payroll.runs:
        for pay in run.pays:
            taxes = [tax.amount_minor for tax in pay.taxes if tax.name == "FUTA" and run.check_date.year == 2025]
            by_person[pay.employee.name] += sum(taxes)
    assert all(abs(amount - 4200) <= 3 for amount in by_person.values())


@pytest.mark.parametrize("slug", SLUGS)
def test_bank_and_books_differ_only_by_open_items(truths, slug):
    truth = truths[slug]
    for month in STORY_MONTHS:
        waiting = truth["open_items"][month]["outstanding_checks"] + truth["open_items"][month]["other"]
        for account in BANKS:
            open_minor = sum(item["amount_minor"] for item in waiting if item["account"] == account)
            statement = truth["bank"][account]["months"][month]
            assert truth["months"][month][account]["balance_minor"] == statement + open_minor


@pytest.mark.parametrize("slug", SLUGS)
def test_checking_never_goes_below_nil(truths, slug):
    assert min(truths[slug]["bank"]["Checking"]["days"].values()) > 0


@pytest.mark.parametrize("slug", SLUGS)
def test_quickbooks_holds_the_perfect_books_until_the_cut_over(world, slug):
    company = world.company(slug)
    for month in STORY_MONTHS:
        if month_end(month) < company.books_until:
            have = quickbooks_balances(company, until=month_end(month))
            assert nonzero(have) == nonzero(perfect_balances(company, month_end(month)))


def test_after_the_cut_over_kestrel_lacks_exactly_what_the_systems_did(world, truths):
    company, last = world.company("kestrel"), month_end("2026-03")
    have = quickbooks_balances(company, until=last)
    for accounts in truths["kestrel"]["to_book"].values():
        for account, amount in accounts.items():
            have[account] += amount
    assert nonzero(have) == nonzero(perfect_balances(company, last))


def test_quillfeather_differs_from_perfect_by_its_planted_faults_only(world, truths):
    company, last = world.company("quillfeather"), month_end("2026-03")
    by_hand = ("double-cobalt", "hand-payroll", "fee-2026-01", "fee-2026-02")
    have = quickbooks_balances(company, until=last, without=by_hand)
    for accounts in truths["quillfeather"]["to_book"].values():
        for account, amount in accounts.items():
            have[account] += amount
    have["Savings"] += 200_000  # what nobody entered
    have["Checking"] -= 200_000
    assert nonzero(have) == nonzero(perfect_balances(company, last))


def test_what_the_later_happenings_enter_balances_and_the_imports_of_the_other_app_come_to_nil():
    assert [document.body["TxnDate"] for document in (planted.late_cheque(), *planted.trial_imports())] == [
        "2026-02-26", "2026-03-24", "2026-03-25", "2026-03-26"
    ]  # fmt: skip
    for document in planted.trial_imports():
        assert {account for account, _ in posted(document, "")} == {"Stripe Clearing"}
        assert sum(amount for _, amount in posted(document, "")) == 0
    assert dict(posted(planted.late_cheque(), "")) == {"Utilities": 18_640, "Checking": -18_640}


def test_hand_typed_payroll_balances_and_is_low_by_the_planted_amount(world):
    company = world.company("quillfeather")
    document = next(document for document in company.documents if document.key == "hand-payroll")
    lines = dict(posted(document, ""))
    right = {
        posting.account: posting.amount_minor
        for posting in company.postings
        if posting.day == date(2026, 3, 13) and posting.key.startswith("run-")
    }
    assert sum(lines.values()) == 0
    assert nonzero({account: lines[account] - right[account] for account in right}) == {
        "Wages – Roastery": -4218,
        "Payroll Clearing": 4218,
    }


def test_planted_faults_carry_the_amounts_of_the_story(truths):
    amounts = {fault["id"]: fault["amount_minor"] for fault in truths["quillfeather"]["faults"]}
    late = amounts.pop("payout_in_transit")
    assert late > 0
    assert amounts == {
        "double_charge": 61200,
        "unmapped_category": 118450,
        "hand_payroll": 4218,
        "missing_bank_fee": 4500,
        "edited_old_entry": 35000,
        "expired_login": 0,
        "near_equal_names": 0,
        "unentered_transfer": 200000,
        "late_cheque": 18640,
        "second_route": 0,
        "inactive_account": 0,
    }
    assert truths["kestrel"]["faults"] == truths["brambling"]["faults"] == []


def test_catering_was_never_seen_before_march(world):
    days = [book_date(c.created) for c in world.company("quillfeather").sales.charges if c.channel == "catering"]
    assert len(days) == 3
    assert min(days) >= date(2026, 3, 1)


def test_bank_shows_the_double_charge_once(world):
    lines = [line for line in world.company("quillfeather").movements if "COBALT" in line.text]
    assert [line.amount_minor for line in lines] == [-61200]


def test_late_payout_reaches_the_bank_on_the_second_of_april(world):
    late = [payout for payout in world.company("quillfeather").payouts if payout.expected_on != payout.arrives_on]
    assert [(book_date(payout.created), payout.arrives_on) for payout in late] == [
        (date(2026, 3, 24), date(2026, 4, 2))
    ]


def test_no_document_comes_before_one_it_refers_to(world):
    def refs(value):
        if isinstance(value, dict):
            yield from [value["ref"]] if "ref" in value else (r for child in value.values() for r in refs(child))
        elif isinstance(value, list):
            yield from (r for child in value for r in refs(child))

    for company in world.companies.values():
        seen = set()
        for document in books.seed(company):
            assert set(refs(document.body)) <= seen, document.key
            name = f"{document.kind}:{document.key}"
            assert name not in seen
            seen.add(name)


def test_nothing_is_dated_past_the_horizon(world):
    for company in world.companies.values():
        assert max(posting.day for posting in company.postings) <= HORIZON
        assert max(date.fromisoformat(d.body["TxnDate"]) for d in company.documents) <= HORIZON


def test_a_payroll_period_straddles_every_month_end_after_the_cut_over(truths):
    for slug in ("kestrel", "quillfeather"):
        for month in ("2026-01", "2026-02", "2026-03"):
            assert truths[slug]["accruals"][month]["unpaid_work"]["working_days"] > 0


def test_quickbooks_has_no_processor_or_payroll_entry_after_the_cut_over_but_the_planted_one(world):
    for slug in ("kestrel", "quillfeather"):
        company = world.company(slug)
        later = {
            d.key
            for d in company.documents
            if d.kind == "JournalEntry" and date.fromisoformat(d.body["TxnDate"]) >= CUT_OVER
        }
        assert later == ({"hand-payroll"} if slug == "quillfeather" else set())


def test_trial_balance_carries_last_years_result_into_retained_earnings(world):
    company = world.company("kestrel")
    january = trial_balances(company)["2026-01"]
    opening = dict(company.cast.opening)["Retained Earnings"]
    year = perfect_balances(company, date(2025, 12, 31))
    result = sum(year[name] for name in year if name in {"Store Sales", "Rent", "Merchant Fees"})
    assert january["Retained Earnings"]["balance_minor"] != opening
    assert january["Store Sales"]["balance_minor"] > year["Store Sales"]
    assert result < 0
