"""From a month's registers to payroll cost on the income statement, step by step: what else is on its accounts, and what is not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Sum

from ledger import accruals, breakdowns
from ledger.models import Account, JournalLine

if TYPE_CHECKING:
    from clients.models import Client
    from ledger.core.period import Month
    from ledger.payroll_proof import PayrollProof


@dataclass(frozen=True, slots=True)
class Bridge:
    """Debit − credit, minor units. ``debits`` are the registers' positive lines; the steps after it lead to ``cost``."""

    debits: int
    elsewhere: int
    differences: int
    contractors: int
    reversed_accruals: int
    accrued: int
    others: int

    @property
    def cost(self) -> int:
        """What the accounts of payroll cost hold of the month."""
        return self.debits + self.elsewhere + self.differences + self.contractors + self.accrued_net + self.others

    @property
    def accrued_net(self) -> int:
        return self.reversed_accruals + self.accrued


def bridge(client: Client, month: Month, proof: PayrollProof) -> Bridge:
    """Each entry of the month on the accounts of payroll cost stands in one step: a run, contractor, accrual, or another."""
    ids = breakdowns.mapped(client, breakdowns.PAY_ROLES)
    accounts = set(Account.objects.filter(client=client, pk__in=ids, type="expense").values_list("pk", flat=True))
    register = [line for run in proof.runs for line in run.lines]
    debits = sum(max(line.register, 0) for line in register)
    cost = sum(line.register for line in register if line.account_id in accounts)
    of_runs = {entry for run in proof.runs for entry in (run.entry_id, run.other_id) if entry}
    sums = {"run": 0, "contractor": 0, accruals.PURPOSE: 0, accruals.BACK: 0, "": 0}
    lines = JournalLine.objects.filter(
        client=client, account_id__in=accounts, booked_on__range=(month.first, month.last)
    ).order_by()
    rows = lines.values_list("entry_id", "entry__purpose").annotate(
        debit=Sum("debit_minor"), credit=Sum("credit_minor")
    )
    for entry, purpose, debit, credit in rows:
        what = purpose.removeprefix("reversal:")
        kind = "run" if entry in of_runs else what if what in sums else ""
        sums[kind] += debit - credit
    return Bridge(
        debits=debits,
        elsewhere=cost - debits,
        differences=sums["run"] - cost,
        contractors=sums["contractor"],
        reversed_accruals=sums[accruals.BACK],
        accrued=sums[accruals.PURPOSE],
        others=sums[""],
    )
