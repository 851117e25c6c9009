"""The books against the world they describe: to the cent, account by account, month by month."""

from __future__ import annotations

import pytest

from clients.tenancy import client_context
from config.demo import truth
from ledger.core.period import Month


@pytest.mark.parametrize("month", [Month(2026, 1), Month(2026, 2), Month(2026, 3)], ids=str)
def test_a_clean_company_ties_in_every_month(shelf, month):
    with client_context(shelf.kestrel.pk):
        assert truth.compare(shelf.kestrel, month, truth.read(shelf.kestrel)) == []
