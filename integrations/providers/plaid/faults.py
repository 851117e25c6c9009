"""Plaid's kinds of error and those codes that a person has to act on, in plain words. https://plaid.com/docs/errors/"""

from __future__ import annotations

from integrations.faults import Plain, group

FAULTS = group(
    {
        Plain("The bank asks the client to sign in again", "reconnect"): (
            "ITEM_ERROR ITEM_LOGIN_REQUIRED INVALID_CREDENTIALS INVALID_MFA ITEM_LOCKED ITEM_NOT_FOUND INVALID_ACCESS_TOKEN"
            " ACCESS_NOT_GRANTED USER_PERMISSION_REVOKED PENDING_DISCONNECT OAUTH_ERROR USER_ERROR"
        ),
        Plain("The bank wants the client at its own page first", "bank_page"): (
            "USER_SETUP_REQUIRED USER_INPUT_TIMEOUT INSUFFICIENT_CREDENTIALS MICRODEPOSITS_ERROR RECAPTCHA_ERROR"
        ),
        Plain("The bank is down or does not answer", "wait"): (
            "INSTITUTION_ERROR INSTITUTION_DOWN INSTITUTION_NOT_RESPONDING INSTITUTION_NOT_AVAILABLE INTERNAL_SERVER_ERROR"
            " PLANNED_MAINTENANCE PRODUCT_NOT_READY TRANSACTIONS_ERROR TRANSACTION_ERROR"
        ),
        Plain("The bank does not offer this through Plaid any more", "check_plan"): (
            "INSTITUTION_NO_LONGER_SUPPORTED PRODUCTS_NOT_SUPPORTED NO_ACCOUNTS PARTNER_ERROR"
        ),
        Plain("Plaid could not read what it was asked", "report"): "INVALID_INPUT INVALID_RESULT SANDBOX_ERROR",
        Plain("It is about a product of Plaid that is not used here", "report"): (
            "ASSET_REPORT_ERROR BASE_REPORT_ERROR PAYMENT_ERROR BANK_TRANSFER_ERROR INCOME_VERIFICATION_ERROR SIGNAL_ERROR"
            " TRANSFER_ERROR CHECK_REPORT_ERROR CONSUMER_REPORT_ERROR"
        ),
    }
)
