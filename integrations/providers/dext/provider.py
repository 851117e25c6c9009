"""Dext: suppliers' documents read off pictures and published into the accounting system. No public API: by file alone."""

from __future__ import annotations

from integrations.provider import FileOnly, Provider, Stream
from integrations.providers.dext import readings
from integrations.providers.dext.exports import FILES

PROVIDER = Provider(
    slug="dext",
    name="Dext",
    category="expenses",
    auth=FileOnly(),
    files=FILES,
    streams=(
        Stream(
            name="items",
            label="Published items",
            pull=None,
            to_records=readings.read_item,
            identify=readings.item_id,
            recognise=lambda raw: "documentReference" in raw and "documentDate" in raw,
            # Dext posts them into the accounting system itself.
            duty="prove",
            reference="https://help.dext.com/en/s/article/The-Costs-Workspace",
        ),
    ),
    contract_only=True,
    notes=(
        "Dext publishes bills, purchases and credit notes into the accounting system itself, so they are proven and not booked. "
        "Cash and cheque items are a bill and its payment. In dollars sales tax is part of the cost."
    ),
)
