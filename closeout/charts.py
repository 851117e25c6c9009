"""The package's charts as SVG text: coordinates are tenths of a unit in whole numbers, so the same figures draw the same lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

if TYPE_CHECKING:
    from collections.abc import Sequence

COLOURS = ("#0f5f46", "#3f9d78", "#8cc9ad", "#c99a3b")
TEXT = mark_safe('font-family="Hanken Grotesk" font-size="10.5"')
_STEPS = (1, 2, 5)


def _at(tenths: int) -> str:
    """A coordinate: tenths written with one decimal."""
    sign = "-" if tenths < 0 else ""
    return f"{sign}{abs(tenths) // 10}.{abs(tenths) % 10}"


def _grid(top: int) -> tuple[int, int]:
    """A round step and how many of them reach over ``top``; three to five lines."""
    size = 1
    while True:
        for step in _STEPS:
            if step * size * 5 >= top:
                return step * size, max(1, -(-top // (step * size)))
        size *= 10


def _label(minor: int) -> str:
    """An axis label in thousands of units with two decimals (``120k``), or plain units below that."""
    units = minor // 100
    return f"{units // 1000}k" if units % 1000 == 0 and units else f"{units}"


def _lines(step: int, count: int, *, left: int, right: int, bottom: int, height: int) -> SafeString:
    rows = []
    for at in range(count + 1):
        y = bottom - height * at // count
        line = format_html(
            '<line stroke="{}" stroke-width="0.75" x1="{}" x2="{}" y1="{}" y2="{}"/>',
            "#e2e6de" if at else "#c6cdc2",
            _at(left),
            _at(right),
            _at(y),
            _at(y),
        )
        text = format_html(
            '<text {} fill="#5f6b65" text-anchor="end" x="{}" y="{}">{}</text>',
            TEXT,
            _at(left - 70),
            _at(y + 40),
            _label(step * at),
        )
        rows.append((line + text,))
    return format_html_join("", "{}", rows)


def _months(months: Sequence[str], *, xs: Sequence[int], y: int) -> SafeString:
    rows = [(TEXT, _at(x), _at(y), month) for x, month in zip(xs, months, strict=True)]
    return format_html_join("", '<text {} fill="#5f6b65" text-anchor="middle" x="{}" y="{}">{}</text>', rows)


def legend(data: dict[str, Any]) -> SafeString:
    rows = [(colour, series["name"]) for colour, series in zip(COLOURS, data["series"], strict=False)]
    item = (
        '<li><svg viewBox="0 0 10 10" aria-hidden="true"><rect width="10" height="10" rx="2" fill="{}"/></svg>{}</li>'
    )
    return format_html('<ul class="legend">{}</ul>', format_html_join("", item, rows))


def bars(data: dict[str, Any], *, label: str) -> SafeString:
    """Twelve stacked bars, 720 by 215; figures in minor units, none negative."""
    months, series = data["months"], data["series"]
    totals = [sum(one["figures"][at] for one in series) for at in range(len(months))]
    step, count = _grid(max([*totals, 100]))
    left, right, bottom, height = 400, 7200, 1910, 1770
    pitch = (right - left) // len(months)
    xs = [left + pitch * at + pitch // 2 for at in range(len(months))]
    rects = []
    for at, x in enumerate(xs):
        below = 0
        for colour, one in zip(COLOURS, series, strict=False):
            high = height * one["figures"][at] // (step * count)
            if high:
                y = bottom - below - high
                rects.append((colour, _at(x - pitch * 3 // 10), _at(y), _at(pitch * 6 // 10), _at(high)))
            below += high
    drawn = format_html_join("", '<rect fill="{}" x="{}" y="{}" width="{}" height="{}"/>', rects)
    lines = _lines(step, count, left=left, right=right, bottom=bottom, height=height)
    return format_html(
        '<svg class="chart" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 215" role="img" aria-label="{}">{}{}{}</svg>',
        label,
        lines,
        drawn,
        _months(months, xs=xs, y=2080),
    )


def curve(data: dict[str, Any], *, label: str) -> SafeString:
    """A line over twelve months, 360 by 150, from nil; a negative figure lies on the base line."""
    months, figures = data["months"], [max(0, figure) for figure in data["figures"]]
    step, count = _grid(max([*figures, 100]))
    left, right, bottom, height = 360, 3260, 1280, 1120
    xs = [left + (right - left) * at // (len(months) - 1) for at in range(len(months))]
    points = [(x, bottom - height * figure // (step * count)) for x, figure in zip(xs, figures, strict=True)]
    line = " ".join(f"{_at(x)},{_at(y)}" for x, y in points)
    area = f"{_at(left)},{_at(bottom)} {line} {_at(right)},{_at(bottom)}"
    grid = _lines(step, count, left=left, right=3600, bottom=bottom, height=height)
    shown = [at for at in range(len(months)) if at % 3 == 0 or at == len(months) - 1]
    names = _months([months[at] for at in shown], xs=[xs[at] for at in shown], y=1450)
    return format_html(
        '<svg class="chart" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 360 150" role="img" aria-label="{}">{}'
        '<polygon fill="#e7f1ec" points="{}"/><polyline fill="none" stroke="#0f5f46" stroke-width="2" points="{}"/>'
        '<circle fill="#0f5f46" cx="{}" cy="{}" r="3.5"/>{}</svg>',
        label,
        grid,
        area,
        line,
        _at(points[-1][0]),
        _at(points[-1][1]),
        names,
    )
