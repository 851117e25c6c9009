"""The core: routes, faults on the wire, the log, limits, memory across restarts."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import requests

from integrations.sandbox.clock import Clock
from integrations.sandbox.limits import Gate, Window
from integrations.sandbox.server import Sandbox
from integrations.sandbox.state import StateLog

KEY = {"Authorization": "Bearer rk_test_kestrel"}


def balance(sandbox, **extra):
    return requests.get(sandbox.base_url("stripe") + "/v1/balance", headers=KEY, timeout=5, **extra)


def arm(sandbox, **facts):
    facts = {"provider": "stripe", "path_regex": "balance", **facts}
    got = requests.post(sandbox.url + "/_control/faults", json=facts, timeout=5)
    assert got.status_code == 200, got.text


@pytest.fixture
def receiver():
    """A local address that keeps what was posted to it."""
    heard = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            heard.append((dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/hook", heard
    server.shutdown()
    server.server_close()


def test_server_listens_on_loopback_only(sandbox):
    assert sandbox.url.startswith("http://127.0.0.1:")


def test_unknown_provider_is_not_found(sandbox):
    assert requests.get(sandbox.url + "/nobody/v1", timeout=5).status_code == 404


def test_truth_is_served_for_each_company_and_no_other(sandbox):
    for slug in ("kestrel", "quillfeather", "brambling"):
        assert requests.get(f"{sandbox.url}/_control/truth/{slug}", timeout=5).json()["company"] == slug
    assert requests.get(f"{sandbox.url}/_control/truth/other", timeout=5).status_code == 404


def test_log_holds_path_and_status_but_no_query_body_or_header(sandbox):
    balance(sandbox, params={"secret": "hush"})
    entries = requests.get(sandbox.url + "/_control/log", timeout=5).json()["requests"]
    assert entries == [{"provider": "stripe", "method": "GET", "path": "/v1/balance", "status": 400}]


@pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
def test_dropped_connection_breaks_the_call_once(sandbox, kind):
    arm(sandbox, kind=kind)
    with pytest.raises(requests.ConnectionError):
        balance(sandbox)
    assert balance(sandbox).status_code == 200


@pytest.mark.parametrize("status", [401, 403, 429, 500, 503])
def test_status_fault_answers_in_the_providers_own_shape(sandbox, status):
    arm(sandbox, kind="status", status=status)
    got = balance(sandbox)
    assert got.status_code == status
    assert got.json()["error"]["type"]


def test_html_fault_is_no_json(sandbox):
    arm(sandbox, kind="html")
    assert balance(sandbox).headers["Content-Type"].startswith("text/html")


def test_truncated_answer_cannot_be_parsed(sandbox):
    arm(sandbox, kind="truncate")
    with pytest.raises(requests.JSONDecodeError):
        balance(sandbox).json()


def test_reordered_page_holds_the_same_objects(sandbox):
    url = sandbox.base_url("stripe") + "/v1/charges"
    plain = requests.get(url, headers=KEY, timeout=5).json()["data"]
    arm(sandbox, kind="reorder", path_regex="charges")
    turned = requests.get(url, headers=KEY, timeout=5).json()["data"]
    assert turned == plain[::-1]


def test_delay_outlasts_an_impatient_caller(sandbox):
    arm(sandbox, kind="delay", seconds=1)
    with pytest.raises(requests.ReadTimeout):
        requests.get(sandbox.base_url("stripe") + "/v1/balance", headers=KEY, timeout=0.2)


def test_fault_of_another_provider_does_not_fire(sandbox):
    arm(sandbox, kind="html", provider="gusto")
    assert balance(sandbox).status_code == 200


def test_unknown_fault_is_refused(sandbox):
    got = requests.post(sandbox.url + "/_control/faults", json={"provider": "stripe", "kind": "meteor"}, timeout=5)
    assert got.status_code == 400


def test_cleared_faults_do_not_fire(sandbox):
    arm(sandbox, kind="html", times=5)
    assert requests.delete(sandbox.url + "/_control/faults", timeout=5).json() == {"armed": []}
    assert balance(sandbox).status_code == 200


def test_duplicated_write_is_handled_twice(sandbox, monkeypatch):
    service = sandbox.app.services["gusto"]
    calls = []
    original = service.handle
    monkeypatch.setattr(service, "handle", lambda *given: calls.append(given[0]) or original(*given))
    arm(sandbox, kind="duplicate", provider="gusto", path_regex="oauth/token")
    requests.post(sandbox.base_url("gusto") + "/oauth/token", json={"grant_type": "refresh_token"}, timeout=5)
    assert calls == ["token", "token"]


def test_webhooks_leave_this_machine_never(sandbox):
    facts = {"provider": "stripe", "slug": "kestrel", "event": "payout.paid", "url": "https://elsewhere.test/hook"}
    assert requests.post(sandbox.url + "/_control/webhooks", json=facts, timeout=5).status_code == 400


def test_webhook_reaches_its_address_with_signature_over_the_raw_body(sandbox, receiver):
    url, heard = receiver
    facts = {"provider": "stripe", "slug": "kestrel", "event": "payout.paid", "url": url, "secret": "whsec_x"}
    assert requests.post(sandbox.url + "/_control/webhooks", json=facts, timeout=5).json()["delivered"] is True
    headers, body = heard[0]
    assert headers["Stripe-Signature"].startswith("t=")
    assert json.loads(body)["type"] == "payout.paid"


def test_unknown_action_is_not_found(sandbox):
    assert requests.post(sandbox.url + "/_control/companies/kestrel/dance", timeout=5).status_code == 404


def written_entry(sandbox, grant, number="SANDBOX-1"):
    """Post a journal entry to kestrel's QuickBooks; the id of the answer."""
    company = sandbox.app.services["quickbooks-online"].companies["kestrel"]
    lines = [
        {
            "Amount": 12,
            "DetailType": "JournalEntryLineDetail",
            "JournalEntryLineDetail": {"PostingType": side, "AccountRef": {"value": company.id_of(f"Account:{name}")}},
        }
        for side, name in (("Debit", "Merchant Fees"), ("Credit", "Stripe Clearing"))
    ]
    url = f"{sandbox.base_url('quickbooks-online')}/v3/company/9341455000000101/journalentry"
    headers = {"Authorization": f"Bearer {grant.access_token}", "Accept": "application/json"}
    body = {"TxnDate": "2026-03-31", "DocNumber": number, "Line": lines}
    return requests.post(url, json=body, headers=headers, timeout=5)


