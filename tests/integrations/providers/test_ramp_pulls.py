"""What is asked of Ramp, how access is handed back, and how its notices are believed."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, date, datetime

import pytest

from integrations.errors import PayloadError, Refused, RetryLater
from integrations.payload import parse_json
from integrations.provider import Credentials, Outgoing, Window
from integrations.providers.ramp import pulling, wire
from integrations.providers.ramp.provider import PROVIDER, SCOPES
from tests.integrations.contract import (
    CONTRACTS,
    ScriptedApi,
)
from tests.integrations.providers.ramp_pages import (
    STREAMS,
    facts,
    mark,
    page,
)

# ---- pulls -----------------------------------------------------------------------------------------------------------------

NOW = datetime(2026, 4, 1, 9, tzinfo=UTC)
FIRST = Window(cursor="", since=date(2026, 1, 1), now=NOW)
LATER = Window(cursor="2026-04-01T08:00:00+00:00", since=date(2026, 1, 1), now=NOW)
EMPTY = {"data": [], "page": {"next": None}}
V1 = "/developer/v1"


def pulled(name, api, window=FIRST):
    return list(STREAMS[name].pull(api, window))


def one_page(*rows, following=None):
    return {"data": list(rows), "page": {"next": following}}


def test_purchases_are_compared_whole_once_a_day_and_sixty_days_of_them_each_time():
    raw = page("transactions")["transaction"]
    following = f"https://api.ramp.com{V1}/transactions?page_size=100&start={raw['id']}"
    bills = [(f"{V1}/bills", EMPTY)] * 3
    api = ScriptedApi(*bills, (f"{V1}/transactions", one_page(raw, following=following)), (following, EMPTY))
    pages = pulled("transactions", api)
    asked = [said for path, said in api.asked if "transactions" in path]
    assert asked == [{"from_date": "2025-11-16T10:00:00+00:00", "page_size": "100"}, {}]
    assert (pages[-1].cursor, pages[-1].only) == ("2026-04-01T09:00:00+00:00", frozenset([raw["id"]]))
    api = ScriptedApi(*bills, (f"{V1}/transactions", EMPTY))
    pages = pulled("transactions", api, LATER)
    assert api.asked[-1][1]["from_date"] == "2026-01-31T09:00:00+00:00"
    assert pages[-1].only is None


def test_a_purchase_comes_with_the_bill_it_paid():
    raw, bill = page("transactions", 8)["transaction"], page("bills", 3)
    api = ScriptedApi(
        (f"{V1}/bills", one_page(bill)), *[(f"{V1}/bills", EMPTY)] * 2, (f"{V1}/transactions", one_page(raw))
    )
    (item,) = pulled("transactions", api)[0].items
    assert item == page("transactions", 8)
    assert [said["payment_method"] for path, said in api.asked if path.endswith("bills")] == list(pulling.CARD)


def test_bills_are_open_new_paid_or_archived_and_each_comes_once():
    raw = page("bills") | {"invoice_urls": ["https://receipts.ramp.com/a?signature=1"]}
    api = ScriptedApi(*[(f"{V1}/bills", one_page(raw))] * 4)
    pages = pulled("bills", api)
    assert [len(one.items) for one in pages] == [1, 0, 0, 0, 0]
    assert pages[0].items[0]["invoice_urls"] == ["https://receipts.ramp.com/a"]
    assert [set(said) - {"page_size"} for _, said in api.asked] == [
        {"payment_status"},
        {"from_created_at"},
        {"from_paid_at"},
        {"is_archived"},
    ]


def test_reimbursements_are_asked_for_by_change_in_both_directions():
    api = ScriptedApi(*[(f"{V1}/reimbursements", EMPTY)] * 2)
    pulled("reimbursements", api, LATER)
    assert [said["direction"] for _, said in api.asked] == ["BUSINESS_TO_USER", "USER_TO_BUSINESS"]
    assert {said["updated_after"] for _, said in api.asked} == {"2026-04-01T07:00:00+00:00"}


def test_what_was_paid_together_is_one_sum_at_the_bank():
    rows = [page("reimbursements", index) for index in (0, 1, 2, 3, 10)]
    api = ScriptedApi((f"{V1}/reimbursements", one_page(*rows)), (f"{V1}/reimbursements", EMPTY))
    (batch,) = pulled("reimbursement_batches", api)[0].items
    assert [part["id"][-2:] for part in batch["reimbursement_batch"]["parts"]] == ["01", "03", "11"]
    assert facts("reimbursement_batches", batch)[0].amount == 4250 + 5900 + 5421


def test_a_statement_comes_with_what_its_transactions_come_to():
    raw = page("statements")["statement"] | {"statement_url": "https://x?signature=1", "statement_lines": []}
    rows = [page("transactions", index)["transaction"] for index in (0, 1, 2)]
    api = ScriptedApi((f"{V1}/statements", one_page(raw)), (f"{V1}/transactions", one_page(*rows)))
    (item,) = pulled("statements", api)[0].items
    assert item["listed"] == {"charges": 16550, "refunds": 9000, "count": 3}
    assert "statement_url" not in item["statement"]


def test_a_receipts_file_is_fetched_at_once_and_again_by_a_fresh_address():
    row = page("receipts")["receipt"] | {"receipt_url": "https://receipts.ramp.com/old"}
    content = base64.b64decode(page("receipts")["file"]["content"])
    api = ScriptedApi(
        (f"{V1}/receipts", one_page(row)),
        ("https://receipts.ramp.com/old", RetryLater("the address of a file has run out")),
        (f"{V1}/receipts/{row['id']}", row | {"receipt_url": "https://receipts.ramp.com/new"}),
        ("https://receipts.ramp.com/new", content),
    )
    assert pulled("receipts", api)[0].items == [page("receipts")]
    gone = ScriptedApi(
        (f"{V1}/receipts", one_page(row)), ("https://receipts.ramp.com/old", Refused("gone", code="404"))
    )
    assert pulled("receipts", gone)[0].items[0]["file"] is None


def test_a_paper_is_fetched_by_an_address_of_now():
    invoice = facts("bills", page("bills"))[0].support[0].id
    bill = f"{V1}/bills/{mark('b1', 1)}"
    assert PROVIDER.receipt(ScriptedApi((bill, {"invoice_urls": ["https://a"]})), invoice) == "https://a"
    kept = mark("f3", 1)
    assert PROVIDER.receipt(ScriptedApi((f"{V1}/receipts/{kept}", {"receipt_url": "https://b"})), kept) == "https://b"
    for urls in ([], None, [3]):
        with pytest.raises(PayloadError, match="invoice_urls"):
            PROVIDER.receipt(ScriptedApi((bill, {"invoice_urls": urls})), invoice)


def test_one_entity_is_asked_for_where_several_share_an_account():
    for name in ("transactions", "bills", "reimbursements", "cashbacks", "transfers"):
        api = ScriptedApi(
            *[(f"{V1}/{path}", EMPTY) for path in ("transactions", "bills", "reimbursements", "cashbacks", "transfers")]
            * 4,
            settings={"entity_id": "e-1"},
        )
        pulled(name, api)
        assert {said["entity_id"] for _, said in api.asked} == {"e-1"}, name


def test_nothing_can_be_written_and_nothing_is_marked_as_synced():
    assert {scope.partition(":")[2] for scope in SCOPES} == {"read"}
    assert all(set(stream.scopes) <= set(SCOPES) for stream in PROVIDER.streams)
    assert not any(scope.startswith("accounting") for scope in SCOPES)
    api = ScriptedApi(
        *[(f"{V1}/{name}", EMPTY) for name in ("bills", "transactions", "reimbursements", "receipts")] * 7
    )
    for name in ("transactions", "bills", "reimbursements", "receipts"):
        pulled(name, api)
    assert not [path for path, _ in api.asked if "accounting" in path]


# ---- access and notices ----------------------------------------------------------------------------------------------------


def test_a_token_is_handed_back_by_the_id_and_secret_it_came_by():
    app = Credentials(access="at", refresh="rt", client_id="app", secret="hush")
    own = Credentials(access="at", keys={"client_id": "own", "client_secret": "key"}, kind="credentials")
    for credentials, basic in ((app, b"app:hush"), (own, b"own:key")):
        request = Outgoing("POST", wire.REVOKE, {}, {})
        wire.authorise(request, credentials)
        assert request.headers["Authorization"] == f"Basic {base64.b64encode(basic).decode()}"
        api = ScriptedApi((wire.REVOKE, b""))
        wire.revoke(api, credentials)
        assert api.asked == [(wire.REVOKE, {"token": credentials.refresh or "at"})]
    request = Outgoing("GET", f"{V1}/bills", {}, {})
    wire.authorise(request, app)
    assert request.headers["Authorization"] == "Bearer at"


def signature(body, key="subscription-secret"):
    return hmac.new(key.encode(), body, hashlib.sha256).hexdigest()


@pytest.mark.parametrize(
    ("body", "told", "fits"),
    [
        (b'{"id": "e"}', signature(b'{"id": "e"}'), True),
        (b'{"id": "e"}', signature(b'{"id":"e"}'), False),  # as the vendor's own example would, written anew
        (b"{}", signature(b"{}", "another"), False),
        (b"{}", signature(b"{}").upper(), False),
        (b"{}", base64.b64encode(hmac.new(b"subscription-secret", b"{}", hashlib.sha256).digest()).decode(), False),
        (b"{}", "", False),
        (b"{}", "é", False),
    ],
)
def test_a_notice_is_believed_by_its_raw_bytes(body, told, fits):
    headers = {"x-ramp-webhook-signature": told}
    assert PROVIDER.webhook.verify(body, headers, ["older", "subscription-secret"], NOW) is fits


def test_the_challenge_of_a_subscription_is_answered_as_it_came():
    assert PROVIDER.webhook.greeting(b'{"challenge": "word-1"}', {}).answer == "word-1"
    for body in (b'{"id": "e", "type": "bills.paid"}', b'{"challenge": 1}', b'{"challenge": ""}', b"[]", b"x"):
        assert PROVIDER.webhook.greeting(body, {}) is None


@pytest.mark.contracts
@pytest.mark.parametrize(
    ("sample", "streams"),
    [
        ("transactions-cleared", ("transactions", "receipts")),
        ("transactions-cleared-2", ("transactions", "receipts")),
        ("reimbursements-ready_to_sync", ("reimbursements", "reimbursement_batches")),
        ("purchase_orders-ready_to_sync", ()),
    ],
)
def test_a_notice_names_its_business_and_what_to_read_again(sample, streams):
    told = parse_json((CONTRACTS / f"ramp/samples/webhooks/{sample}.json").read_bytes())
    assert list(PROVIDER.webhook.events(told)) == [(told["id"], told["business_id"], streams)]
