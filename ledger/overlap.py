"""Has somebody already booked this by another route? The gate before a payroll run is posted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import Sum

from ledger.models import JournalEntry, JournalLine

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clients.models import Client
    from integrations.records import PayrollRun
    from ledger.posting import Entry

DAYS = 3
#: An entry overlaps when its wages are within this share of the run's (in percent) on nearly the same day.
NEAR_PERCENT = 5


@dataclass(frozen=True, slots=True)
class Overlap:
    """An entry made in the accounting system that seems to be this run already."""

    entry_id: int
    cause: str
    title: str
    detail: dict[str, Any]


class PayrollGate:
    """Looks for hand-made entries in the wage accounts around a run's check date."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def overlapping(self, run: PayrollRun, entries: Sequence[Entry]) -> Overlap | None:
        """The live entry of origin ``ledger`` that debits the run's wage accounts by nearly its gross; None if there is none."""
        wage_lines = [line for entry in entries for line in entry.lines if line.role == "wages"]
        gross = sum(line.debit - line.credit for line in wage_lines)
        found = self._near(run, gross, {line.account_id for line in wage_lines})
        return self._overlap(run, found[0].pk, found[1], gross) if found else None

    def entry_near(self, run: PayrollRun, accounts: set[int]) -> JournalEntry | None:
        """The same look for a run already booked or held: an entry by hand on these accounts, nearly its gross."""
        gross = sum(item.amount for slip in run.payslips for item in slip.earnings)
        found = self._near(run, gross, accounts)
        return found[0] if found else None

    def _near(self, run: PayrollRun, gross: int, accounts: set[int]) -> tuple[JournalEntry, int] | None:
        if gross <= 0:
            return None
        around = JournalEntry.objects.filter(
            client=self.client,
            origin=JournalEntry.Origin.LEDGER,
            booked_on__range=(run.booked_on - timedelta(DAYS), run.booked_on + timedelta(DAYS)),
            reverses__isnull=True,
            reversals__isnull=True,
        )
        debits = (
            JournalLine.objects.filter(
                client=self.client, entry__in=around, account_id__in=accounts, account__type="expense"
            )
            .filter(entry__memo__startswith="JournalEntry")
            .values("entry_id")
            .annotate(total=Sum("debit_minor"))
            .order_by("entry_id")
        )
        for row in debits:
            if abs(row["total"] - gross) * 100 <= gross * NEAR_PERCENT:
                return JournalEntry.objects.get(pk=row["entry_id"]), row["total"]
        return None

    def _overlap(self, run: PayrollRun, entry_id: int, booked: int, gross: int) -> Overlap:
        said = f"The payroll of {run.booked_on:%b} {run.booked_on.day} is already in the books by hand"
        difference = booked - gross
        title = f"{said}, {'with other wages' if difference else 'with the same wages'}."
        return Overlap(
            entry_id,
            "payroll run entered by hand",
            title,
            {"entry_id": entry_id, "booked_minor": booked, "register_minor": gross, "difference_minor": difference},
        )