def entries_numbered(sandbox, grant, number):
    url = f"{sandbox.base_url('quickbooks-online')}/v3/company/9341455000000101/query"
    headers = {"Authorization": f"Bearer {grant.access_token}", "Accept": "application/json"}
    query = f"select * from JournalEntry where DocNumber = '{number}'"
    found = requests.get(url, params={"query": query}, headers=headers, timeout=5).json()
    return found["QueryResponse"].get("JournalEntry", [])


def test_state_survives_a_restart(tmp_path):
    with Sandbox(seed=7, state=tmp_path) as first:
        grant = first.app.services["gusto"].desk.open_grant("kestrel", "")
        ledger = first.app.services["quickbooks-online"].desk.open_grant("kestrel", "")
        item = first.app.services["plaid"].link.attach("kestrel", 730, "")
        written = written_entry(first, ledger).json()["JournalEntry"]
    with Sandbox(seed=7, state=tmp_path) as second:
        headers = {"Authorization": f"Bearer {grant.access_token}"}
        assert requests.get(second.base_url("gusto") + "/v1/token_info", headers=headers, timeout=5).status_code == 200
        assert second.app.services["plaid"].items.by_access_token(item.access_token).company == "kestrel"
        assert [entry["Id"] for entry in entries_numbered(second, ledger, "SANDBOX-1")] == [written["Id"]]


@pytest.mark.parametrize(("kind", "left"), [("drop_before", 0), ("drop_after", 1)])
def test_a_write_whose_answer_was_lost_stands_and_one_lost_before_does_not(sandbox, kind, left):
    grant = sandbox.app.services["quickbooks-online"].desk.open_grant("kestrel", "")
    arm(sandbox, kind=kind, provider="quickbooks-online", path_regex="journalentry")
    with pytest.raises(requests.ConnectionError):
        written_entry(sandbox, grant, number=kind)
    assert len(entries_numbered(sandbox, grant, kind)) == left


def test_reset_forgets_what_was_granted(tmp_path):
    with Sandbox(seed=7, state=tmp_path) as sandbox:
        sandbox.app.services["gusto"].desk.open_grant("kestrel", "")
        assert requests.post(sandbox.url + "/_control/companies/kestrel/reset", timeout=15).status_code == 200
    assert StateLog(tmp_path).records() == []


def test_a_line_cut_by_a_kill_is_left_out(tmp_path):
    log = StateLog(tmp_path)
    log.append("gusto", "grant", grant={})
    with (tmp_path / "log.jsonl").open("a") as file:
        file.write('{"provider":"gus')
    assert len(log.records()) == 1


def test_window_admits_again_after_its_seconds():
    clock = Clock()
    window = Window(clock, 2, 60)
    assert [window.hit("a"), window.hit("a")] == [0, 0]
    assert 59 <= window.hit("a") <= 60
    assert window.hit("b") == 0
    clock.advance(61)
    assert window.hit("a") == 0


def test_gate_admits_again_after_leaving():
    gate = Gate(1)
    with gate.pass_through("realm") as first, gate.pass_through("realm") as second:
        assert (first, second) == (True, False)
    with gate.pass_through("realm") as third:
        assert third
