"""Accounts proposed for what no rule names, from the client's own history; a fixed number of queries for any number of cases."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Count

from ledger.core import suggestions
from ledger.core.suggestions import Known, Precedent, Suggestion
from ledger.models import Account, JournalLine

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clients.models import Client
    from ledger.core.placing import Case

#: Precedents looked at: the most frequent first.
MOST = 2_000


def suggest(client: Client, cases: Sequence[Case]) -> list[Suggestion | None]:
    """A proposal for each case, in order; None where nothing speaks for one."""
    if not cases:
        return []
    accounts = Account.objects.filter(client=client, is_active=True).order_by("number", "name")
    known = [Known(pk, name, kind) for pk, name, kind in accounts.values_list("pk", "name", "type")]
    precedents = _precedents(client, cases)
    return [suggestions.suggest(case, known, precedents) for case in cases]


def _precedents(client: Client, cases: Sequence[Case]) -> list[Precedent]:
    lines = JournalLine.objects.filter(client=client, entry__reverses__isnull=True).order_by()
    by_item = lines.exclude(key="").values_list("account_id", "role", "key").annotate(n=Count("*")).order_by("-n")
    by_party = lines.exclude(party="").values_list("account_id", "party").annotate(n=Count("*")).order_by("-n")
    keys = {case.key for case in cases if case.key}
    parties = {name for case in cases for name in (case.party, case.key) if name}
    found = [Precedent(pk, n, role, key) for pk, role, key, n in by_item.filter(key__in=keys)[:MOST]]
    return found + [Precedent(pk, n, party=party) for pk, party, n in by_party.filter(party__in=parties)[:MOST]]
