"""Spreadsheets read back: the few forms of formula we write, computed from the sheet's own cells."""

from __future__ import annotations

import io
import re
from decimal import Decimal

import openpyxl


def opened(content, **given):
    return openpyxl.load_workbook(io.BytesIO(content), **given)


def computed(page, values, text):
    """The few forms of formula we write, computed from the sheet's own cells."""

    def at(cell):
        found = values[cell.replace("$", "")].value
        return Decimal(str(found or 0))

    if found := re.fullmatch(r"=SUM\((\w+):(\w+)\)", text):
        return sum((at(cell.coordinate) for row in page[f"{found[1]}:{found[2]}"] for cell in row), Decimal(0))
    if found := re.fullmatch(r'=IF\(([\w$]+)(=0,"",|>0,)(.+?)(,"")?\)', text):
        top, bottom = re.findall(r"\(?([\w$]+(?:-[\w$]+)?)\)?/(?:ABS\()?([\w$]+)", found[3])[0]
        first, _, second = top.partition("-")
        whole = at(first) - (at(second) if second else 0)
        return whole / abs(at(bottom))
    parts = re.findall(r"([+-]?)([A-Z]+\d+)", text.removeprefix("="))
    assert "".join(sign + cell for sign, cell in parts) == text.removeprefix("=")
    return sum((-at(cell) if sign == "-" else at(cell) for sign, cell in parts), Decimal(0))


def wrong_formulas(content):
    """(cell, formula, kept figure, what it comes to) of every formula of the first page that does not come to its figure."""
    page, values = opened(content).worksheets[0], opened(content, data_only=True).worksheets[0]
    wrong = []
    for cell in formulas(page):
        kept = values[cell.coordinate].value
        came = computed(page, values, cell.value)
        off = Decimal("0.0001") if "/" in cell.value else Decimal("0.001")
        if abs(came - Decimal(str(kept))) > off:
            wrong.append((cell.coordinate, cell.value, kept, came))
    return wrong


def formulas(page):
    return [cell for row in page.iter_rows() for cell in row if cell.data_type == "f"]
