"""Figures as accountants write them, states as icon, word and colour."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from clients.templatetags import browsers, portal


@pytest.mark.parametrize(
    ("minor", "currency", "shown"),
    [
        (123_456_789, "USD", "1,234,567.89"),
        (-4_218, "USD", "(42.18)"),
        (0, "USD", "–"),
        (5, "USD", "0.05"),
        (-5, "USD", "(0.05)"),
        (1_234, "JPY", "1,234"),
        (1_234_567, "KWD", "1,234.567"),
        (None, "USD", ""),
    ],
)
def test_money(minor, currency, shown):
    assert portal.money(minor, currency) == shown


@pytest.mark.parametrize(("minor", "shown"), [(149, "1"), (150, "2"), (-150, "(2)"), (49, "–"), (None, "")])
def test_whole_rounds_half_away_from_zero(minor, shown):
    assert portal.whole(minor) == shown


def test_a_day_has_no_leading_zero():
    assert portal.day(date(2026, 4, 7)) == "Apr 7, 2026"


@pytest.mark.parametrize(("hour", "shown"), [(0, "12:05 am"), (9, "9:05 am"), (12, "12:05 pm"), (23, "11:05 pm")])
def test_a_moment_is_in_twelve_hours(hour, shown):
    assert portal.moment(datetime(2026, 4, 7, hour, 5, tzinfo=UTC)) == f"Apr 7, 2026, {shown}"


def test_a_state_has_icon_word_and_colour():
    shown = portal.status("pass")
    assert "st ok" in shown
    assert "i-circle-check" in shown
    assert "Proven" in shown


def test_a_state_escapes_its_word():
    assert "<b>" not in portal.status("pass", "<b>x</b>")


@pytest.mark.parametrize(
    ("agent", "said"),
    [
        (
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36",
            "Chrome on Linux",
        ),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36 Edg/126.0",
            "Edge on Windows",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Version/17.5 Mobile Safari/604.1",
            "Safari on an iPhone",
        ),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 14.5; rv:127.0) Gecko/20100101 Firefox/127.0", "Firefox on macOS"),
        ("curl/8.5.0", "An unknown browser"),
        ("", "An unknown browser"),
    ],
)
def test_a_session_names_its_browser(agent, said):
    assert browsers.browser(agent) == said
