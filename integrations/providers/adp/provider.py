"""ADP: final payroll runs by cost centre, over mutual TLS; and the payroll register as a file. https://developers.adp.com"""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any

from integrations.errors import Refused
from integrations.payload import Payload
from integrations.provider import Api, Ask, ClientCredentials, FileLayout, Page, Provider, RateLimit, Stream, Window
from integrations.providers.adp import codes, readings, wire

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: A final run can still be corrected.
STILL_CHANGES = timedelta(days=60)
_OUTPUTS = "https://developers.adp.com/build/api-explorer/hcm-offrg-wfn"


def pull_payrolls(api: Api, window: Window) -> Iterator[Page]:
    """Outputs of the company from the cut-over on; final ones of the last sixty days in full, by part and by cost centre.

    There is no filter by change: the list is read whole, and what is no final run is kept as it is listed.
    """
    recent = max(window.since, window.reached_on - STILL_CHANGES)
    for listed in wire.outputs(api):
        items = []
        for one in listed:
            if readings.group(one) != api.settings["company"]:
                continue  # one consent may show several companies; each is a connection of its own
            paid = one.day("payDate") if one.has("payDate") else None
            if readings.status(one) != codes.FINAL:
                items += [one.data] if paid is None or paid >= window.since else []
            elif one.day("payDate") >= recent:
                items.append(_in_full(api, one))
        yield Page(items=items)
    yield Page(items=[], cursor=window.now.astimezone(UTC).date().isoformat())


def _in_full(api: Api, listed: Payload) -> dict[str, Any]:
    """The listed output with what each part says, in sum and by cost centre. Imputed earnings are paid to nobody: left."""
    path = f"{wire.OUTPUTS}/{listed.text('itemID')}"
    return {
        **{name: value for name, value in listed.data.items() if name != "associatePayments"},
        "summary": {part: wire.payments(api, f"{path}/associate-payment-summary/{part}") for part in codes.PARTS},
        "allocations": {
            part: wire.payments(api, f"{path}/associate-payment-allocations/{part}") for part in codes.PARTS
        },
    }


def pull_events(api: Api, window: Window) -> Iterator[Page]:
    """The queue until it is empty; each message is kept before it is taken away there."""
    for message in wire.messages(api):
        yield Page(items=[message])
    yield Page(items=[], cursor=window.now.astimezone(UTC).date().isoformat())


def whoami(api: Api) -> tuple[str, str]:
    """The company code that was typed, proven by the runs it shows. A company that never ran a payroll has nothing to show."""
    code = api.settings["company"]
    shown = {readings.group(one) for page in wire.outputs(api) for one in page}
    if shown and code not in shown:
        raise Refused(f"ADP shows no payroll of company {code} with these keys")
    return code, f"{codes.NAME} {code}"


def _addresses(where: Mapping[str, str]) -> dict[str, str]:
    region = ".eu" if where.get("region") == "eu" else ""
    return {"api": f"https://api{region}.adp.com", "token": f"https://accounts{region}.adp.com"}


PROVIDER = Provider(
    slug=codes.SLUG,
    name=codes.NAME,
    category="payroll",
    asks=(
        Ask(
            name="company",
            label="Company code",
            help="As it stands on each payroll.",
            pattern=r"[A-Z0-9]{2,12}",
            example="QX7",
            where="ADP, Setup, Company",
            tidy=lambda text: text.strip().upper(),
        ),
        Ask(name="region", label="Region", choices=(("us", "United States and Canada"), ("eu", "Europe"))),
    ),
    addresses=_addresses,
    hosts=(r"(api|accounts)(\.eu)?\.adp\.com",),
    auth=ClientCredentials(
        token_url="/auth/oauth/v2/token",  # noqa: S106 (a path)
        fields=(
            Ask(name="client_id", label="Client ID", where="ADP API Central, Projects, Credentials"),
            Ask(
                name="client_secret", label="Client secret", secret=True, where="ADP API Central, Projects, Credentials"
            ),
        ),
        client_auth="basic",
        certificate=True,
        help="In ADP API Central, make a project with consent to Payroll Output and Event Notification, and its certificate.",
    ),
    # ADP publishes no limit; what it answers with 429 is waited for.
    rate=RateLimit(requests=240, seconds=60, concurrent=2),
    headers={"Accept": "application/json"},
    read_error=wire.read_error,
    whoami=whoami,
    descriptors=("ADP", "ADP WAGE PAY", "ADP TAX", "ADP WAGE GARN", "ADP PAYROLL FEES"),
    streams=(
        Stream(
            name="payrolls",
            label="Payroll runs",
            pull=pull_payrolls,
            to_records=readings.read_output,
            identify=readings.output_id,
            recognise=readings.is_output,
            reference=_OUTPUTS,
            every_minutes=180,
            scopes=("/payroll/v2/payroll-output",),
        ),
        Stream(
            name="events",
            label="Notices",
            pull=pull_events,
            to_records=readings.read_message,
            identify=readings.message_id,
            recognise=readings.is_message,
            duty="prove",
            reference="https://developers.adp.com/learn/articles/event-notification",
            every_minutes=180,
            scopes=("/core/v1/event-notification-messages",),
        ),
    ),
    files=(
        FileLayout(
            name="register",
            label="Payroll register",
            stream="payrolls",
            recognise=codes.COLUMNS.known,
            objects=codes.registers,
            help=(
                "Reports → Payroll history with file number, home department, pay and period dates, gross and net pay, and all "
                "earnings, taxes of both sides, deductions and memos → CSV or Excel"
            ),
            reference="https://developers.adp.com",
        ),
    ),
    needs_partner="an ADP API Central subscription of the client, or ADP's partner agreement",
    contract_only=True,
    notes=(
        "Only final runs (status NTC) are booked; confirm with the client's ADP representative that this is the last status. ADP "
        "sends no notices of its own accord: it is asked. Names inside outputs differ by product and are kept in one file. "
        "Pay by paper cheque is told by the register only."
    ),
)
