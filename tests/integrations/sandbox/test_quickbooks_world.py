"""The world's documents, entered into QuickBooks, give the world's own balances as long as QuickBooks is kept whole."""

from __future__ import annotations

import calendar
from datetime import date

import pytest
import requests

from integrations.sandbox.quickbooks import Company
from integrations.sandbox.quickbooks.service import stock_of
from integrations.sandbox.quickbooks.truth import open_balances, trial_balance
from integrations.sandbox.server import Sandbox
from integrations.sandbox.world import build_world
from integrations.sandbox.world.truth import trial_balances

SLUGS = ("kestrel", "quillfeather", "brambling")


@pytest.fixture(scope="module")
def world():
    return build_world(7)


@pytest.fixture(scope="module")
def firms(world):
    return {slug: Company(*stock_of(world, slug)) for slug in SLUGS}


@pytest.mark.parametrize("slug", SLUGS)
def test_before_the_portal_takes_over_quickbooks_holds_the_perfect_books(world, firms, slug):
    company = world.company(slug)
    for month, accounts in trial_balances(company).items():
        year, number = map(int, month.split("-"))
        end = date(year, number, calendar.monthrange(year, number)[1])
        if end >= company.books_until:
            continue
        expected = {name: facts["balance_minor"] for name, facts in accounts.items() if facts["balance_minor"]}
        assert trial_balance(firms[slug], end) == expected, month


@pytest.mark.parametrize("slug", SLUGS)
def test_control_accounts_equal_what_customers_and_vendors_owe(firms, slug):
    books = trial_balance(firms[slug], date(2026, 12, 31))
    assert sum(open_balances(firms[slug], "Customer").values()) == books.get("Accounts Receivable", 0)
    assert -sum(open_balances(firms[slug], "Vendor").values()) == books.get("Accounts Payable", 0)


def test_the_running_sandbox_serves_quickbooks_under_its_slug(tmp_path):
    with Sandbox(seed=7, state=tmp_path) as sandbox:
        url = f"{sandbox.url}/quickbooks-online"
        answer = requests.get(f"{url}/v3/company/1/query", params={"query": "select * from Bill"}, timeout=10)
        assert (answer.status_code, answer.json()["fault"]["type"]) == (401, "AUTHENTICATION")
        page = requests.get(f"{url}/connect/oauth2", params={"client_id": "nobody"}, timeout=10)
        assert page.status_code == 400
