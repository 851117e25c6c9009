"""What a system of the stack adds to a company's story: `integrations/sandbox/<folder>/story.py` tells it, this collects it.

A story is a pure function `tell(cast, seed) -> Told`, asked only for companies whose `cast.systems` names the folder's slug.
A slug whose folder has no story yet, or nothing that answers for it, is not told; what the world itself plays has none. What
answers is `api.py`, or for a system whose figures come by files alone `exports.py` with `exports(company) -> {filename: bytes}`:
what a person downloads there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from integrations.sandbox.world.accounts import chart_of
from integrations.sandbox.world.calendar import CUT_OVER, HORIZON
from integrations.sandbox.world.payroll import NO_PAYROLL, Payroll

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from integrations.sandbox.world.cast import Cast
    from integrations.sandbox.world.company import CompanyWorld
    from integrations.sandbox.world.documents import SeedDocument
    from integrations.sandbox.world.journal import Event, Posting

FOLDERS = Path(__file__).resolve().parent.parent
#: What the world plays without a story of its own.
WORLD_PLAYS = frozenset({"quickbooks-online", "stripe", "gusto", "plaid", "bank-file"})
#: Sources of a posting that are no system: native in QuickBooks, and the bank's side of what a system did.
NATIVE, BANK = "qbo", "bank"


class BadStory(AssertionError):  # noqa: N818
    """A story that cannot be true; the message names the system and what is wrong."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What the approved mapping must say: a role (and key, department) of this system's lines → an account by name.

    `words` instead make a bank rule for lines whose description contains them. Any other rule counts for lines of the
    story's own system only, unless it is for lines of systems `everywhere`.
    """

    role: str
    account: str
    key: str = ""
    department: str = ""
    words: str = ""
    everywhere: bool = False


@dataclass(frozen=True, slots=True)
class Held:
    """What the system itself reports at the end of a day, in minor units of `currency`.

    Positive: it holds this for the company; negative: the company owes it this. `accounts` are those whose balances in the
    perfect books (cents, debit-positive) sum to `home_minor`, or to `amount_minor` where that is not given (home currency).
    `name` tells wallets, locations or card programs of one system apart.
    """

    on: date
    amount_minor: int
    accounts: tuple[str, ...]
    currency: str = "USD"
    home_minor: int | None = None
    name: str = ""

    @property
    def books_minor(self) -> int:
        """What the accounts together must show, cents, debit-positive."""
        return self.amount_minor if self.home_minor is None else self.home_minor


@dataclass(frozen=True, slots=True)
class Told:
    """One system's part in one company's story.

    `data` is whatever the folder's API serves (its own frozen dataclass). `events` hold the postings of the perfect books
    (source: the slug, "bank" for what a bank line books, "qbo" for what stands in QuickBooks already), the bank lines and
    the QuickBooks documents that exist there natively. `accounts` are (name, AccountType, AccountSubType) as the QuickBooks
    API names them. `seen` is (stream, book date) of every object the API serves. What lies past the horizon is left out.
    """

    data: object
    events: tuple[Event, ...] = ()
    accounts: tuple[tuple[str, str, str], ...] = ()
    vendors: tuple[str, ...] = ()
    customers: tuple[str, ...] = ()
    lists: tuple[SeedDocument, ...] = ()
    mapping: tuple[Rule, ...] = ()
    balances: tuple[Held, ...] = ()
    payroll: Payroll = NO_PAYROLL
    seen: tuple[tuple[str, date], ...] = ()
    duty: Literal["book", "prove"] = "book"


def folder_of(slug: str) -> str:
    """The folder of a system below `integrations/sandbox/`."""
    return slug.replace("-", "_")


def has_story(slug: str) -> bool:
    """Whether a folder tells the system, and answers for what it tells by an API or by files."""
    return _has(slug, "story") and (_has(slug, "api") or _has(slug, "exports"))


def exports_of(company: CompanyWorld, slug: str) -> dict[str, bytes]:
    """The export files a person gets from a told system, by name; none where its folder makes none."""
    if slug not in company.told or not _has(slug, "exports"):
        return {}
    exports = import_module(f"integrations.sandbox.{folder_of(slug)}.exports").exports
    return dict(exports(company))


def _has(slug: str, module: str) -> bool:
    return (FOLDERS / folder_of(slug) / f"{module}.py").is_file()


def untold(cast: Cast) -> frozenset[str]:
    """Systems of a company that nobody plays yet."""
    return frozenset(slug for slug in cast.systems if slug not in WORLD_PLAYS and not has_story(slug))


def tell_all(cast: Cast, seed: int) -> dict[str, Told]:
    """Every told system of a company, by slug, cut at the horizon. Raises BadStory."""
    found: dict[str, Told] = {}
    for slug in cast.systems:
        if slug not in WORLD_PLAYS and has_story(slug):
            found[slug] = import_module(f"integrations.sandbox.{folder_of(slug)}.story").tell(cast, seed)
    return checked(cast, found)


def checked(cast: Cast, told: Mapping[str, Told]) -> dict[str, Told]:
    """The stories cut at the horizon, once nothing in them contradicts itself. Raises BadStory."""
    found = {slug: _until_horizon(part) for slug, part in told.items()}
    problems = [problem for slug, told in found.items() for problem in _problems(cast, slug, told, found)]
    if problems:
        raise BadStory(f"{cast.slug}: " + "; ".join(problems[:8]))
    return found


def accounts_of(cast: Cast, told: Mapping[str, Told]) -> tuple[tuple[str, str, str], ...]:
    """The company's whole chart: its own accounts and those its systems need, each name once. Raises BadStory."""
    chart = {name: (name, kind, sub) for name, kind, sub in chart_of(cast)}
    for slug, part in told.items():
        for account in part.accounts:
            if chart.setdefault(account[0], account) != account:
                raise BadStory(f"{slug}: account {account[0]!r} is {chart[account[0]][1:]} already")
    return tuple(chart.values())


