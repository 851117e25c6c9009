"""What QuickBooks refuses, who signs its notices, and its tokens: pure, no network."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
import requests

from integrations.errors import Forbidden, PayloadError, Reconnect, Refused, RetryLater, Unanswered
from integrations.payload import parse_json
from integrations.provider import Context
from integrations.providers.quickbooks_online import faults, webhooks
from integrations.providers.quickbooks_online.oauth import TIMEOUT_SECONDS, IntuitTokens
from integrations.providers.quickbooks_online.provider import PROVIDER
from tests.integrations.contract import CONTRACTS

CONTEXT = Context(timezone=ZoneInfo("America/Los_Angeles"), home_currency="USD")
NOW = datetime(2026, 4, 1, tzinfo=UTC)
CONTRACT = CONTRACTS / "quickbooks-online"


class TestFaults:
    @pytest.mark.contracts
    def test_every_published_code_has_plain_words_and_a_step(self):
        listed = json.loads((CONTRACT / "errors.json").read_text())["codes"]
        assert [row["code"] for row in listed if row["code"] not in faults.FAULTS] == []
        assert all(plain.cause and plain.step for plain in faults.FAULTS.values())

    @pytest.mark.contracts
    @pytest.mark.parametrize(
        ("name", "status", "kind", "code"),
        [
            ("400-6210-closed-period", 400, Refused, "6210"),
            ("401-malformed-token", 401, Reconnect, ""),
            ("401-token-expired", 401, Reconnect, ""),
            ("tax_service_error_dup", 400, Refused, "6240"),
        ],
    )
    def test_recorded_faults_say_what_to_do(self, name, status, kind, code):
        body = parse_json((CONTRACT / f"samples/faults/{name}.json").read_bytes())
        error = faults.read_error(status, {"intuit_tid": "1-abc"}, body)
        assert type(error) is kind
        assert getattr(error, "code", "") == code

    def test_the_trace_of_a_refusal_is_kept_and_its_detail_stays_out_of_the_message(self):
        body = {
            "Fault": {
                "Error": [{"Message": "m", "Detail": "Ada Fern 12.00", "code": "6000"}],
                "type": "ValidationFault",
            }
        }
        error = faults.read_error(400, {"Intuit_Tid": "1-abc"}, body)
        assert (error.code, error.detail, error.trace) == ("6000", "Ada Fern 12.00", "1-abc")
        assert "Ada" not in str(error)

    def test_a_gateway_s_code_is_read_out_of_its_message(self):
        body = {
            "fault": {"error": [{"message": "message=ThrottleExceeded; errorCode=003001; statusCode=403"}], "type": "X"}
        }
        assert type(faults.read_error(403, {}, body)) is RetryLater

    def test_a_success_may_hold_a_fault(self):
        with pytest.raises(Unanswered):
            faults.raise_fault({"Fault": {"Error": [{"code": "600"}]}})
        assert faults.raise_fault({"QueryResponse": {}}) is None

    def test_an_ended_subscription_needs_a_person(self):
        assert type(faults.fault_error("6190", "")) is Forbidden

    @pytest.mark.parametrize(
        "body", [{"Fault": []}, {"Fault": {"Error": {}}}, {"fault": {"error": ["x"]}}, {"Fault": {"Error": []}}, []]
    )
    def test_an_odd_fault_is_still_a_refusal(self, body):
        assert isinstance(faults.read_error(400, {}, body), Refused)


def signed(secret, raw):
    return base64.b64encode(hmac.new(secret.encode(), raw, hashlib.sha256).digest()).decode()


class TestNotices:
    RAW = b'{"eventNotifications":[]}'

    @pytest.mark.parametrize("name", ["intuit-signature", "Intuit-Signature"])
    def test_a_notice_signed_with_a_token_in_force_is_genuine(self, name):
        assert webhooks.verify(self.RAW, {name: signed("new", self.RAW)}, ["old", "new"], NOW)

    @pytest.mark.parametrize(
        "headers", [{}, {"intuit-signature": ""}, {"intuit-signature": "ä"}, {"intuit-signature": signed("other", RAW)}]
    )
    def test_any_other_notice_is_forged(self, headers):
        assert not webhooks.verify(self.RAW, headers, ["new"], NOW)

    def test_an_empty_token_signs_nothing(self):
        assert not webhooks.verify(self.RAW, {"intuit-signature": signed("", self.RAW)}, [""], NOW)
        assert not webhooks.verify(self.RAW, {"intuit-signature": signed("", self.RAW)}, [], NOW)

    def test_several_companies_in_one_post_are_told_apart(self):
        def company(realm, *entities):
            rows = [
                {"name": name, "id": key, "operation": "Update", "lastUpdated": "2026-03-05T07:00:00-0800"}
                for name, key in entities
            ]
            return {"realmId": realm, "dataChangeEvent": {"entities": rows}}

        notice = {
            "eventNotifications": [
                company("1", ("Bill", "25"), ("Account", "3")),
                company("2", ("Preferences", "1"), ("Class", "9")),
            ]
        }
        found = list(webhooks.events(notice))
        assert [(realm, streams) for _, realm, streams in found] == [
            ("1", ("documents",)), ("1", ("accounts",)), ("2", ("company",)), ("2", ()),
        ]  # fmt: skip
        assert len({event for event, _, _ in found}) == 4
        assert found == list(webhooks.events(notice))

    def test_cloud_events_carry_their_own_company_and_id(self):
        event = {
            "specversion": "1.0", "id": "e-1", "source": "intuit.x", "type": "qbo.creditcardpayment.created.v1",
            "time": "2026-03-05T15:00:00Z", "intuitentityid": "29", "intuitaccountid": "77",
        }  # fmt: skip
        assert list(webhooks.events([event, {**event, "id": "e-2", "type": "qbo.vendor.merged.v1"}])) == [
            ("e-1", "77", ("documents",)), ("e-2", "77", ("vendors",)),
        ]  # fmt: skip

    @pytest.mark.parametrize(
        "notice",
        ["x", 1, None, {}, {"eventNotifications": {}}, [1], [{"id": "e"}], {"eventNotifications": [{"realmId": 5}]}],
    )
    def test_an_odd_notice_is_named(self, notice):
        with pytest.raises(PayloadError):
            list(webhooks.events(notice))

    @pytest.mark.contracts
    @pytest.mark.parametrize(
        "name",
        [
            "docs/webhook-legacy",
            "expense-tool/webhook_payload_multi_entity",
            "expense-tool/webhook_payload_single_entity",
        ],
    )
    def test_published_notices_are_read(self, name):
        found = list(webhooks.events(parse_json((CONTRACT / f"samples/{name}.json").read_bytes())))
        assert found
        assert all(realm.isdecimal() for _, realm, _ in found)


class Line(requests.Session):
    """A session that answers from a script and keeps what it was asked."""

    def __init__(self, status, content, **headers):
        super().__init__()
        self.asked = []
        self.answer = requests.Response()
        self.answer.status_code, self.answer._content = status, content
        self.answer.headers.update(headers)

    def request(self, method, url, **options):
        self.asked.append((method, url, options))
        return self.answer


class TestTokens:
    GRANTED = {
        "access_token": "a",
        "refresh_token": "r",
        "expires_in": 3600,
        "x_refresh_token_expires_in": 8726400,
        "id_token": "e30.e30.x",
    }

    def refresh(self, line):
        return IntuitTokens().refresh(line, PROVIDER.base_urls, client_id="id", secret="s3cret", refresh_token="old")

    def test_one_bounded_call_to_the_declared_address_asks_for_the_hard_end(self):
        line = Line(200, json.dumps(self.GRANTED).encode())
        assert self.refresh(line) == {
            "access_token": "a",
            "refresh_token": "r",
            "expires_in": 3600,
            "refresh_expires_in": 8726400,
        }
        ((method, url, options),) = line.asked
        assert (method, url) == ("POST", "https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer")
        assert options["timeout"] == TIMEOUT_SECONDS
        assert options["allow_redirects"] is False
        assert options["headers"]["x-include-refresh-token-hard-expires-in"] == "true"
        assert options["headers"]["User-Agent"] == "Tieout"

    @pytest.mark.parametrize(
        ("status", "content", "kind"),
        [
            (400, b'{"error":"invalid_grant","error_description":"Ada Fern"}', Reconnect),
            (401, b'{"error":"invalid_client"}', Refused),
            (400, b"Ada Fern", Refused),
            (302, b"", Refused),
            (429, b"Ada Fern", RetryLater),
            (503, b"<html>Ada Fern</html>", RetryLater),
            (200, b"<html>Ada Fern</html>", Unanswered),
            (200, b'{"access_token":"a"}', Unanswered),
            (200, b'{"access_token":7,"refresh_token":[]}', Unanswered),
            (200, b"[]", Unanswered),
        ],
    )
    def test_every_other_answer_is_an_error_with_nothing_of_it_inside(self, status, content, kind):
        with pytest.raises(kind) as raised:
            self.refresh(Line(status, content))
        error = raised.value
        assert "Ada" not in f"{error!s}{vars(error)}"
        assert "s3cret" not in repr(error)
        assert error.__cause__ is None
        assert error.__suppress_context__ or error.__context__ is None

    def test_an_answer_cannot_put_its_own_fields_into_the_client(self):
        line = Line(
            200, json.dumps({**self.GRANTED, "request": "x", "token_endpoint": "https://elsewhere.example"}).encode()
        )
        assert self.refresh(line)["access_token"] == "a"

    @pytest.mark.parametrize(
        ("error", "kind"),
        [
            (requests.ConnectTimeout(), RetryLater),
            (requests.ReadTimeout(), Unanswered),
            (requests.ConnectionError(), Unanswered),
        ],
    )
    def test_a_lost_call_says_whether_it_may_have_happened(self, error, kind):
        line = Line(200, b"")
        line.request = lambda *_args, **_options: (_ for _ in ()).throw(error)
        with pytest.raises(RetryLater) as raised:
            self.refresh(line)
        assert type(raised.value) is kind

    def test_handing_back_an_unknown_grant_is_done_already(self):
        line = Line(400, b"")
        IntuitTokens().revoke(line, PROVIDER.base_urls, client_id="id", secret="s3cret", token="gone")
        assert line.asked[0][1] == "https://developer.api.intuit.com/v2/oauth2/tokens/revoke"
