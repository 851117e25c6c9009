"""The client of the benchmarks: a practice, one client, its chart, an approved mapping. Import after Django is set up."""

from __future__ import annotations

import csv
from datetime import date
from typing import TYPE_CHECKING

from django.utils import timezone

from clients.models import Client, Practice, User
from clients.tenancy import client_context
from ledger.core import roles
from ledger.models import Account, MappingRule, MappingVersion

if TYPE_CHECKING:
    from pathlib import Path

BEGIN = date(2022, 1, 1)
SLUG = "bench"
TYPES = {"A": "asset", "L": "liability", "Q": "equity", "I": "income", "E": "expense"}


def client() -> Client:
    firm = Practice.objects.create(name="Bench and Partners", slug="bench-and-partners")
    return Client.objects.create(
        practice=firm, name="Bench", slug=SLUG, timezone="UTC", home_currency="USD", cut_over_on=BEGIN, stage="live"
    )


def chart(of: Client, path: Path) -> None:
    """The accounts of a file ``code,name,type,…`` with types A, L, Q, I, E."""
    with client_context(of.pk), path.open(newline="") as file:
        Account.objects.bulk_create(
            Account(client=of, external_id=row["code"], number=row["code"], name=row["name"], type=TYPES[row["type"]])
            for row in csv.DictReader(file)
        )


def mapped_roles(of: Client) -> None:
    """An account for each role, and the mapping that says so, approved by a second person."""
    preparer = User.objects.create_user("preparer@bench.example", None, name="Petra Poole")
    approver = User.objects.create_user("approver@bench.example", None, name="Amos Archer")
    with client_context(of.pk):
        version = MappingVersion.objects.create(client=of, number=1, effective_from=BEGIN, prepared_by=preparer)
        every = list(roles.ROLES.values())
        accounts = Account.objects.bulk_create(
            Account(client=of, external_id=str(n), number=str(1000 + n), name=role.label, type=role.type)
            for n, role in enumerate(every)
        )
        MappingRule.objects.bulk_create(
            MappingRule(client=of, version=version, role=role.slug, account=account)
            for role, account in zip(every, accounts, strict=True)
        )
        version.state, version.approved_by, version.approved_at = "approved", approver, timezone.now()
        version.save()
