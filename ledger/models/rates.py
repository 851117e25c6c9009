"""Exchange rates that no record brings with it."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q


class ExchangeRate(models.Model):
    """What a unit of ``currency`` was worth in the client's home currency on a day, in major units.

    ``source`` says where it comes from: the accounting system, or what a person named. Guarantees: positive; the newest
    reading of a day counts. Updates and deletion: never.
    """

    client = models.ForeignKey("clients.Client", models.PROTECT)
    currency = models.CharField(max_length=3)
    on_date = models.DateField()
    rate = models.DecimalField(max_digits=24, decimal_places=12)
    source = models.CharField(max_length=120)
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    set_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["-on_date", "-id"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(rate__gt=0), name="rate_is_positive"),
            models.CheckConstraint(condition=Q(currency__regex="^[A-Z]{3}$"), name="rate_is_of_a_currency"),
        ]
        indexes: ClassVar = [models.Index(fields=["client", "currency", "on_date"], name="rate_by_day")]

    def __str__(self) -> str:
        return f"{self.currency} {self.rate.normalize():f} on {self.on_date}"
