"""Whose rule an account is taken from where one system's entry touches another system's clearing account."""

from __future__ import annotations

from datetime import date

import pytest

from ledger.core.entry import DraftLine
from ledger.core.placing import Case, Rule, Rulebook
from ledger.mapping import Mapping

SHOP, ACQUIRER, ANY, INCOMING, PAYROLL, FEES = range(1, 7)
RULES = Rulebook.of(
    [
        Rule(Case("clearing", provider="shop"), SHOP),
        Rule(Case("clearing", provider="acquirer"), ACQUIRER),
        Rule(Case("clearing"), ANY),
        Rule(Case("clearing", key="paytool-in"), INCOMING),
        Rule(Case("net-pay-clearing", provider="paymaster"), PAYROLL),
        Rule(Case("fees", provider="shop"), FEES),
    ]
)


@pytest.mark.parametrize(
    ("role", "key", "provider", "account"),
    [
        ("clearing", "shop", "shop", SHOP),
        ("clearing", "shop EUR", "shop", SHOP),
        ("clearing", "acquirer", "shop", ACQUIRER),
        ("clearing", "acquirer EUR", "shop", ACQUIRER),
        ("clearing", "gateway", "shop", ANY),
        ("clearing", "paytool-in", "paytool", INCOMING),
        ("clearing", "", "shop", SHOP),
        ("net-pay-clearing", "paymaster", "spender", PAYROLL),
        ("net-pay-clearing", "other", "spender", None),
        ("fees", "fx", "shop", FEES),
    ],
)
def test_a_system_kept_account_is_mapped_as_that_systems(role, key, provider, account):
    mapping = Mapping(1, 1, date(2026, 1, 1), 1, RULES)
    assert mapping.account_for(DraftLine(role, 1, key=key), provider) == account
