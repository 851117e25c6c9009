"""``manage.py explain``: any payload gives lines, a named exception or a named reason, and never a database query."""

from __future__ import annotations

import io
import json
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.core.management import call_command
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.provider import OAuth2, Page, Provider, RateLimit, Stream
from integrations.records import Sale, Unknown
from ledger import explaining
from ledger.explaining import BOOKED, EXCEPTION, UNREADABLE, Options, explain

UTC = Options(timezone=ZoneInfo("UTC"))
SAMPLES = Path(__file__).resolve().parents[3] / "shared" / "contracts"


def read_ticket(payload, context):
    """A till's ticket: sold tickets are sales, anything else is not understood."""
    common = {"external_id": payload.text("id"), "booked_on": payload.day("on"), "currency": context.home_currency}
    if payload.text("kind") == "sold":
        yield Sale(
            **common,
            amount=payload.minor("total", context.home_currency),
            fee=payload.minor("fee", context.home_currency, "0"),
        )
    else:
        yield Unknown(
            **common, what=f"ticket kind {payload.text('kind')!r}", amount=payload.minor("total", context.home_currency)
        )


def stream(name, reads, **more):
    def recognises(raw):
        return raw.get("object") == name

    def pull(api, window):
        yield Page(items=api.get(name)["data"])

    return Stream(
        name=name,
        label=name,
        pull=pull,
        to_records=reads,
        identify=lambda raw: raw.text("id"),
        recognise=recognises,
        **more,
    )


def read_broken(payload, _context):
    yield {}[payload.text("id")]


TILL = Provider(
    slug="till",
    name="Till",
    category="processor",
    base_urls={"api": "https://till.example"},
    auth=OAuth2(authorize_url="/a", token_url="/t"),
    streams=(stream("ticket", read_ticket), stream("proof", read_ticket, duty="prove"), stream("broken", read_broken)),
    rate=RateLimit(requests=1, seconds=1),
)


@pytest.fixture(autouse=True)
def till(monkeypatch):
    known = explaining.provider
    monkeypatch.setattr(explaining, "provider", lambda slug: TILL if slug == "till" else known(slug))


def ticket(kind="sold", object_="ticket", **more):
    return {"object": object_, "id": "t1", "on": "2026-03-31", "kind": kind, "total": "12.50", "fee": "0.50", **more}


def run(payload, name="auto", provider="till"):
    content = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return explain(provider, name, content, filename="x.json", options=UTC)


def command(tmp_path, payload, *more):
    path = tmp_path / "payload.json"
    path.write_bytes(payload if isinstance(payload, bytes) else json.dumps(payload).encode())
    said = io.StringIO()
    code = 0
    try:
        call_command("explain", "till", "auto", str(path), *more, stdout=said)
    except SystemExit as left:
        code = left.code
    return code, said.getvalue()


def test_sale_is_shown_as_aligned_balanced_lines(tmp_path):
    code, said = command(tmp_path, ticket())
    assert code == BOOKED
    rows = [line.rstrip() for line in said.splitlines()]
    assert any(line.strip().startswith("Clearing · till") and line.endswith("12.00") for line in rows)
    assert any(line.strip().startswith("Sales") and line.endswith("12.50") for line in rows)
    assert any(line.split() == ["Total", "12.50", "12.50"] for line in rows)
    assert rows[-1] == "till: 1 objects; 1 booked; complete"


def test_unknown_kind_is_an_exception_with_what_and_how_much(tmp_path):
    code, said = command(tmp_path, ticket("swap"))
    assert code == EXCEPTION
    assert "Exception: ticket kind 'swap' (12.50 USD)" in said


def test_missing_field_is_named(tmp_path):
    broken = ticket()
    del broken["total"]
    code, said = command(tmp_path, {"data": [ticket(), broken]})
    assert code == UNREADABLE
    assert "$.data[1].total: is missing" in said


def test_json_answer_holds_facts_and_lines(tmp_path):
    code, said = command(tmp_path, ticket(), "--json")
    answer = json.loads(said)
    (fact,) = answer["objects"][0]["facts"]
    assert (code, answer["exit"], fact["kind"], fact["state"]) == (0, 0, "Sale", "booked")
    assert sum(line["debit"] - line["credit"] for line in fact["entries"][0]["lines"]) == 0


def test_no_database_is_asked(tmp_path):
    """Database access is refused in tests that do not ask for it; the command passes."""
    assert command(tmp_path, ticket())[0] == BOOKED


@pytest.mark.parametrize(
    "envelope",
    [
        lambda one: one,
        lambda one: [one],
        lambda one: {"data": [one], "has_more": False},
        lambda one: {"QueryResponse": {"Ticket": [one], "maxResults": 1}},
        lambda one: {"type": "ticket.created", "data": {"object": one}},
        lambda one: [{"page": {"items": [[one]]}}],
    ],
)
def test_envelopes_are_opened(envelope):
    assert run(envelope(ticket())).exit_code == BOOKED


def test_lines_of_json_and_a_byte_order_mark_are_read():
    line = json.dumps(ticket()).encode()
    assert len(run(b"\xef\xbb\xbf" + line + b"\n" + line).objects) == 2


