"""Shopify's error codes in plain words. https://shopify.dev/docs/api/admin-graphql/latest/enums/BulkOperationErrorCode,
https://shopify.dev/docs/api/admin-graphql/latest/enums/OrderTransactionErrorCode
"""

from __future__ import annotations

from integrations.faults import Plain, group

FAULTS = group(
    {
        Plain("The shop did not give this app the right to read that", "reconnect"): "ACCESS_DENIED SHOP_INACTIVE",
        Plain("Shopify could not read what it was asked", "report"): "INVALID MAX_COST_EXCEEDED",
        Plain("Another reading of this shop is under way; it goes on by itself", "wait"): (
            "OPERATION_IN_PROGRESS LIMIT_REACHED THROTTLED"
        ),
        Plain("A payment in the shop did not go through", "settle_there"): (
            "AMAZON_PAYMENTS_INVALID_PAYMENT_METHOD AMAZON_PAYMENTS_MAX_AMOUNT_CHARGED AMAZON_PAYMENTS_MAX_AMOUNT_REFUNDED"
            " AMAZON_PAYMENTS_MAX_AUTHORIZATIONS_CAPTURED AMAZON_PAYMENTS_MAX_REFUNDS_PROCESSED"
            " AMAZON_PAYMENTS_ORDER_REFERENCE_CANCELED AMAZON_PAYMENTS_STALE CALL_ISSUER CARD_DECLINED CONFIG_ERROR"
            " EXPIRED_CARD GENERIC_ERROR INCORRECT_ADDRESS INCORRECT_CVC INCORRECT_NUMBER INCORRECT_PIN INCORRECT_ZIP"
            " INVALID_AMOUNT INVALID_COUNTRY INVALID_CVC INVALID_EXPIRY_DATE INVALID_NUMBER PAYMENT_METHOD_UNAVAILABLE"
            " PICK_UP_CARD PROCESSING_ERROR TEST_MODE_LIVE_CARD UNSUPPORTED_FEATURE"
            " AMOUNT_TOO_LARGE AMOUNT_TOO_SMALL AUTHENTICATION_FAILED AUTHENTICATION_REQUIRED AUTHORIZATION_EXPIRED"
            " CANCELLED_PAYMENT CARD_TESTING DO_NOT_HONOR FRAUD_SUSPECTED INSTRUMENT_DECLINED INSUFFICIENT_FUNDS"
            " INVALID_CURRENCY INVALID_PAYMENT_METHOD INVALID_PURCHASE_TYPE MERCHANT_ACCOUNT_ERROR MERCHANT_RULE"
            " PAYMENT_METHOD_UNSUPPORTED PAYMENT_PROVIDER_ERROR RETRY_DECLINED TRANSACTION_LIMIT_EXCEEDED"
        ),
    }
)
