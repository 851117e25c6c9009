"""A record that a system counts and keeps out of its feed: named by its id the same day, read from the start the next."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pytest

from clients.tenancy import client_context
from integrations import registry, syncing
from integrations.census import Days
from integrations.evidence import OFF
from integrations.http import ConnectionApi
from integrations.models import ControlTotal, SourceDocument
from tests.scene import quick

NOW = datetime(2026, 4, 5, 18, tzinfo=UTC)
MARCH = Days(date(2026, 3, 1), date(2026, 3, 31), ZoneInfo("America/Los_Angeles"))


class Withheld(NamedTuple):
    """Of a stream, by path and question, what the pull asks and the census does not; ``calls`` of one asking of March."""

    slug: str
    company: str
    stream: str
    path: str
    asked: str
    calls: int


CASES = (
    Withheld("paypal", "tamarack", "transactions", "/v1/reporting/transactions", "fields=all", 1),
    Withheld("square", "tamarack", "payments", "/v2/payments", "sort_field=UPDATED_AT", 3),
    Withheld("bill", "osprey", "bills", "/v3/bills", "updatedTime:gte", 2),
    Withheld("gusto", "kestrel", "payrolls", "/payrolls$", "include=", 1),
    Withheld("quickbooks-online", "kestrel", "documents", "/cdc", "", 1),
)


@pytest.fixture
def connected(world: Any, connect: Any, request: Any) -> Any:
    case = request.param
    client = world.kestrel
    with client_context(client.pk):
        client.cut_over_on = date(2026, 1, 1)
        client.save(update_fields=["cut_over_on"])
    with quick():
        yield case, connect(world.bob, client, case.slug, company=case.company)


def pull(made: Any, case: Withheld, **later: float) -> list[str]:
    """Read the stream that much later; the ids that its counts name as missing."""
    syncing.pull_stream(made.pk, case.stream, now=NOW + timedelta(**later))
    with client_context(made.client_id):
        off = ControlTotal.objects.filter(OFF, connection=made, stream=case.stream, source="count")
        return [name for missing in off.order_by("day").values_list("missing", flat=True) for name in missing]


def withhold(sandbox: Any, case: Withheld, what: str) -> None:
    fault = {"provider": case.slug, "kind": "withhold", "what": what, "times": 10**6}
    sandbox.app.faults.arm(fault | {"path_regex": case.path, "asked_regex": case.asked})


def listed(made: Any, case: Withheld) -> list[str]:
    census = registry.provider(case.slug).stream(case.stream).census
    assert census is not None
    return [one.external_id for one in census.listed(ConnectionApi(made), MARCH)]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("connected", CASES[:-1], ids=lambda case: case.slug, indirect=True)
def test_a_withheld_record_is_named_and_then_found(sandbox, connected):
    case, made = connected
    sandbox.app.log.clear()
    every = listed(made, case)
    assert len(sandbox.app.log) == case.calls
    record = every[len(every) // 2]
    withhold(sandbox, case, record.partition(":")[0])
    assert pull(made, case) == [record]
    sandbox.app.faults.clear()
    found_again = pull(made, case, days=1)
    assert found_again in ([record], []), "a feed that reads some days again may bring it at once"
    assert pull(made, case, days=1, hours=1) == []
    with client_context(made.client_id):
        assert SourceDocument.objects.filter(connection=made, stream=case.stream, external_id=record).exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("connected", CASES[-1:], ids=lambda case: case.slug, indirect=True)
def test_a_document_that_the_change_feed_forgets_is_found_by_a_full_read(sandbox, connected):
    case, made = connected
    company = sandbox.app.services[case.slug].companies[case.company]
    assert pull(made, case) == []
    accounts = [{"value": company.id_of(f"Account:{name}")} for name in ("Rent", "Checking")]
    lines = [
        {
            "Amount": 5,
            "DetailType": "JournalEntryLineDetail",
            "JournalEntryLineDetail": {"PostingType": side, "AccountRef": account},
        }
        for side, account in zip(("Debit", "Credit"), accounts, strict=True)
    ]
    number = company.create_as_user("JournalEntry", {"TxnDate": "2026-03-20", "Line": lines})
    try:
        withhold(sandbox, case, number)
        sandbox.app.log.clear()
        assert pull(made, case, days=1) == [f"JournalEntry:{number}"]
        asked = [entry["path"].rpartition("/")[2] for entry in sandbox.app.log]
        assert asked.count("batch") == case.calls
        sandbox.app.faults.clear()
        pull(made, case, days=1, hours=1)
        sandbox.app.log.clear()
        assert pull(made, case, days=1, hours=2) == []
        assert "batch" not in [entry["path"].rpartition("/")[2] for entry in sandbox.app.log], "counted once a day"
    finally:
        company.delete_as_user("JournalEntry", number)
