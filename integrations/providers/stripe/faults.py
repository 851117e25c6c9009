"""Stripe's kinds of error and what an account lacks, in plain words. https://docs.stripe.com/api/errors"""

from __future__ import annotations

from integrations.faults import Plain, group

FAULTS = group(
    {
        Plain("Stripe had an error of its own", "wait"): "api_error",
        Plain("A card was declined", "settle_there"): "card_error",
        Plain("This request was already sent once, with other content", "look_up"): "idempotency_error",
        Plain("Stripe could not read what it was asked", "report"): "invalid_request_error",
        Plain(
            "The access to Stripe was taken back", "reconnect"
        ): "account_invalid api_key_expired platform_api_key_expired",
        Plain("Too many requests in a short time; it goes on by itself", "wait"): "rate_limit lock_timeout",
    }
)
