"""What is read of Expensify: a job that writes a file, a job that fetches it. There are no cursors and no notices.

Reports are read again for some weeks after their approval; one that is approved anew has a new day of approval. What lost its
approval is told by a second list. https://integrations.expensify.com/Integration-Server/doc/#report-exporter
"""

from __future__ import annotations

import re
from datetime import UTC, date, timedelta
from typing import TYPE_CHECKING, Any

from integrations.errors import Forbidden, PayloadError, Refused, RetryLater
from integrations.payload import Payload, parse_json
from integrations.provider import Api, Page, Window
from integrations.providers.expensify import template
from integrations.providers.expensify.wire import PATH, checked, job

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

#: Approved reports change in small ways (a category) without being approved anew.
OVERLAP = timedelta(days=45)
#: How long before its approval a report may have been handed in, and how long after it be paid back.
LOOK_BACK = timedelta(days=366)
APPROVED, UNAPPROVED = "APPROVED,REIMBURSED,ARCHIVED", "OPEN,SUBMITTED,ARCHIVED"
PAGE_SIZE = 500
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")


def whoami(api: Api) -> tuple[str, str]:
    """The workspace, if the credentials may read it. Raises Forbidden.

    https://integrations.expensify.com/Integration-Server/doc/#policy-list-getter
    """
    wanted = api.settings["policy_id"]
    said = {"type": "get", "inputSettings": {"type": "policyList", "adminOnly": True}}
    for policy in Payload.of(api.query(PATH, form=job(said))).objects("policyList", required=True):
        if policy.text("id") == wanted:
            return wanted, policy.text("name", "") or wanted
    raise Forbidden("these credentials are not of an administrator of the workspace")


def pull_reports(api: Api, window: Window) -> Iterator[Page]:
    """Reports approved lately, whole; and those not approved, or not any more, by their header."""
    last, today = window.reached_on, window.now.astimezone(UTC).date()
    after = max(window.since, last - OVERLAP) - timedelta(days=1)
    approved = _rows(api, APPROVED, {"approvedAfter": after.isoformat()}, today, template.WHOLE)
    known = {row.get("reportID") for row in approved}
    started = {"startDate": (last - LOOK_BACK).isoformat()}
    bare = [
        row
        for row in _rows(api, UNAPPROVED, started, today, template.BARE)
        if row.get("reportID") not in known and not (row.get("status") == "Closed" and row.get("approved"))
    ]
    marks = tuple(mark for mark in known if isinstance(mark, str))
    yield from _pages([*approved, *bare], today, tuple(sorted(marks)))


def pull_reimbursements(api: Api, window: Window) -> Iterator[Page]:
    """Whether each approved report was paid back: that has no filter, so those of a year are read each time."""
    last, today = window.reached_on, window.now.astimezone(UTC).date()
    started = {"startDate": (last - LOOK_BACK).isoformat()}
    yield from _pages(_rows(api, APPROVED, started, today, template.REPAID), today)


def acknowledge(api: Api, reports: Sequence[str]) -> None:
    """Label reports as exported, once they are kept here; those that carry the label already are left out by Expensify.

    Nothing is written where no label was chosen.
    """
    label = api.settings.get("label", "")
    for start in range(0, len(reports) if label else 0, PAGE_SIZE):
        filters = {"reportIDList": ",".join(reports[start : start + PAGE_SIZE]), "markedAsExported": label}
        done = [{"actionName": "markAsExported", "label": label}]
        _start(api, _settings(APPROVED, filters, api) | {"onFinish": done}, template.NAMES)


# ---- jobs ----------------------------------------------------------------------------------------------------------------


def _rows(api: Api, states: str, filters: Mapping[str, str], today: date, printed: str) -> list[dict[str, Any]]:
    """The rows of a file written for this. A start more than a year ago needs an end, so there always is one."""
    until = {"endDate": (today + timedelta(days=1)).isoformat()}
    name = _start(api, _settings(states, {**filters, **until}, api), printed)
    try:
        content = checked(api.fetch(PATH, form=job({"type": "download", "fileName": name})))
    except Refused as error:
        if error.code == "404":
            raise RetryLater("Expensify has not written the file yet", retry_after=30) from error
        raise
    # Only a line feed ends a row: other line ends of Unicode may stand inside a text.
    return [_row(line, number) for number, line in enumerate(content.split(b"\n"), 1) if line.strip()]


def _settings(states: str, filters: Mapping[str, str], api: Api) -> dict[str, Any]:
    """A job of the connection's own workspace alone: the credentials may reach others."""
    return {
        "type": "file",
        "onReceive": {"immediateResponse": ["returnRandomFileName"]},
        "inputSettings": {
            "type": "combinedReportData",
            "reportState": states,
            "filters": {"policyIDList": api.settings["policy_id"], **filters},
        },
        "outputSettings": {"fileExtension": "json"},
    }


def _start(api: Api, description: Mapping[str, Any], printed: str) -> str:
    """The name of the file that the job writes."""
    name = checked(api.fetch(PATH, form=job(description, printed))).decode("utf-8", "replace").strip()
    if not _FILE_NAME.fullmatch(name):
        raise PayloadError("$", "the answer is neither the name of a file nor an error")
    return name


def _row(line: bytes, number: int) -> dict[str, Any]:
    try:
        found = parse_json(line)
    except PayloadError as error:
        raise PayloadError(f"line {number}", "is not JSON") from error
    if not isinstance(found, dict):
        raise PayloadError(f"line {number}", "is no object")
    return found


def _pages(rows: Sequence[Mapping[str, Any]], today: date, marks: tuple[str, ...] = ()) -> Iterator[Page]:
    for start in range(0, max(len(rows), 1), PAGE_SIZE):
        last = start + PAGE_SIZE >= len(rows)
        yield Page(
            items=rows[start : start + PAGE_SIZE],
            cursor=today.isoformat() if last else None,
            acknowledge=marks if last else (),
        )
