"""What QuickBooks Online says a unit of another currency is worth on a day, over real loopback HTTP."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from integrations.errors import RetryLater
from tests.integrations.providers.quickbooks_engine import BOOKS, OverHttp


class _Answers:
    """A company that answers one thing."""

    account_id = "1"

    def __init__(self, answer):
        self.answer = answer

    def get(self, _path, _params=None):
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class TestRates(OverHttp):
    def test_the_rate_of_a_day_is_the_companys_own(self, api):
        assert BOOKS.exchange_rate(api, "EUR", date(2026, 3, 15)) == Decimal("1.085")
        assert BOOKS.exchange_rate(api, "EUR", date(2026, 3, 31)) == Decimal("1.10236")

    def test_a_currency_it_does_not_keep_has_none(self, api):
        assert BOOKS.exchange_rate(api, "NOK", date(2026, 3, 15)) is None


def test_a_rate_of_nil_is_none():
    assert BOOKS.exchange_rate(_Answers({"ExchangeRate": {"Rate": 0}}), "EUR", date(2026, 3, 15)) is None


def test_a_company_that_cannot_answer_now_is_asked_again_later():
    with pytest.raises(RetryLater):
        BOOKS.exchange_rate(_Answers(RetryLater("busy", retry_after=5)), "EUR", date(2026, 3, 15))
