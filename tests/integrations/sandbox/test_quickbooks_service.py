"""QuickBooks on the wire: tokens, both spellings of refusal, formats, limits, files, and a restart."""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import json
from datetime import date
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import pytest
from quickbooks_builder import Seed, bill, bill_payment, entry, lists, placed
from werkzeug.routing import Map
from werkzeug.test import Client
from werkzeug.wrappers import Request, Response

from integrations.sandbox.clock import Clock
from integrations.sandbox.quickbooks import Profile
from integrations.sandbox.quickbooks.amounts import dump
from integrations.sandbox.quickbooks.service import QuickBooks
from integrations.sandbox.service import Setting
from integrations.sandbox.state import StateLog

SLUG = "quickbooks-online"
REALMS = {"larch": "9341450000000001", "maple": "9341450000000002"}
SEEDS = [
    Seed("Bill", bill("11500", "2026-02-01"), "rent-2026-02"),
    Seed("BillPayment", bill_payment("rent-2026-02", "11500", "2026-02-03"), "paid"),
]
CALLBACK = "http://127.0.0.1:8000/callback"


def stock(world, slug):
    return Profile(REALMS[slug], slug.title(), date(2026, 2, 28)), [*lists(), *SEEDS]


class Wire:
    """A client of the service as if it were mounted."""

    def __init__(self, folder=None, limits=False):
        world = SimpleNamespace(companies=dict.fromkeys(REALMS), seed=7)
        self.log = StateLog(folder)
        self.clock = Clock()
        ids = {SLUG: ("client", "secret")}
        self.service = QuickBooks(Setting(world, self.clock, self.log, limits=limits, client_ids=ids), stock)
        for record in self.log.records():
            self.service.replay(record)
        rules = Map(self.service.rules())

        def application(environ, start):
            request = Request(environ)
            endpoint, values = rules.bind_to_environ(environ).match()
            return self.service.handle(endpoint, request, values)(environ, start)

        self.client = Client(application, Response)
        self.token = ""

    def connect(self, slug="larch"):
        self.token = self.service.desk.open_grant(slug, "com.intuit.quickbooks.accounting").access_token
        return self

    @property
    def company(self):
        return self.service.companies["larch"]

    def headers(self, **more):
        return {"Authorization": f"Bearer {self.token}", "Accept": "application/json", **more}

    def get(self, path, slug="larch", headers=None, **query):
        url = f"/v3/company/{REALMS[slug]}{path}"
        return self.client.get(url, query_string=query, headers=headers or self.headers())

    def post(self, path, body, headers=None, **query):
        url = f"/v3/company/{REALMS['larch']}{path}"
        return self.client.post(url, data=dump(body), query_string=query, headers=headers or self.headers())

    def entry(self, **more):
        return placed(self.company, entry("Rent", "Checking", "12", **more))


@pytest.fixture
def wire():
    return Wire().connect()


# -- consent and tokens -----------------------------------------------------------------------------------------------


def basic(user="client", password="secret"):
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def consented(wire, company="maple"):
    form = {"client_id": "client", "redirect_uri": CALLBACK, "state": "s1", "response_type": "code", "scope": "x"}
    answer = wire.client.post("/connect/oauth2", data={**form, "company": company, "decision": "approve"})
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["Location"]).query).items()}


def exchanged(wire, data, headers=None):
    return wire.client.post("/oauth2/v1/tokens/bearer", data=data, headers={**basic(), **(headers or {})})


def test_consent_brings_back_code_state_and_realm():
    found = consented(Wire())
    assert (found["state"], found["realmId"]) == ("s1", REALMS["maple"])


def test_a_code_buys_tokens_once():
    wire = Wire()
    data = {"grant_type": "authorization_code", "code": consented(wire)["code"], "redirect_uri": CALLBACK}
    body = exchanged(wire, data).json
    assert (body["expires_in"], body["x_refresh_token_expires_in"]) == (3600, 8726400)
    assert "x_refresh_token_hard_expires_in" not in body
    second = exchanged(wire, data)
    assert (second.status_code, second.json["error"]) == (400, "invalid_grant")


def test_a_refresh_rolls_the_token_and_tells_the_hard_end_when_asked():
    wire = Wire()
    grant = wire.service.desk.open_grant("larch", "x")
    first = grant.refresh_token
    body = exchanged(
        wire,
        {"grant_type": "refresh_token", "refresh_token": first},
        {"x-include-refresh-token-hard-expires-in": "true"},
    ).json
    assert body["refresh_token"] != first
    assert body["x_refresh_token_hard_expires_in"] > body["x_refresh_token_expires_in"]


def test_a_wrong_client_secret_is_refused():
    answer = exchanged(Wire(), {"grant_type": "refresh_token", "refresh_token": "x"}, basic(password="no"))
    assert (answer.status_code, answer.json["error"]) == (401, "invalid_client")


