"""PayPal's error names and issues in plain words. https://developer.paypal.com/api/rest/reference/orders/v2/errors/"""

from __future__ import annotations

from integrations.faults import Plain, group

FAULTS = group(
    {
        Plain("The PayPal account is limited or closed", "settle_there"): "INVALID_ACCOUNT_STATUS",
        Plain("PayPal could not read what it was asked", "report"): (
            "INVALID_ARRAY_MAX_ITEMS INVALID_INTEGER_MAX_VALUE INVALID_INTEGER_MIN_VALUE INVALID_PARAMETER_SYNTAX"
            " INVALID_STRING_LENGTH INVALID_STRING_MAX_LENGTH"
        ),
        Plain("What was asked for is not there any more", "open_document"): "INVALID_RESOURCE_ID",
        Plain("The day has more rows than one answer holds; it is read in parts", "wait"): "RESULTSET_TOO_LARGE",
    }
)
