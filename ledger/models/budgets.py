"""What a client means to earn and to spend: one figure an account and month."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class BudgetLine(models.Model):
    """The budget of one income or expense account in one month, minor units on the account's own side (income and costs positive).

    Guarantees (by the database): one figure an account and month, an account of the same client, the first day of a month.
    Updates and deletion: a fiscal year's lines are replaced together (``ledger.budgets``), and the audit trail keeps who did.
    """

    client = models.ForeignKey("clients.Client", models.PROTECT)
    account = models.ForeignKey("ledger.Account", models.PROTECT, related_name="+")
    month = models.DateField(help_text="The month's first day.")
    amount_minor = models.BigIntegerField()

    class Meta:
        ordering: ClassVar = ["account", "month"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["client", "account", "month"], name="budget_one_per_account_and_month"),
            models.CheckConstraint(condition=models.Q(month__day=1), name="budget_month_starts_on_the_first"),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.month:%Y-%m}"
