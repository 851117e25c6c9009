"""What is on file of contractors for Form 1099-NEC."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

#: Nine digits, plain or written as a social security or employer number.
TAX_NUMBER = r"[0-9]{3}-?[0-9]{2}-?[0-9]{4}|[0-9]{2}-[0-9]{7}"


class ContractorW9(models.Model):
    """A contractor's Form W-9 as a person saw it: when it was received, and the fingerprint of the file.

    The form bears the taxpayer number in full, so that neither the form nor the number is kept here: ``sha256`` proves which file
    was seen, ``kept_at`` says where the practice keeps it, ``last_four`` are the number's last digits or ''.
    Guarantees: no text of the row holds a whole number; a file once per contractor. Updates and deletion: never; a later form
    is a row of its own.
    """

    client = models.ForeignKey("clients.Client", models.PROTECT)
    contractor = models.CharField(max_length=120)
    received_on = models.DateField()
    file_name = models.CharField(max_length=150)
    sha256 = models.CharField(max_length=64)
    size = models.PositiveIntegerField()
    last_four = models.CharField(max_length=4, blank=True)
    kept_at = models.CharField(max_length=200)
    kept_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["contractor", "-received_on", "-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["client", "contractor", "sha256"], name="w9_file_once_per_contractor"),
            models.CheckConstraint(condition=Q(last_four__regex=r"^([0-9]{4})?$"), name="w9_last_four_digits_at_most"),
            models.CheckConstraint(
                condition=~Q(file_name__regex=TAX_NUMBER) & ~Q(kept_at__regex=TAX_NUMBER), name="w9_no_whole_tax_number"
            ),
            models.CheckConstraint(condition=~Q(contractor="") & ~Q(kept_at=""), name="w9_of_whom_and_where"),
        ]

    def __str__(self) -> str:
        return f"{self.contractor} {self.received_on}"
