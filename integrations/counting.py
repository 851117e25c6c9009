"""Whether all is here: what a system counts by day beside the objects of that day that we hold, with the ids we lack (N6)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.db import connection as database
from django.db.models import Sum

from clients.tenancy import client_context
from integrations import evidence
from integrations.census import DAY, Days
from integrations.models import ControlTotal, Fact
from integrations.payload import Payload

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from integrations.census import Census, Listed
    from integrations.models import Connection
    from integrations.provider import Api

#: Days that are counted at most.
REACH = timedelta(days=400)
#: The latest version of every object of a stream that is not gone, with the moment it was made.
HELD = """
SELECT external_id, made FROM (
    SELECT DISTINCT ON (external_id) external_id, is_deleted, jsonb_path_query_first(payload, %(made)s::jsonpath) #>> '{}' AS made
    FROM integrations_sourcedocument
    WHERE client_id = %(client)s AND connection_id = %(connection)s AND stream = %(stream)s
    ORDER BY external_id, version DESC
) AS latest WHERE NOT is_deleted AND made IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many days are ``off``, and whether an id is ``lost``: a day ago it was missing already, and no reading brought it."""

    off: int = 0
    is_lost: bool = False


def count(connection: Connection, stream: str, census: Census, api: Api, *, now: datetime) -> Outcome:
    """Count the days that may have changed and keep both numbers.

    Raises what ``Api`` raises. Nothing is asked where the day's count is made and agrees.
    """
    zone = ZoneInfo(connection.client.timezone)
    with client_context(connection.client_id):
        days = _due(connection, stream, census, zone, now)
    if days is None:
        return Outcome()
    there: dict[date, list[Listed]] = defaultdict(list)
    for one in census.listed(api, days):
        there[day_of(one.made, zone)].append(one)
    with client_context(connection.client_id):
        here, sums = _held(connection, stream, census, days), _sums(connection, stream, days)
        counts = [_counted(day, there[day], here[day], sums.get(day, 0)) for day in days]
        earlier = _missed_before(connection, stream, days, now)
        evidence.keep_counts(connection, stream, counts, at=now)
    off = sum(each.there != each.here or each.total != each.here_total for each in counts)
    return Outcome(off, is_lost=any(not earlier.isdisjoint(each.missing) for each in counts))


def _missed_before(connection: Connection, stream: str, days: Days, now: datetime) -> set[str]:
    """The ids that the counts of an earlier day named as missing."""
    rows = _counts(connection, stream).filter(day__range=(days.first, days.last), read_at__lt=_midnight(days.zone, now))
    return {name for missing in rows.exclude(missing=[]).values_list("missing", flat=True) for name in missing}


def _counted(day: date, there: list[Listed], here: set[str], held: int) -> evidence.Count:
    """Sums are compared where every object tells an amount, all in one currency."""
    currencies = {one.currency for one in there}
    is_summed = len(currencies) == 1 and "" not in currencies
    total = sum(one.amount or 0 for one in there) if is_summed else None
    missing = sorted({one.external_id for one in there} - here)
    return evidence.Count(day, len(there), total, len(here), held if is_summed else None, missing)


def _counts(connection: Connection, stream: str) -> QuerySet[ControlTotal]:
    return ControlTotal.objects.filter(
        client_id=connection.client_id, connection=connection, stream=stream, source=evidence.COUNT
    )


def _midnight(zone: ZoneInfo, now: datetime) -> datetime:
    return datetime.combine(now.astimezone(zone).date(), datetime.min.time(), zone)


def _due(connection: Connection, stream: str, census: Census, zone: ZoneInfo, now: datetime) -> Days | None:
    """From the first to the last day, up to yesterday, that was not counted or differs; the last days once a day again."""
    today = now.astimezone(zone).date()
    since = connection.cut_over_on or connection.client.cut_over_on or today - REACH
    first, last = max(since, today - REACH), today - DAY
    rows = _counts(connection, stream).filter(day__gte=first)
    agreed = set(rows.exclude(evidence.OFF).values_list("day", flat=True))
    fresh = set(rows.filter(read_at__gte=_midnight(zone, now)).values_list("day", flat=True))
    late = today - census.late
    wanted = [day for day in Days(first, last, zone) if day not in agreed or (day >= late and day not in fresh)]
    return Days(wanted[0], wanted[-1], zone) if wanted else None


def _held(connection: Connection, stream: str, census: Census, days: Days) -> dict[date, set[str]]:
    asked: dict[str, Any] = {
        "client": connection.client_id,
        "connection": connection.pk,
        "stream": stream,
        "made": census.path,
    }
    with database.cursor() as cursor:
        cursor.execute(HELD, asked)
        rows = cursor.fetchall()
    found: dict[date, set[str]] = defaultdict(set)
    for external_id, made in rows:
        found[day_of(made, days.zone)].add(external_id)
    return found


def _sums(connection: Connection, stream: str, days: Days) -> dict[date, int]:
    """What the facts of each day come to: the sums of the system's own amounts, as it dates them."""
    facts = Fact.objects.filter(
        client_id=connection.client_id,
        connection_id=connection.pk,
        stream=stream,
        booked_on__range=(days.first, days.last),
    ).exclude(state=Fact.State.SUPERSEDED)
    return {day: total or 0 for day, total in facts.values_list("booked_on").annotate(Sum("amount_minor")) if day}


def day_of(made: str, zone: ZoneInfo) -> date:
    """The client's day of a moment; a date is its day."""
    if len(made) == len("2026-03-14"):
        return Payload({"made": made}).day("made")
    moment = datetime.fromisoformat(made)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(zone).date()
