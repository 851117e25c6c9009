"""The file of the credit memos' index page as objects like those of the API. A file must have these columns.

https://knowledge.hubspot.com/invoices/manage-credit-memos
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integrations.provider import FileLayout

if TYPE_CHECKING:
    from collections.abc import Iterator

    from integrations.tables import Table

COLUMNS = (
    *("Record ID", "Credit memo number", "Credit memo status", "Credit memo date"),
    *("Currency", "Amount credited", "Taxes total", "Company"),
)


def credit_memos(table: Table) -> Iterator[dict[str, Any]]:
    """A credit memo for each row. Raises PayloadError naming line and column."""
    for row in table.rows:
        raw: dict[str, Any] = {
            "id": row.text("Record ID"),
            "properties": {
                "hs_number": row.text("Credit memo number", ""),
                "hs_credit_memo_status": "_".join(row.text("Credit memo status").lower().split()),
                "hs_credit_memo_date": row.day("Credit memo date").isoformat(),
                "hs_currency": row.text("Currency"),
                "hs_amount_credited": format(row.amount("Amount credited"), "f"),
                "hs_taxes_total": format(row.amount("Taxes total"), "f") if row.has("Taxes total") else None,
            },
        }
        name = row.text("Company", "")
        yield raw | ({"company": {"name": name}} if name else {})


FILES = (
    FileLayout(
        name="credit_memos",
        label="Credit memos",
        stream="credit_memos",
        recognise=lambda headers: set(COLUMNS) <= set(headers),
        objects=credit_memos,
        help=f"Commerce, then Credit memos, Export, as CSV; the view must have the columns {', '.join(COLUMNS)}.",
        reference="https://knowledge.hubspot.com/invoices/manage-credit-memos",
    ),
)