def test_a_revoked_token_opens_nothing(wire):
    assert wire.client.post("/v2/oauth2/tokens/revoke", json={"token": wire.token}, headers=basic()).status_code == 200
    assert wire.get("/preferences").status_code == 401


# -- refusals -----------------------------------------------------------------------------------------------------------


def test_an_expired_token_is_told_in_the_gateways_spelling(wire):
    wire.clock.advance(3601)
    answer = wire.get("/preferences")
    body = answer.json
    assert answer.status_code == 401
    assert body["fault"]["type"] == "AUTHENTICATION"
    assert body["fault"]["error"][0]["code"] == "3200"
    assert isinstance(body["time"], int)
    assert wire.token not in answer.text


def test_a_token_of_one_company_does_not_open_another(wire):
    answer = wire.get("/preferences", slug="maple")
    assert answer.status_code == 403
    assert answer.json["fault"]["error"][0]["code"] == "3100"


def test_a_refusal_is_json_when_json_was_asked_for_and_xml_otherwise(wire):
    body = wire.entry(TxnDate="2026-02-01")
    answer = wire.post("/journalentry", body)
    assert (answer.status_code, answer.json["Fault"]["Error"][0]["code"]) == (400, "6210")
    plain = wire.post("/journalentry", body, headers=wire.headers(Accept="*/*"))
    assert plain.mimetype == "application/xml"
    assert '<Error code="6210"' in plain.text


def test_unreadable_bodies_and_unknown_paths_are_faults(wire):
    answer = wire.client.post(f"/v3/company/{REALMS['larch']}/journalentry", data=b"{", headers=wire.headers())
    assert answer.json["Fault"]["Error"][0]["code"] == "2010"
    assert wire.post("/payslip", {}).json["Fault"]["Error"][0]["code"] == "500"
    assert wire.get("/bill/999").json["Fault"]["Error"][0]["code"] == "610"


def test_the_501st_request_of_a_minute_is_throttled():
    wire = Wire(limits=True).connect()
    codes = [wire.get("/preferences").status_code for _ in range(501)]
    assert codes[499:] == [200, 429]
    assert wire.get("/preferences").json["Fault"]["Error"][0]["code"] == "3001"
    wire.clock.advance(61)
    assert wire.get("/preferences").status_code == 200


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 503])
def test_every_bare_status_has_a_body_of_its_own_kind(wire, status):
    assert wire.service.failure(status).status_code == status


# -- reading and writing --------------------------------------------------------------------------------------------------


def test_every_answer_carries_a_trace_id(wire):
    first, second = wire.get("/preferences"), wire.get("/bill/999")
    assert first.headers["intuit_tid"] != second.headers["intuit_tid"]


def test_a_query_may_come_as_parameter_or_as_body(wire):
    statement = "select count(*) from Bill"
    assert wire.get("/query", query=statement).json["QueryResponse"] == {"totalCount": 1}
    url = f"/v3/company/{REALMS['larch']}/query"
    headers = wire.headers(**{"Content-Type": "application/text"})
    assert wire.client.post(url, data=statement, headers=headers).json["QueryResponse"] == {"totalCount": 1}


def test_company_information_is_found_under_the_realm(wire):
    assert wire.get(f"/companyinfo/{REALMS['larch']}").json["CompanyInfo"]["CompanyName"] == "Larch"


def test_a_write_is_read_back_by_id_query_report_and_change_capture(wire):
    made = wire.post("/journalentry", wire.entry(DocNumber="T-1"), requestid="r1", minorversion="75").json[
        "JournalEntry"
    ]
    assert wire.get(f"/journalentry/{made['Id']}").json["JournalEntry"] == made
    assert wire.get("/query", query="select * from JournalEntry where DocNumber = 'T-1'").json["QueryResponse"][
        "maxResults"
    ]
    found = wire.get("/cdc", entities="JournalEntry", changedSince=made["MetaData"]["CreateTime"])
    assert found.json["CDCResponse"][0]["QueryResponse"][0]["JournalEntry"] == [made]
    report = wire.get("/reports/GeneralLedger", start_date="2026-03-01", end_date="2026-03-31")
    assert f'"id":"{made["Id"]}"' in report.text


def test_the_same_request_id_on_the_wire_writes_once(wire):
    answers = [wire.post("/journalentry", wire.entry(), requestid="r1").data for _ in range(2)]
    assert answers[0] == answers[1]
    assert wire.get("/query", query="select count(*) from JournalEntry").json["QueryResponse"] == {"totalCount": 1}