def _until_horizon(told: Told) -> Told:
    """Without what has not happened yet, whole entries at a time; a bank line booked in time may still be under way."""
    events = [
        replace(
            event,
            documents=tuple(document for document in event.documents if _dated(document) <= HORIZON),
            postings=tuple(posting for posting in event.postings if posting.day <= HORIZON),
            movements=tuple(line for line in event.movements if line.booked_on <= HORIZON),
        )
        for event in told.events
    ]
    kept = tuple(event for event in events if event.documents or event.postings or event.movements)
    return replace(told, events=kept, seen=tuple(pair for pair in told.seen if pair[1] <= HORIZON))


def _dated(document: SeedDocument) -> date:
    return date.fromisoformat(document.body["TxnDate"])


def _problems(cast: Cast, slug: str, told: Told, found: Mapping[str, Told]) -> Iterator[str]:
    names = {name for name, _, _ in accounts_of(cast, found)}
    sums: dict[tuple[str, str, date], int] = {}
    for event in told.events:
        for posting in event.postings:
            group = posting.source, posting.key, posting.day
            sums[group] = sums.get(group, 0) + posting.amount_minor
            yield from _posting_problems(slug, posting, names)
        yield from (f"{slug}: no account {line.account!r}" for line in event.movements if line.account not in names)
        if event.documents and any(posting.source == slug for posting in event.postings):
            yield f"{slug}: {event.documents[0].key} stands in QuickBooks, so its postings are of source {NATIVE!r}"
    yield from (f"{slug}: {key} of {day} is off by {amount}" for (_, key, day), amount in sums.items() if amount)
    wanted = [rule.account for rule in told.mapping] + [name for held in told.balances for name in held.accounts]
    yield from (f"{slug}: no account {name!r}" for name in sorted(set(wanted) - names))
    if told.duty == "prove" and any(source == slug for source, _, _ in sums):
        yield f"{slug}: it only proves, so its postings are of source {NATIVE!r}"


def _posting_problems(slug: str, posting: Posting, names: set[str]) -> Iterator[str]:
    if posting.account not in names:
        yield f"{slug}: no account {posting.account!r}"
    if posting.source not in {slug, BANK, NATIVE}:
        yield f"{slug}: source {posting.source!r} of {posting.key}"
    if posting.day < CUT_OVER:
        yield f"{slug}: {posting.key} is of {posting.day}, before the cut-over"
