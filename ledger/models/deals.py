"""Invoices that people write from won deals: a deal is a proposal, and only a person makes revenue of it."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q


class DealInvoice(models.Model):
    """What a person made of a won deal: an invoice, waiting for a second person or approved, or nothing, with a reason.

    ``deal`` is the deal's id among the facts of its connection, ``based_on`` what the deal said then (customer, amount, currency,
    lines). Amounts in minor units of ``currency``; the lines come to ``amount_minor``. Guarantees: one row per deal; whoever
    prepared it does not approve it; an approved invoice keeps its content (a trigger). Deletion: never.
    """

    class State(models.TextChoices):
        WAITING = "waiting", "Waits for approval"
        APPROVED = "approved", "Approved"
        DISMISSED = "dismissed", "Not to be invoiced"

    client = models.ForeignKey("clients.Client", models.PROTECT)
    connection = models.ForeignKey("integrations.Connection", models.PROTECT, related_name="+")
    deal = models.CharField(max_length=300)
    based_on = models.JSONField()
    customer = models.CharField(max_length=200)
    number = models.CharField(max_length=21, blank=True)
    invoiced_on = models.DateField(null=True)
    due_on = models.DateField(null=True)
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    lines = models.JSONField(default=list)
    state = models.CharField(max_length=9, choices=State.choices, default=State.WAITING)
    reason = models.CharField(max_length=300, blank=True)
    prepared_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    prepared_at = models.DateTimeField(auto_now=True)
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    approved_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["client", "connection", "deal"], name="deal_decided_once"),
            models.CheckConstraint(
                condition=Q(state="approved", approved_by__isnull=False, approved_at__isnull=False)
                | Q(state__in=["waiting", "dismissed"], approved_by__isnull=True, approved_at__isnull=True),
                name="deal_invoice_approved_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True) | ~Q(approved_by=F("prepared_by")),
                name="deal_invoice_second_person",
            ),
            models.CheckConstraint(
                condition=~Q(state="dismissed") | ~Q(reason=""), name="deal_dismissed_with_a_reason"
            ),
            models.CheckConstraint(
                condition=Q(state="dismissed")
                | Q(amount_minor__gt=0, invoiced_on__isnull=False, due_on__gte=F("invoiced_on")),
                name="deal_invoice_is_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.customer} {self.number}".strip()