def test_stranger_among_recognised_objects_is_not_passed_over():
    said = run([ticket(), {"object": "hat"}])
    assert said.exit_code == UNREADABLE
    assert [one.error for one in said.objects] == ["", "no stream of this provider recognises it"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"<Bill/>", "XML"),
        (b"PK\x03\x04", "not JSON"),
        (b"\xff\xfe\x00", "not JSON"),
        (b"[" * 5000, "not JSON"),
        (b"{}", "no object"),
        (b'{"object": "hat"}', "no stream of Till recognises it"),
        (b"NaN", "not JSON"),
        (b"12", "no stream of Till"),
    ],
)
def test_what_is_no_payload_is_said_plainly(content, reason):
    said = run(content)
    assert said.exit_code == UNREADABLE
    assert reason in said.error


def test_reading_that_stumbles_is_unreadable_not_a_crash():
    said = run(ticket(object_="broken"))
    assert said.exit_code == UNREADABLE
    assert "unforeseen shape" in said.objects[0].error


def test_amount_no_ledger_holds_is_unreadable():
    said = run(ticket(total="9" * 36))
    assert (said.exit_code, said.objects[0].facts) == (UNREADABLE, ())


def test_prove_stream_makes_no_entry_but_still_names_exceptions():
    (found,) = run(ticket(object_="proof")).objects
    assert (found.facts[0].state, found.facts[0].entries) == ("proof", ())
    assert run(ticket("swap", "proof")).exit_code == EXCEPTION


def test_named_stream_says_itself_what_is_wrong():
    said = run({"data": [{"id": "t1"}]}, "ticket")
    assert said.objects[0].error == "$[0].on: is missing"


def test_unknown_stream_and_provider_name_those_there_are():
    assert "ticket, proof, broken" in run(ticket(), "tickets").error
    assert "bank-file" in explain("nobody", "auto", b"{}", filename="x", options=UTC).error


def test_home_currency_is_the_payloads_own():
    (found,) = run(ticket(currency="JPY", total="1250", fee="0")).objects
    assert (found.facts[0].record.currency, found.facts[0].record.amount) == ("JPY", 1250)


def test_file_that_is_not_there_is_unreadable(tmp_path):
    with pytest.raises(SystemExit) as left:
        call_command("explain", "till", "auto", str(tmp_path / "none.json"), stdout=io.StringIO())
    assert left.value.code == UNREADABLE


def test_unknown_time_zone_is_said(tmp_path):
    code, said = command(tmp_path, ticket(), "--timezone", "Mars/Olympus")
    assert (code, "no time zone" in said) == (UNREADABLE, True)


CSV = b"Date,Description,Amount,Balance\n2026-03-30,Rent,-100.00,900.00\n2026-03-31,Deposit,50.00,950.00\n"


def test_bank_file_is_explained():
    said = explain("bank-file", "auto", CSV, filename="march.csv", options=UTC._replace(currency="USD"))
    assert said.exit_code == BOOKED
    assert [type(fact.record).__name__ for fact in said.objects[0].facts] == ["BankStatement", "BankLine", "BankLine"]


def test_bank_file_without_a_currency_says_which_was_taken():
    said = explain("bank-file", "auto", CSV, filename="march.csv", options=UTC)
    assert said.objects[0].notes[0] == "the file names no currency: read as USD"


def test_bank_file_with_ambiguous_days_asks():
    said = explain("bank-file", "auto", b"Date,Text,Amount\n03/04/2026,Rent,-5.00\n", filename="x.csv", options=UTC)
    assert said.exit_code == EXCEPTION
    assert "layout" in said.question.what


@settings(max_examples=60, deadline=None)
@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.text(max_size=6)
        | st.sampled_from(["ticket", "sold", "2026-03-31"]),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["object", "id", "on", "kind", "total", "fee", "data", "currency"]), inner, max_size=6
            )
        ),
        max_leaves=12,
    )
)
def test_no_json_makes_it_fall_over(payload):
    codes = {BOOKED, EXCEPTION, UNREADABLE}
    known, explaining.provider = explaining.provider, lambda _slug: TILL
    try:
        assert run(payload).exit_code in codes
        assert run(payload, "ticket").exit_code in codes
    finally:
        explaining.provider = known


@pytest.mark.contracts
def test_every_published_sample_has_an_answer():
    """No sample of any declared provider or bank may raise, and every fact balances or names what is missing."""
    if not SAMPLES.is_dir():
        pytest.fail("../shared/contracts is absent: run with -m 'not contracts' where the samples are not at hand")
    answers = {}
    for slug, folder in [*((slug, slug) for slug in explaining.all_providers()), ("bank-file", "bank-files")]:
        for path in sorted((SAMPLES / folder / "samples").rglob("*")):
            if path.is_file() and path.suffix not in (".md", ".txt"):
                said = explain(slug, "auto", path.read_bytes(), filename=path.name, options=UTC)
                answers[str(path.relative_to(SAMPLES))] = said
    unexplained = [
        name
        for name, said in answers.items()
        if said.exit_code == UNREADABLE and not (said.error or any(one.error for one in said.objects))
    ]
    shapeless = [
        name
        for name, said in answers.items()
        if "unforeseen" in said.error or any("unforeseen" in one.error for one in said.objects)
    ]
    assert (unexplained, shapeless) == ([], [])
    assert any(said.exit_code == BOOKED for said in answers.values())
