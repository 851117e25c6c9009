"""How an org is read: SOQL by what changed, in its order, the deleted too; which fields there are is asked first, for every
org has others; once a day also which objects are left at all.

https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_query.htm
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from integrations.census import Census, Listed, all_of
from integrations.errors import Refused, RetryLater
from integrations.payload import Payload
from integrations.provider import Page
from integrations.providers.salesforce import wire
from integrations.providers.salesforce.objects import OPPORTUNITY, STREAMS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from integrations.census import Days
    from integrations.provider import Api, Window
    from integrations.providers.salesforce.objects import Thing

    Row = dict[str, Any]

DATA = "/services/data/v64.0"
#: A change is stamped when it is made and seen when its transaction ends, which may be minutes later.
OVERLAP = timedelta(minutes=30)
#: Ids named in one query: an address has an end.
MOST_NAMED = 200
#: What of an id tells it from all others.
SHORT = 15
STAMP, LISTED = "SystemModstamp", "listed"
ALWAYS = ("Id", "IsDeleted", "CurrencyIsoCode", "CreatedDate", STAMP)


def whoami(api: Api) -> tuple[str, str]:
    """https://developer.salesforce.com/docs/platform/object-reference/references/standard-objects/object-organization.html"""
    found = Payload.of(api.get(f"{DATA}/query", {"q": soql(["Id", "Name"], "Organization")}))
    (org,) = found.objects("records", required=True)
    return wire.long_id(org), org.text("Name", "")


def pull_opportunities(api: Api, window: Window) -> Iterator[Page]:
    """Every deal, for one that was won may be moved back; with its products and the steps it went through."""
    yield from _Pull(api, window, "opportunities").pages()


def pull_orders(api: Api, window: Window) -> Iterator[Page]:
    """Every order; it becomes one that counts when it is activated."""
    yield from _Pull(api, window, "orders").pages()


def pull_invoices(api: Api, window: Window) -> Iterator[Page]:
    """Invoices with their lines, where the org has a billing package."""
    yield from _Pull(api, window, "invoices").pages()


def pull_credit_memos(api: Api, window: Window) -> Iterator[Page]:
    """Credit memos with their lines."""
    yield from _Pull(api, window, "credit_memos").pages()


def pull_payments(api: Api, window: Window) -> Iterator[Page]:
    """Payments with what they were applied to."""
    yield from _Pull(api, window, "payments").pages()


def pull_refunds(api: Api, window: Window) -> Iterator[Page]:
    """What was paid back."""
    yield from _Pull(api, window, "refunds").pages()


def census(stream: str) -> Census:
    """Rows of the bin too: what is in it says so itself. Each answer tells how many rows its query has in all."""

    def listed(api: Api, days: Days) -> Iterator[Listed]:
        org = _Org(api)
        made = f"CreatedDate >= {_literal(days.begin)} AND CreatedDate < {_literal(days.end)}"
        for thing in STREAMS[stream]:
            if org.fields(thing, ["Id"]):
                query = soql(["Id", "CreatedDate"], thing.name, made)
                rows = [Payload(row) for page in org.rows(query, deleted=True) for row in page]
                found = [Listed(wire.long_id(row), row.text("CreatedDate")) for row in rows]
                yield from all_of(found, org.count(thing.name, made))

    return Census(("CreatedDate",), listed)


def quoted(text: str) -> str:
    """A text within SOQL. https://developer.salesforce.com/docs/atlas.en-us.soql_sosl.meta/soql_sosl/sforce_api_calls_soql_select_quotedstringescapes.htm"""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\r", "\\r")
    return f"'{escaped}'"


def soql(fields: Sequence[str], name: str, where: str = "", order: str = "") -> str:
    """A query of an object; what a condition holds of others is quoted already."""
    condition = ("WHERE", where) if where else ()
    return " ".join(("SELECT", ", ".join(fields), "FROM", name, *condition, *(("ORDER BY", order) if order else ())))


class _Org:
    """The calls of one pull: none more once the org has used up our share of its day."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._is_used_up = False

    def ask(self, path: str, params: Mapping[str, str] | None = None) -> Payload:
        if self._is_used_up:
            raise RetryLater("the org has used up most of its calls of the day", retry_after=wire.LATER)
        answer, headers = self._api.get_with_headers(path, params)
        self._is_used_up = wire.used_up(headers)
        return Payload.of(answer)

    def rows(self, query: str, *, deleted: bool = False) -> Iterator[list[Row]]:
        """Page by page; how long one is, Salesforce decides."""
        page = self.ask(f"{DATA}/{'queryAll' if deleted else 'query'}", {"q": query})
        while True:
            yield [dict(row.data) for row in page.objects("records", required=True)]
            if page.flag("done"):
                return
            page = self.ask(page.text("nextRecordsUrl"))

    def count(self, name: str, where: str) -> int:
        """https://developer.salesforce.com/docs/atlas.en-us.soql_sosl.meta/soql_sosl/sforce_api_calls_soql_select_count.htm"""
        return self.ask(f"{DATA}/queryAll", {"q": soql(["COUNT()"], name, where)}).integer("totalSize")

    def fields(self, thing: Thing, wanted: Sequence[str]) -> list[str]:
        """Which of these fields the org has and shows us; none where there is no such object.

        https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_sobject_describe.htm
        """
        try:
            told = self.ask(f"{DATA}/sobjects/{thing.name}/describe")
        except Refused as problem:
            if problem.code != "NOT_FOUND":
                raise
            return []
        known = list(told.objects("fields", required=True))
        names = {one.text("name") for one in known} | {one.text("relationshipName", "") for one in known}
        return [name for name in wanted if name.partition(".")[0] in names]