def test_delete_and_void_have_their_spellings(wire):
    made = wire.post("/journalentry", wire.entry()).json["JournalEntry"]
    body = {"Id": made["Id"], "SyncToken": "0"}
    gone = wire.post("/journalentry", body, operation="delete").json["JournalEntry"]
    assert gone == {"domain": "QBO", "status": "Deleted", "Id": made["Id"]}
    paid = wire.company.create_as_user("BillPayment", _open_payment(wire.company))
    void = {"Id": paid, "SyncToken": "0", "sparse": True}
    answer = wire.post("/billpayment", void, operation="update", include="void").json["BillPayment"]
    assert (answer["TotalAmt"], answer["PrivateNote"]) == (0, "Voided")


def _open_payment(company):
    company.keys.remember("Bill", "april", company.create_as_user("Bill", placed(company, bill("50", "2026-04-01"))))
    return placed(company, bill_payment("april", "50", "2026-04-02"))


def test_money_on_the_wire_keeps_its_digits(wire):
    answer = wire.post("/journalentry", placed(wire.company, entry("Rent", "Checking", "4503599627370.07")))
    assert '"Amount":4503599627370.07' in answer.text


def test_a_file_goes_up_and_its_address_brings_it_back(wire):
    bill_id = wire.company.id_of("Bill:rent-2026-02")
    metadata = {"AttachableRef": [{"EntityRef": {"type": "Bill", "value": bill_id}}], "FileName": "lease.txt"}
    parts = {
        "file_metadata_01": (io.BytesIO(json.dumps(metadata).encode()), "attachment.json", "application/json"),
        "file_content_01": (io.BytesIO(b"Twelve months"), "lease.txt", "text/plain"),
    }
    url = f"/v3/company/{REALMS['larch']}"
    made = wire.client.post(f"{url}/upload", data=parts, headers=wire.headers()).json["AttachableResponse"][0][
        "Attachable"
    ]
    address = wire.get(f"/download/{made['Id']}").text
    path = urlsplit(address).path.removeprefix(f"/{SLUG}")
    assert wire.client.get(path).data == b"Twelve months"
    assert wire.client.get(path[:-1] + "x").status_code == 403


# -- control, webhooks, restart ---------------------------------------------------------------------------------------------


def test_the_old_rent_bill_can_be_edited_behind_the_closing_date(wire):
    done = wire.service.act("larch", "edit-old-entry")
    assert (done["before"], done["after"]) == ("11500", "11850")
    assert wire.get(f"/bill/{done['id']}").json["Bill"]["Balance"] == 350


def test_request_ids_can_be_switched_off_and_on(wire):
    wire.service.act("larch", "ignore-request-ids")
    first, second = (wire.post("/journalentry", wire.entry(), requestid="r1").json["JournalEntry"] for _ in range(2))
    assert first["Id"] != second["Id"]
    wire.service.act("larch", "honour-request-ids")
    assert wire.post("/journalentry", wire.entry(), requestid="r1").json["JournalEntry"]["Id"] == second["Id"]


def test_control_can_expire_and_revoke_and_knows_nothing_else(wire):
    wire.service.act("larch", "expire-token")
    assert wire.get("/preferences").status_code == 401
    assert wire.service.act("larch", "revoke") == {"revoked": 1}
    with pytest.raises(KeyError):
        wire.service.act("larch", "dance")


@pytest.mark.parametrize("event", ["latest", "all", "qbo.journalentry.created.v1", "legacy:latest"])
def test_a_webhook_is_signed_over_its_exact_bytes(wire, event):
    wire.post("/journalentry", wire.entry())
    signed = wire.service.webhook("larch", event, "verifier")
    expected = base64.b64encode(hmac.new(b"verifier", signed.body, hashlib.sha256).digest()).decode()
    assert signed.headers["intuit-signature"] == expected
    assert REALMS["larch"].encode() in signed.body


@pytest.mark.parametrize("event", ["latest", "all", "qbo.journalentry.created.v1", "legacy:all"])
def test_there_is_no_webhook_without_a_change(wire, event):
    with pytest.raises(KeyError):
        wire.service.webhook("larch", event, "verifier")


def test_a_restart_keeps_grants_writes_and_request_ids(tmp_path):
    first = Wire(tmp_path).connect()
    made = first.post("/journalentry", first.entry(), requestid="r1").data
    second = Wire(tmp_path)
    second.token = first.token
    assert second.post("/journalentry", second.entry(), requestid="r1").data == made
    assert second.get("/query", query="select count(*) from JournalEntry").json["QueryResponse"] == {"totalCount": 1}


def test_a_reset_forgets_writes_and_grants(wire):
    wire.post("/journalentry", wire.entry())
    wire.service.reset()
    assert wire.get("/preferences").status_code == 401
    wire.connect()
    assert wire.get("/query", query="select count(*) from JournalEntry").json["QueryResponse"] == {"totalCount": 0}
