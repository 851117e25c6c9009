"""The building stones every report shares: header, columns, data rows, sections, summaries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integrations.sandbox.quickbooks.amounts import cell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from integrations.sandbox.quickbooks.reports.request import ReportRequest

Row = dict[str, Any]
Cell = dict[str, str]


def money(amount: int) -> Cell:
    """Empty where there is nothing."""
    return {"value": cell(amount) if amount else ""}


def total(amount: int) -> Cell:
    return {"value": cell(amount)}


def text(value: str, identifier: str = "") -> Cell:
    return {"value": value, "id": identifier} if identifier else {"value": value}


def blank(count: int) -> list[Cell]:
    return [{"value": ""} for _ in range(count)]


def data(cells: Sequence[Cell], *, typed: bool = True, group: str = "") -> Row:
    row: Row = {"ColData": list(cells)}
    if typed:
        row["type"] = "Data"
    if group:
        row["group"] = group
    return row


def section(
    *,
    header: Sequence[Cell] | None = None,
    rows: Sequence[Row] = (),
    summary: Sequence[Cell] | None = None,
    group: str = "",
) -> Row:
    row: Row = {}
    if header is not None:
        row["Header"] = {"ColData": list(header)}
    if rows:
        row["Rows"] = {"Row": list(rows)}
    if summary is not None:
        row["Summary"] = {"ColData": list(summary)}
    row["type"] = "Section"
    if group:
        row["group"] = group
    return row


def column(title: str, col_type: str, key: str, **more: str) -> dict[str, Any]:
    pairs = [*more.items(), ("ColKey", key)]
    return {
        "ColTitle": title,
        "ColType": col_type,
        "MetaData": [{"Name": name, "Value": value} for name, value in pairs],
    }


def report(
    request: ReportRequest,
    columns: Sequence[dict[str, Any]],
    rows: Sequence[Row],
    *,
    basis: bool = True,
    dated: bool = True,
    summarized: str = "",
    options: Sequence[tuple[str, str]] = (),
) -> dict[str, Any]:
    header: dict[str, Any] = {"Time": request.time, "ReportName": request.name}
    if request.macro:
        header["DateMacro"] = request.macro
    if basis:
        header["ReportBasis"] = request.basis
    if dated:
        header["StartPeriod"] = request.since.isoformat()
        header["EndPeriod"] = request.until.isoformat()
    if summarized:
        header["SummarizeColumnsBy"] = summarized
    header["Currency"] = request.currency
    pairs = [*options, ("NoReportData", "false" if rows else "true")]
    header["Option"] = [{"Name": name, "Value": value} for name, value in pairs]
    for name in ("Customer", "Vendor", "Class", "Department"):
        if given := request.parameters.get(name.lower()):
            header[name] = given
    return {"Header": header, "Columns": {"Column": list(columns)}, "Rows": {"Row": list(rows)} if rows else {}}
