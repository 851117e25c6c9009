"""What is asked of the Admin GraphQL API, version 2026-10. Nothing of customers is asked for.

https://shopify.dev/docs/api/admin-graphql/2026-10
"""

from __future__ import annotations

_MONEY = "{ amount currencyCode }"
_BAG = f"{{ shopMoney {_MONEY} }}"
_PAGE = "pageInfo { hasNextPage endCursor }"

SHOP = "query { shop { id name myshopifyDomain } }"

_SALE = f"""
  id actionType lineType
  totalAmount {_BAG} totalTaxAmount {_BAG} totalDiscountAmountBeforeTaxes {_BAG}
  taxes {{ amount {_BAG} taxLine {{ title channelLiable }} }}
"""


def _agreements(arguments: str, sales: str) -> str:
    return f"""agreements({arguments}) {{
      nodes {{
        __typename id happenedAt
        sales({sales}) {{ nodes {{ {_SALE} }} {_PAGE} }}
        ... on RefundAgreement {{ refund {{ id transactions(first: 20) {{ nodes {{ id }} }} }} }}
      }}
      {_PAGE}
    }}"""


ORDERS = f"""
query Orders($first: Int!, $after: String, $query: String!) {{
  orders(first: $first, after: $after, query: $query, sortKey: UPDATED_AT) {{
    nodes {{
      id legacyResourceId name test currencyCode processedAt updatedAt sourceName totalPriceSet {_BAG}
      retailLocation {{ name }}
      transactions(first: 100) {{
        id kind status test gateway createdAt processedAt paymentId settlementCurrency
        amountSet {_BAG} amountRoundingSet {_BAG} fees {{ id }} parentTransaction {{ id }} location {{ name }}
      }}
      {_agreements("first: 5", "first: 20")}
    }}
    {_PAGE}
  }}
}}"""

#: The agreements of one order, one at a time, for orders of which a page did not show them all.
AGREEMENTS = f"""
query Agreements($id: ID!, $after: String, $sales: String) {{
  order(id: $id) {{ {_agreements("first: 1, after: $after", "first: 200, after: $sales")} }}
}}"""

ORDER_IDS = f"""
query OrderIds($first: Int!, $after: String, $query: String!) {{
  orders(first: $first, after: $after, query: $query, sortKey: ID) {{ nodes {{ legacyResourceId processedAt }} {_PAGE} }}
}}"""

ORDERS_COUNT = "query OrdersCount($query: String!) { ordersCount(query: $query, limit: null) { count precision } }"

BALANCE_TRANSACTIONS = f"""
query BalanceTransactions($first: Int!, $after: String, $query: String!) {{
  shopifyPaymentsAccount {{
    balanceTransactions(first: $first, after: $after, query: $query, sortKey: PROCESSED_AT) {{
      nodes {{
        id type test transactionDate sourceId sourceType sourceOrderTransactionId adjustmentReason
        amount {_MONEY} fee {_MONEY} net {_MONEY}
        associatedOrder {{ id name }} associatedPayout {{ id }}
      }}
      {_PAGE}
    }}
  }}
}}"""

PAYOUTS = f"""
query Payouts($first: Int!, $after: String, $query: String!) {{
  shopifyPaymentsAccount {{
    payouts(first: $first, after: $after, query: $query, sortKey: ISSUED_AT) {{
      nodes {{ id legacyResourceId issuedAt status transactionType externalTraceId net {_MONEY} }}
      {_PAGE}
    }}
  }}
}}"""

DISPUTES = f"""
query Disputes($first: Int!, $after: String) {{
  shopifyPaymentsAccount {{
    disputes(first: $first, after: $after) {{
      nodes {{
        id legacyResourceId type status initiatedAt finalizedOn amount {_MONEY} order {{ id }} reasonDetails {{ reason }}
      }}
      {_PAGE}
    }}
  }}
}}"""

BALANCE = f"query {{ shopifyPaymentsAccount {{ balance {_MONEY} }} }}"

GIFT_CARDS = f"""
query GiftCards($first: Int!, $after: String) {{
  giftCards(first: $first, after: $after) {{
    nodes {{
      id createdAt deactivatedAt enabled expiresOn initialValue {_MONEY} balance {_MONEY} order {{ id }}
    }}
    {_PAGE}
  }}
}}"""

CASH_SESSIONS = f"""
query CashSessions($first: Int!, $after: String, $query: String!) {{
  cashTrackingSessions(first: $first, after: $after, query: $query) {{
    nodes {{
      id openingTime closingTime registerName location {{ name }}
      openingBalance {_MONEY} expectedClosingBalance {_MONEY} closingBalance {_MONEY}
      adjustments(first: 50) {{ nodes {{ id time note cash {_MONEY} }} }}
    }}
    {_PAGE}
  }}
}}"""
