"""What the accounting system's change feed means for the mirror: which months are to be read again, what payments settle."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integrations.models import Fact
from ledger.core.period import Month
from ledger.models import MirrorDocument, MirrorLink, MonthlyBalance

if TYPE_CHECKING:
    from clients.models import Client
    from integrations.models import Connection


def dirty_months(client: Client, connection: Connection) -> set[Month]:
    """Months touched by changes read from the feed since the last run: where the document stands now and where it stood, and
    every month of an account that is gone or was made inactive, for it may have been merged into another.
    """
    facts = Fact.objects.filter(
        client=client,
        to_handle__client=client,
        connection=connection,
        kind__in=["LedgerDocument", "LedgerDeletion", "LedgerAccount"],
        state="new",
    )
    months, ids = set(), []
    for external_id, booked_on, kind in facts.values_list("external_id", "booked_on", "kind"):
        ids.append(external_id)
        if kind == "LedgerDocument" and booked_on:
            months.add(Month.of(booked_on))
    standing = MirrorDocument.objects.filter(client=client, connection=connection, external_id__in=ids)
    months.update(Month.of(day) for day in standing.values_list("booked_on", flat=True))
    moved = MonthlyBalance.objects.filter(client=client, account__client=client, account__external_id__in=ids)
    months.update(Month.of(day) for day in moved.values_list("month", flat=True))
    return months


def take_links(client: Client, connection: Connection) -> int:
    """Let the links of each document that the feed names be what the document now says; gives how many those have."""
    facts = Fact.objects.filter(
        client=client,
        to_handle__client=client,
        connection=connection,
        kind__in=["LedgerDocument", "LedgerDeletion"],
        state="new",
    )
    told: dict[str, list[MirrorLink]] = {}
    for source, booked_on, settles in facts.order_by("pk").values_list("external_id", "booked_on", "data__settles"):
        told[source] = [
            MirrorLink(
                client=client,
                connection=connection,
                source=source,
                target=target,
                booked_on=booked_on,
                place=place,
                amount_minor=amount,
            )
            for place, (target, amount) in enumerate(settles or ())
            if booked_on is not None
        ]
    MirrorLink.objects.filter(client=client, connection=connection, source__in=told).delete()
    return len(MirrorLink.objects.bulk_create([link for links in told.values() for link in links], batch_size=1000))


def feed_is_taken(client: Client, connection: Connection) -> None:
    """Mark the feed's facts as seen, after their months were read again."""
    Fact.objects.filter(
        client=client,
        to_handle__client=client,
        connection=connection,
        kind__in=["LedgerDocument", "LedgerDeletion", "LedgerParty", "CompanyProfile", "LedgerAccount"],
        state="new",
    ).update(state="proof")
