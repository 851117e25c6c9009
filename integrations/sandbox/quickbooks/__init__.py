"""A faithful small QuickBooks Online: double entry behind the published API, one `Company` per realm."""

from __future__ import annotations

from integrations.sandbox.quickbooks.company import Company
from integrations.sandbox.quickbooks.profile import Profile
from integrations.sandbox.quickbooks.seeding import SeedDocument

__all__ = ["Company", "Profile", "SeedDocument"]
