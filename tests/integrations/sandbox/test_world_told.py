"""What a system's story adds to a company is true by itself and in the whole: entries, bank lines, balances, chart."""

from __future__ import annotations

import sys
from collections import defaultdict
from dataclasses import replace
from datetime import date

import pytest

from integrations.sandbox.quickbooks import Company
from integrations.sandbox.quickbooks.service import stock_of
from integrations.sandbox.quickbooks.truth import trial_balance
from integrations.sandbox.world import build_world, documents, telling, told
from integrations.sandbox.world.calendar import CUT_OVER, HORIZON, STORY_MONTHS, month_end
from integrations.sandbox.world.company import World, company_of
from integrations.sandbox.world.journal import Event, entry
from integrations.sandbox.world.newcomers import NEWCOMERS, TAMARACK
from integrations.sandbox.world.told import BadStory, Held, Rule, Told
from integrations.sandbox.world.truth import truth_of
from tests.integrations.sandbox import example_story

SLUGS = tuple(cast.slug for cast in NEWCOMERS)
BANKS = ("Checking", "Savings", "Business Visa")
STORY = "from tests.integrations.sandbox.example_story import tell\n"
ENDS = [month_end(month) for month in telling.PROVEN]


@pytest.fixture(scope="module")
def world():
    return build_world(7)


@pytest.fixture(scope="module")
def example():
    """A company with one system more: the till of the example."""
    cast = replace(TAMARACK, systems=("quickbooks-online", "plaid", "till"))
    return company_of(cast, 7, told.checked(cast, {"till": example_story.tell(cast, 7)}))


@pytest.fixture(scope="module")
def companies(world, example):
    return {slug: world.company(slug) for slug in SLUGS} | {"example": example}


def balances(company, until, **chosen):
    found = defaultdict(int)
    for posting in company.postings:
        if posting.day <= until and all(getattr(posting, name) == value for name, value in chosen.items()):
            found[posting.account] += posting.amount_minor
    return {account: amount for account, amount in found.items() if amount}


def with_story(**parts):
    """The checks of a story with these parts, for the company that uses the till."""
    cast = replace(TAMARACK, systems=("till",))
    return told.checked(cast, {"till": Told(data=None, **parts)})["till"]


# ---- the newcomers' companies --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cast", NEWCOMERS, ids=lambda cast: cast.slug)
def test_every_system_is_played_by_its_folder_or_by_nobody_yet(cast):
    played = {slug for slug in cast.systems if told.has_story(slug)} | told.WORLD_PLAYS & set(cast.systems)
    assert set(build_world(7).company(cast.slug).told) == played - told.WORLD_PLAYS
    assert told.untold(cast) == set(cast.systems) - played


def test_together_they_use_every_system_of_the_stack(world):
    used = {slug for company in world.companies.values() for slug in company.cast.systems}
    assert used == {
        *("quickbooks-online", "gusto", "adp", "quickbooks-payroll"),
        *("stripe", "square", "paypal", "shopify", "woocommerce", "amazon"),
        *("bill", "melio", "expensify", "ramp", "dext"),
        *("plaid", "bank-file", "hubspot", "salesforce"),
    }


@pytest.mark.parametrize("cast", NEWCOMERS, ids=lambda cast: cast.slug)
def test_the_same_seed_tells_the_same_story(world, cast):
    assert company_of(cast, 7, told.tell_all(cast, 7)) == world.company(cast.slug)


def test_another_seed_tells_another_one(example):
    other = example_story.tell(example.cast, 8)
    assert other.data != example.told["till"].data


@pytest.mark.parametrize("name", [*SLUGS, "example"])
def test_every_entry_balances_every_day(companies, name):
    sums = defaultdict(int)
    for posting in companies[name].postings:
        sums[posting.source, posting.key, posting.day] += posting.amount_minor
    assert not {key: amount for key, amount in sums.items() if amount}


@pytest.mark.parametrize("name", [*SLUGS, "example"])
def test_bank_lines_sum_to_the_banks_balance_but_for_open_items(companies, name):
    truth = truth_of(companies[name])
    for month in STORY_MONTHS:
        waiting = truth["open_items"][month]["outstanding_checks"] + truth["open_items"][month]["other"]
        for account in BANKS:
            if month < companies[name].cast.months[0]:
                continue
            under_way = sum(item["amount_minor"] for item in waiting if item["account"] == account)
            assert (
                truth["months"][month][account]["balance_minor"] == truth["bank"][account]["months"][month] + under_way
            )
    assert min(truth["bank"]["Checking"]["days"].values()) > 0