class _Pull:
    """One reading of a stream, which may be of two kinds of objects: the cursor holds a stamp for each."""

    def __init__(self, api: Api, window: Window, stream: str) -> None:
        self.org, self.window, self.things = _Org(api), window, STREAMS[stream]
        self.currency = api.settings.get("currency", "")
        self.stamps = dict(part.split("=", 1) for part in window.cursor.split(";") if "=" in part)
        self.won: dict[str, bool] | None = None

    def pages(self) -> Iterator[Page]:
        """What changed; then, on a new day, what is left."""
        today, found = self.window.now.astimezone(UTC).date().isoformat(), []
        for thing in self.things:
            fields = self.org.fields(thing, (*ALWAYS, *thing.wanted))
            if fields:
                found.append(thing)
                yield from self._changed(thing, fields)
        before, self.stamps[LISTED] = self.stamps.get(LISTED, today), today
        # An object that was read before and is hidden from us now is not gone.
        is_whole = {thing.name for thing in found} >= self.stamps.keys() - {LISTED}
        only = frozenset(self._left(found)) if found and is_whole and before < today else None
        yield Page(items=[], cursor=self._cursor(), only=only)

    def _cursor(self) -> str:
        return ";".join(f"{name}={stamp}" for name, stamp in self.stamps.items())

    def _changed(self, thing: Thing, fields: list[str]) -> Iterator[Page]:
        parts = {name: self.org.fields(part, ("Id", *part.wanted)) for name, part in thing.parts.items()}
        told = {"CurrencyIsoCode": self.currency} if self.currency else {}
        for page in self.org.rows(soql(fields, thing.name, self._since(thing), f"{STAMP}, Id"), deleted=True):
            rows = [told | row for row in page]
            if not rows:
                continue
            for name, part in thing.parts.items():
                self._add(rows, name, part, parts[name])
            self.stamps[thing.name] = Payload(rows[-1]).text(STAMP)
            yield Page(items=rows, cursor=self._cursor())

    def _since(self, thing: Thing) -> str:
        stamp = self.stamps.get(thing.name, "")
        if stamp:
            return f"{STAMP} >= {_literal(Payload({STAMP: stamp}).instant(STAMP) - OVERLAP)}"
        begin = self.window.begin
        ahead = f" OR {thing.ahead} >= {self.window.since.isoformat()}" if thing.ahead else ""
        return f"({STAMP} >= {_literal(begin)}{ahead})"

    def _add(self, rows: list[Row], name: str, part: Thing, fields: list[str]) -> None:
        """Give each row the objects that belong to it. Nothing is asked where the org has no such object."""
        parent, mine = part.fields["parent"], {str(row.get("Id"))[:SHORT]: row for row in rows}
        for row in rows:
            row[name] = []
        marks = [str(row.get("Id")) for row in rows] if fields else []
        for start in range(0, len(marks), MOST_NAMED):
            named = ", ".join(map(quoted, marks[start : start + MOST_NAMED]))
            query = soql(fields, part.name, f"{parent} IN ({named})", "Id")
            for found in self.org.rows(query, deleted=part.deleted):
                for one in found:
                    mine[Payload(one).text(parent)[:SHORT]][name].append(self._told(part, one))

    def _told(self, part: Thing, one: Row) -> Row:
        """A step of a deal with whether its stage is one that wins: their names are the org's own."""
        if part is not OPPORTUNITY.parts["history"]:
            return one
        if self.won is None:
            pages = self.org.rows(soql(["ApiName", "IsWon"], "OpportunityStage"))
            stages = [Payload(row) for page in pages for row in page]
            self.won = {stage.text("ApiName"): stage.flag("IsWon") for stage in stages}
        return {**one, "IsWon": self.won.get(str(one.get("StageName")))}

    def _left(self, things: list[Thing]) -> Iterator[str]:
        """The id of every object there is, in the bin too: what is in it says so itself."""
        for thing in things:
            for rows in self.org.rows(soql(["Id"], thing.name), deleted=True):
                yield from (wire.long_id(Payload(row)) for row in rows)


def _literal(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
