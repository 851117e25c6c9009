"""Contractors of a year for Form 1099-NEC: what was paid, what the books hold, and whether a Form W-9 was seen."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import PurePath
from typing import TYPE_CHECKING

from django.conf import settings

from clients import audit
from integrations.models import Fact
from integrations.records import ContractorPayment, LedgerParty
from integrations.records_json import from_json
from ledger import mapping
from ledger.core.contractors import NOBODY, Payee, contractors
from ledger.models import ContractorW9, JournalLine
from ledger.models.contractors import TAX_NUMBER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from clients.models import Client, User

#: Files a Form W-9 comes as.
TYPES = (".pdf", ".png", ".jpg", ".jpeg", ".tif", ".tiff")
_LONGEST_NAME = 150


class W9Refused(ValueError):  # noqa: N818
    """The form cannot be recorded; the message is for the person who brought it."""


@dataclass(frozen=True, slots=True)
class Contractor:
    """A contractor's year. ``w9``: the newest form seen; ``has_tax_number``: what the payroll system says of it, None where it says
    nothing; ``is_marked``: the accounting system's 1099 mark, None where it has no such vendor.
    """

    payee: Payee
    w9: ContractorW9 | None
    has_tax_number: bool | None
    is_marked: bool | None

    @property
    def lacks_w9(self) -> bool:
        """Reported without a form."""
        return self.payee.reported and self.w9 is None


def contractors_of(client: Client, year: int, last: date) -> list[Contractor]:
    """Everyone paid as a contractor in the year, to a day; payments by card are the card processor's to report."""
    paid, numbers = _payments(client, year, last)
    held = _held(client, year, last)
    seen: dict[str, ContractorW9] = {}
    for form in ContractorW9.objects.filter(client=client).order_by("received_on", "pk"):
        seen[form.contractor.casefold()] = form
    marks = _marks(client)
    return [
        Contractor(payee, seen.get(payee.name.casefold()), numbers.get(payee.name), marks.get(payee.name.casefold()))
        for payee in contractors(paid, held, year)
    ]


def _payments(client: Client, year: int, last: date) -> tuple[dict[str, int], dict[str, bool]]:
    """Paid through the payroll system by contractor, and whether it holds a taxpayer number, as last said."""
    facts = Fact.objects.filter(
        client=client, kind="ContractorPayment", booked_on__range=(date(year, 1, 1), last)
    ).exclude(state="superseded")
    newest: dict[tuple[int, str], ContractorPayment] = {}
    for fact in facts.order_by("pk"):
        record = from_json(fact.kind, fact.data)
        assert isinstance(record, ContractorPayment)
        newest[fact.connection_id, record.external_id] = record
    paid: dict[str, int] = defaultdict(int)
    numbers: dict[str, bool] = {}
    for record in sorted(newest.values(), key=lambda one: one.booked_on):
        paid[record.contractor] += record.amount
        if record.has_tax_number is not None:
            numbers[record.contractor] = record.has_tax_number
    return dict(paid), numbers


def _held(client: Client, year: int, last: date) -> dict[str, int]:
    """What the contractors' accounts hold by party, without what a card paid."""
    ids = mapping.accounts_by_role(client.pk, "contractor-expense", last)
    by_card = mapping.accounts_by_role(client.pk, "card", last)
    lines = JournalLine.objects.filter(client=client, account_id__in=ids, booked_on__range=(date(year, 1, 1), last))
    lines = lines.exclude(entry__lines__account_id__in=by_card) if by_card else lines
    held: dict[str, int] = defaultdict(int)
    for party, debit, credit in lines.values_list("party", "debit_minor", "credit_minor"):
        held[party or NOBODY] += debit - credit
    return {name: amount for name, amount in held.items() if amount}


def _marks(client: Client) -> Mapping[str, bool]:
    """Vendors of the accounting system by name: whether it marks them for Form 1099."""
    facts = Fact.objects.filter(client=client, kind="LedgerParty", external_id__startswith="Vendor:")
    found: dict[str, bool] = {}
    for fact in facts.exclude(state="superseded").order_by("pk"):
        record = from_json(fact.kind, fact.data)
        assert isinstance(record, LedgerParty)
        found[record.name.casefold()] = record.is_reported
    return found


def keep_w9(
    client: Client,
    contractor: str,
    *,
    received_on: date | None,
    name: str,
    content: bytes,
    last_four: str,
    kept_at: str,
    today: date,
    by: User,
) -> ContractorW9:
    """Record that a contractor's Form W-9 was seen. The file is read for its fingerprint and not kept. Raises W9Refused."""
    file_name = PurePath(name.replace("\\", "/")).name[-_LONGEST_NAME:]
    problem = _problem(contractor, received_on, file_name, content, last_four, kept_at, today)
    if problem or received_on is None:
        raise W9Refused(problem)
    digest = sha256(content).hexdigest()
    known = ContractorW9.objects.filter(client=client, contractor=contractor, sha256=digest).first()
    if known is not None:
        raise W9Refused(
            f"This very form is on file since {known.recorded_at:%b} {known.recorded_at.day}, {known.recorded_at.year}."
        )
    row = ContractorW9.objects.create(
        client=client,
        contractor=contractor,
        received_on=received_on,
        file_name=file_name,
        sha256=digest,
        size=len(content),
        last_four=last_four,
        kept_at=kept_at,
        kept_by=by,
    )
    audit.record(client, by, "w9.recorded", contractor, {"received_on": str(received_on), "sha256": digest})
    return row


def _problem(
    contractor: str, received_on: date | None, name: str, content: bytes, last_four: str, kept_at: str, today: date
) -> str:
    """Why the form cannot be recorded; '' where it can."""
    wrong = {
        "Say whose form it is.": not contractor or contractor == NOBODY,
        "Received on: a day not after today.": received_on is None or received_on > today,
        f"The form is a file of one of these kinds: {', '.join(TYPES)}.": PurePath(name).suffix.lower() not in TYPES,
        "The file is empty.": not content,
        "The file is larger than 10 MiB.": len(content) > settings.UPLOAD_LIMIT_BYTES,
        "Last four digits: four digits, or nothing.": not re.fullmatch(r"([0-9]{4})?", last_four),
        "Say where the form is kept; it is not kept here.": not kept_at,
        "A whole taxpayer number is in the file's name or in the place; it must not be kept here.": any(
            re.search(TAX_NUMBER, text) for text in (name, kept_at)
        ),
    }
    return next((said for said, is_so in wrong.items() if is_so), "")