@pytest.mark.parametrize("name", [*SLUGS, "example"])
def test_what_a_system_reports_is_what_the_perfect_books_show(companies, name):
    company = companies[name]
    for slug, part in company.told.items():
        for held in part.balances:
            books = balances(company, held.on)
            shown = sum(books.get(account, 0) for account in held.accounts)
            assert shown == held.books_minor, (slug, held)


@pytest.mark.parametrize("name", [*SLUGS, "example"])
def test_keys_are_told_once(companies, name):
    company = companies[name]
    lines = [line.key for line in company.movements]
    papers = [(document.kind, document.key) for document in company.documents]
    assert len(lines) == len(set(lines))
    assert len(papers) == len(set(papers))


@pytest.mark.parametrize("slug", SLUGS)
def test_quickbooks_lacks_exactly_what_the_portal_has_to_book(world, slug):
    engine = Company(*stock_of(world, slug))
    to_book = truth_of(world.company(slug))["to_book"]
    carried = defaultdict(int)
    for month in ("2025-12", *telling.PROVEN):
        for account, amount in to_book.get(month, {}).items():
            carried[account] += amount
        have = defaultdict(int, carried)
        for account, amount in engine_sums(engine, month_end(month)).items():
            have[account] += amount
        wanted = balances(world.company(slug), month_end(month))
        assert {account: amount for account, amount in have.items() if amount} == wanted, month


def engine_sums(engine, day):
    """Balances without the year-end transfer of results to retained earnings."""
    last_year = trial_balance(engine, date(day.year - 1, 12, 31))
    sums = defaultdict(int, trial_balance(engine, day))
    if day.year == 2026:
        profit = {
            held.content["FullyQualifiedName"]
            for held in engine.books.held["Account"].values()
            if held.content["Classification"] in {"Revenue", "Expense"}
        }
        for account in profit:
            sums[account] += last_year.get(account, 0)
            sums["Retained Earnings"] -= last_year.get(account, 0)
    return sums


# ---- what a story may say ------------------------------------------------------------------------------------------------


def test_a_story_reaches_the_books_the_bank_the_chart_and_the_truth(example):
    truth = truth_of(example)
    till = truth["systems"]["till"]
    assert truth["months"]["2026-03"]["Till Clearing"]["balance_minor"] == till["balances"][-1]["books_minor"] > 0
    assert any(line.text.startswith("TILLWRIGHT DEP") for line in example.movements)
    assert till["booked"]["2026-01"]["Merchant Fees"] > 2900
    assert till["mapping"][0]["account"] == "Till Clearing"
    assert truth["counts"]["till.rows"]["2026-02"] > 30
    world = World(7, {example.cast.slug: example})
    assert "Till Clearing" in {
        held.content["Name"] for held in Company(*stock_of(world, "tamarack")).books.held["Account"].values()
    }


def test_what_lies_past_the_horizon_has_not_happened():
    late = HORIZON.replace(day=30)
    early, after = (entry(day, "bank", f"k-{day}", ("Checking", 5), ("Rent", -5)) for day in (HORIZON, late))
    told_part = with_story(events=(Event(postings=early + after), Event(postings=after)))
    assert [event.postings for event in told_part.events] == [early]


def test_a_folder_without_a_story_is_not_told():
    cast = replace(TAMARACK, systems=("no-such-system",))
    assert told.tell_all(cast, 7) == {}
    assert told.untold(cast) == {"no-such-system"}


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """A place for folders of systems; `folders("till", api="…")` makes one with the example's story."""
    import integrations.sandbox

    def make(name, **modules):
        (tmp_path / name).mkdir()
        for module, text in {"story": STORY, **modules}.items():
            (tmp_path / name / f"{module}.py").write_text(text)
            monkeypatch.delitem(sys.modules, f"integrations.sandbox.{name}.{module}", raising=False)
        monkeypatch.delitem(sys.modules, f"integrations.sandbox.{name}", raising=False)

    monkeypatch.setattr(told, "FOLDERS", tmp_path)
    monkeypatch.setattr(integrations.sandbox, "__path__", [*integrations.sandbox.__path__, str(tmp_path)])
    return make


def test_a_folder_with_a_story_is_told_without_being_listed(folders):
    folders("till", api="")
    folders("other", story="nobody answers for it yet\n")
    assert set(told.tell_all(replace(TAMARACK, systems=("till", "other", "adp-not-there")), 7)) == {"till"}


