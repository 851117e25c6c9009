"""A small Stripe: the read side of the API and Connect OAuth for the story's companies."""

from __future__ import annotations

from integrations.sandbox.stripe.api import StripeService

__all__ = ["StripeService"]
