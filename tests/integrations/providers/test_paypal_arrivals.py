"""How PayPal's lists are asked for, its notices believed, and its activity download read."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import pairwise

import pytest

from integrations import tables, webhooks
from integrations.errors import PayloadError, Refused
from integrations.provider import Window
from integrations.providers.paypal import pulling
from integrations.providers.paypal.activity import TYPES, is_activity, rows_to_objects
from integrations.providers.paypal.readings import READINGS
from tests.integrations.contract import CONTRACTS, NOW, ScriptedApi, read
from tests.integrations.providers.paypal_pages import ACTIVITY, HEADER
from tests.integrations.providers.test_paypal_readings import ROWS, lines, objects, page

# ---- pulling ---------------------------------------------------------------------------------------------------------------


def answer(*ids, pages=1, refreshed="2026-04-01T08:00:00+0000"):
    rows = [{"transaction_info": {**page("00000000SALE")["transaction_info"], "transaction_id": one}} for one in ids]
    return {"transaction_details": rows, "total_pages": pages, "last_refreshed_datetime": refreshed}


def pulled(api, cursor="", since=date(2026, 3, 20)):
    found = list(pulling.pull_transactions(api, Window(cursor=cursor, since=since, now=NOW)))
    return [raw["transaction_info"]["transaction_id"] for one in found for raw in one.items], found[-1].cursor


def test_a_span_with_too_many_rows_is_halved_without_a_gap():
    large = Refused("too many", code="RESULTSET_TOO_LARGE")
    script = [large, large, answer("a"), answer("b"), answer("c", pages=2), answer("d")]
    api = ScriptedApi(*((pulling.TRANSACTIONS, one) for one in script))
    assert pulled(api)[0] == ["a", "b", "c", "d"]
    spans = [(said["start_date"], said["end_date"]) for _, said in api.asked[2:5]]
    assert spans[0][0] == "2026-03-19T10:00:00Z"
    assert spans[-1][1] == "2026-04-01T09:00:00Z"
    for (_, before), (after, _) in pairwise(spans):
        assert datetime.fromisoformat(after) - datetime.fromisoformat(before) == timedelta(seconds=1)
    assert [said["page"] for _, said in api.asked[4:]] == ["1", "2"]


def test_another_refusal_is_not_taken_for_too_many_and_one_second_is_not_halved():
    api = ScriptedApi((pulling.TRANSACTIONS, Refused("no", code="INVALID_REQUEST")))
    with pytest.raises(Refused):
        pulled(api)
    api = ScriptedApi(*[(pulling.TRANSACTIONS, Refused("no", code="RESULTSET_TOO_LARGE"))] * 60)
    with pytest.raises(Refused):
        pulled(api)
    assert len(api.asked) < 60


def test_no_query_is_wider_than_31_days_and_the_cursor_stays_where_the_list_was_complete():
    api = ScriptedApi(*[(pulling.TRANSACTIONS, answer())] * 4)
    _, cursor = pulled(api, since=date(2026, 1, 1))
    for _, said in api.asked:
        assert datetime.fromisoformat(said["end_date"]) - datetime.fromisoformat(said["start_date"]) < timedelta(
            days=31
        )
        assert (said["fields"], said["page_size"]) == ("all", "500")
    assert cursor == "2026-04-01T08:00:00Z 2026-04-01T09:00:00Z"


@pytest.mark.parametrize(
    ("deep", "begins"),
    [("2026-03-30T09:00:00Z", "2026-03-28T08:00:00Z"), ("2026-03-20T09:00:00Z", "2026-02-14T08:00:00Z")],
)
def test_three_days_are_read_again_each_time_and_45_once_a_week(deep, begins):
    api = ScriptedApi(*[(pulling.TRANSACTIONS, answer())] * 2)
    pulled(api, f"2026-03-31T08:00:00Z {deep}", since=date(2025, 1, 1))
    assert api.asked[0][1]["start_date"] == begins


def test_of_a_payment_whose_order_a_shop_books_only_the_fee_is_new():
    told = answer("a")
    api = ScriptedApi((pulling.TRANSACTIONS, told), settings={"order_prefix": "WC-,FERN-"})
    (raw,) = [
        raw
        for one in pulling.pull_transactions(api, Window(cursor="", since=date(2026, 3, 20), now=NOW))
        for raw in one.items
    ]
    assert raw["settles_order"] == "FERN-1001"
    assert lines(raw) == [("clearing", "paypal", -456), ("merchant-fees", "", 456)]


def test_only_what_was_decided_is_asked_for_whole_and_nobodys_letters_are_kept():
    resolved, waiting = objects("disputes")[0], objects("disputes")[4]
    follow = {"items": [resolved], "links": [{"href": "/next", "rel": "next"}]}
    whole = {**resolved, "messages": [{"content": "private"}]}
    api = ScriptedApi(
        (pulling.DISPUTES, follow),
        (f"{pulling.DISPUTES}/PP-R-FER-1", whole),
        ("/next", {"items": [waiting], "links": []}),
    )
    found = list(pulling.pull_disputes(api, Window(cursor="", since=date(2026, 1, 1), now=NOW)))
    assert [raw for one in found for raw in one.items] == [resolved, waiting]
    assert "update_time_after" not in api.asked[0][1]


# ---- notices ---------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_notice_is_believed_for_the_account_whose_webhook_id_was_pasted(world, connect, sandbox):
    connection = connect(world.bob, world.kestrel, "paypal", company="tamarack")
    signed = sandbox.app.services["paypal"].webhook("tamarack", "PAYMENT.CAPTURE.COMPLETED", "")

    def sent(account, **headers):
        found = webhooks.receive("paypal", signed.body, {**signed.headers, **headers}, account_id=account)
        return found.status, found.new, found.known

    assert sent("ANOTHERACCOUNT") == (401, 0, 0)
    assert sent(connection.account_id, **{"PAYPAL-CERT-URL": "https://certs.evil.example/CERT-1"}) == (401, 0, 0)
    assert sent(connection.account_id) == (200, 1, 0)
    assert sent(connection.account_id) == (200, 0, 1), "sent again, it is known"


# ---- the activity download -------------------------------------------------------------------------------------------------


def from_file(text):
    table = tables.find(text.encode(), "activity.csv", is_activity)
    return list(rows_to_objects(table))


def test_the_download_gives_the_facts_that_the_api_gives():
    by_api = page("00000000SALE")["transaction_info"] | {"discount_amount": {"currency_code": "USD", "value": "0.00"}}
    by_api |= {"shipping_discount_amount": {"currency_code": "USD", "value": "0.00"}}
    line = (
        '"03/02/2026","12:15:00","PST","Wren Halloway","Express Checkout Payment","Completed","USD","116.75","-4.56","112.19",'
        '"9FERN00000000SALE","Oak tray [large]","12.00","7.25","","FERN-1001","112.19","Credit"\n'
        '"03/31/2026","12:15:00","PDT","","Invoice Sent","Completed","USD","1.00","0.00","1.00","X","","","","","","","Memo"\n'
    )
    first = from_file(HEADER + line)[0]
    assert read(ROWS, first) == read(ROWS, {**page("00000000SALE"), "transaction_info": by_api})


def test_a_file_is_read_by_its_own_habits_or_refused():
    german = ACTIVITY.decode("utf-8-sig").replace("02/28/2026", "28/02/2026").replace("03/01/2026", "01/03/2026")
    german = german.replace("03/02/2026", "02/03/2026").replace("03/03/2026", "03/03/2026")
    german = german.replace("1,107.25", "1.107,25").replace("1,068.12", "1.068,12").replace("1,064.87", "1.064,87")
    for printed in ("-39.13", "107.25", "7.25", "12.00", "96.10", "104.00", "500.00", "20.00", "9.00", "1.00", "0.00"):
        german = german.replace(f'"{printed}"', f'"{printed.replace(".", ",")}"').replace(
            f'"-{printed}"', f'"-{printed.replace(".", ",")}"'
        )
    facts = [fact for raw in from_file(german) for fact in read(ROWS, raw)]
    english = [fact for raw in from_file(ACTIVITY.decode("utf-8-sig")) for fact in read(ROWS, raw)]
    assert facts == english
    with pytest.raises(PayloadError, match="cannot be told apart"):
        from_file(ACTIVITY.decode("utf-8-sig").replace("02/28/2026", "02/08/2026"))
    with pytest.raises(PayloadError, match="time zone of one meaning"):
        from_file(ACTIVITY.decode("utf-8-sig").replace('"PST"', '"IST"'))


@pytest.mark.contracts
def test_the_recorded_download_is_known_and_refused_since_its_two_lines_have_one_day_that_reads_both_ways():
    sample = (CONTRACTS / "paypal/samples/activity-download-old-format.csv").read_text()
    with pytest.raises(PayloadError, match="cannot be told apart"):
        from_file(sample)
    facts = [fact for raw in from_file(sample.replace("6/4/2016", "6/14/2016")) for fact in read(ROWS, raw)]
    assert [(type(fact).__name__, fact.amount) for fact in facts] == [
        ("BalancePurchase", 2000),
        ("BalanceFunding", 112000),
    ]
    assert {fact.booked_on for fact in facts} == {date(2016, 6, 14)}


def test_every_word_of_the_download_stands_for_a_code_that_is_read():
    assert [
        word for word, code in TYPES.items() if code not in READINGS and code[:3] not in READINGS and code[:3] != "T02"
    ] == []