def test_a_system_without_access_gives_out_files(folders):
    folders("till", exports="def exports(company): return {'a.csv': company.told['till'].data.rows[0].id.encode()}\n")
    cast = replace(TAMARACK, systems=("till", "square"))
    company = company_of(cast, 7, told.tell_all(cast, 7))
    assert told.exports_of(company, "till") == {"a.csv": company.told["till"].data.rows[0].id.encode()}
    assert told.exports_of(company, "square") == {}


BAD = {
    "an entry that does not balance": (
        {"events": (Event(postings=entry(CUT_OVER, "till", "k", ("Rent", 5), ("Checking", -5))[:1]),)},
        "k of 2026-01-01 is off by 5",
    ),
    "an account that is not in the chart": (
        {"mapping": (Rule("clearing", "Till Clearing"),)},
        "no account 'Till Clear",
    ),
    "a balance on an account that is not there": (
        {"balances": (Held(HORIZON, 5, ("Nowhere",)),)},
        "no account 'Nowhere'",
    ),
    "something before the cut-over": (
        {"events": (Event(postings=entry(date(2025, 12, 31), "till", "k", ("Rent", 5), ("Checking", -5))),)},
        "before the cut-over",
    ),
    "another system's source": (
        {"events": (Event(postings=entry(CUT_OVER, "square", "k", ("Rent", 5), ("Checking", -5))),)},
        "source 'square' of k",
    ),
    "a document of QuickBooks that the portal would book again": (
        {
            "events": (
                Event(
                    (documents.deposit("k", CUT_OVER, "Checking", [documents.deposit_from("Rent", 5, "x")]),),
                    entry(CUT_OVER, "till", "k", ("Checking", 5), ("Rent", -5)),
                ),
            )
        },
        "of source 'qbo'",
    ),
    "a system that only proves and yet books": (
        {"events": (Event(postings=entry(CUT_OVER, "till", "k", ("Rent", 5), ("Checking", -5))),), "duty": "prove"},
        "only proves",
    ),
}


@pytest.mark.parametrize("what", BAD)
def test_a_story_that_contradicts_itself_is_refused(what):
    parts, said = BAD[what]
    with pytest.raises(BadStory, match="tamarack: .*till: .*" + said):
        with_story(**parts)


def test_two_systems_may_share_an_account_but_not_disagree_about_it():
    cast = replace(TAMARACK, systems=("till", "other"))
    one, other = (
        ("Shipping Income", "Income", "SalesOfProductIncome"),
        ("Shipping Income", "Expense", "OtherCostsOfServiceCos"),
    )
    both = {"till": Told(data=None, accounts=(one,)), "other": Told(data=None, accounts=(one,))}
    assert sum(name == "Shipping Income" for name, _, _ in told.accounts_of(cast, told.checked(cast, both))) == 1
    with pytest.raises(BadStory, match="Shipping Income"):
        told.accounts_of(cast, both | {"other": Told(data=None, accounts=(other,))})


# ---- what stories are made of --------------------------------------------------------------------------------------------


def test_parts_are_exact_and_the_heaviest_takes_the_rest():
    assert telling.parts(1000, [1, 1, 1]) == [334, 333, 333]
    assert telling.parts(-1001, [1, 3]) == [-251, -750]
    assert sum(telling.parts(99, [7, 1, 5, 3])) == 99


def test_payouts_carry_over_until_there_is_something_to_pay():
    rows = [(date(2026, 1, 2), -50), (date(2026, 1, 6), 80), (date(2026, 4, 3), 70)]
    usual = {"net": lambda row: row[1], "ready": lambda row: row[0], "weekdays": (0, 3)}
    paid = telling.settle(rows, **usual)
    assert [(p.sent_on, p.arrives_on, p.amount_minor) for p in paid] == [(date(2026, 1, 8), date(2026, 1, 9), 30)]
    owed = telling.settle(rows, owes=True, **usual)
    assert [p.amount_minor for p in owed] == [-50, 80]
    assert [row for p in owed for row in p.items] == rows[:2]


def test_a_balance_runs_along_from_the_systems_own_rows():
    rows = [(date(2026, 1, 31), 100), (date(2026, 2, 1), -30), (date(2026, 4, 1), 999)]
    assert [(held.on, held.amount_minor) for held in telling.held(rows, ("Till Clearing",))] == [
        (ENDS[0], 100),
        (ENDS[1], 70),
        (ENDS[2], 70),
    ]


def test_moments_lie_in_the_month_in_order_and_stop_at_the_horizon():
    from integrations.sandbox.world.calendar import book_date
    from integrations.sandbox.world.chance import stream

    found = telling.moments(stream(7, "x"), "2026-04", 60)
    assert len(found) == 10
    assert found == sorted(found)
    assert max(book_date(at) for at in found) <= HORIZON
