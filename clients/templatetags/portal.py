"""Tags and filters of every page: icons, states as icon + word + colour, figures as accountants write them, form fields."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django import template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

if TYPE_CHECKING:
    from django.forms import BoundField

register = template.Library()

#: Currencies whose minor unit is not a hundredth (ISO 4217).
DECIMALS = dict.fromkeys(
    ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"), 0
) | dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3)
#: State: colour class, icon, word.
STATES = {
    "pass": ("ok", "circle-check", "Proven"),
    "fail": ("bad", "circle-x", "Fails"),
    "unknown": ("warn", "help-circle", "Cannot tell"),
    "na": ("mute", "ban", "Not applicable"),
    "signed": ("ok", "lock", "Signed off"),
    "ready": ("info", "signature", "Ready"),
    "progress": ("info", "progress", "In progress"),
    "wait": ("wait", "user-question", "With client"),
    "blocked": ("bad", "circle-x", "Blocked"),
    "changed": ("bad", "alert-triangle", "Changed"),
    "todo": ("mute", "circle-dashed", "Not started"),
    "live": ("ok", "plug-connected", "Connected"),
    "pending": ("wait", "clock", "Waiting"),
    "needs_reconnect": ("bad", "plug-connected-x", "Needs reconnect"),
    "paused": ("warn", "clock-pause", "Paused"),
    "disconnected": ("mute", "ban", "Disconnected"),
    "done": ("ok", "check", "Done"),
    "open": ("info", "progress", "Open"),
    "off": ("mute", "ban", "Closed"),
}


@register.simple_tag
def icon(name: str, css: str = "") -> SafeString:
    """``{% icon "lock" %}``: a symbol of static/icons.svg, hidden from screen readers."""
    return format_html(
        '<svg class="icon{}" aria-hidden="true"><use href="{}#i-{}"/></svg>',
        f" {css}" if css else "",
        static("icons.svg"),
        name,
    )


@register.simple_tag
def status(state: str, label: str = "", *, box: bool = False) -> SafeString:
    """``{% status "pass" %}``: icon, word and colour of a state; ``label`` replaces the word."""
    css, name, word = STATES.get(state, ("mute", "help-circle", state.replace("_", " ").capitalize()))
    return format_html('<span class="st {}{}">{}{}</span>', css, " st-box" if box else "", icon(name), label or word)


@register.filter
def money(minor: int | None, currency: str = "USD") -> str:
    """Minor units as a figure: two decimals (or the currency's), negatives in parentheses, zero as an en dash."""
    if minor is None:
        return ""
    return _figure(int(minor), DECIMALS.get(str(currency).upper(), 2))


@register.filter
def whole(minor: int | None, currency: str = "USD") -> str:
    """The same without decimals, rounded half away from zero: for clients."""
    if minor is None:
        return ""
    unit = 10 ** DECIMALS.get(str(currency).upper(), 2)
    size = (abs(int(minor)) + unit // 2) // unit
    return _figure(-size if minor < 0 else size, 0)


def _figure(minor: int, decimals: int) -> str:
    if minor == 0:
        return "–"
    unit = 10**decimals
    major, rest = divmod(abs(minor), unit)
    text = f"{major:,}" + (f".{rest:0{decimals}d}" if decimals else "")
    return f"({text})" if minor < 0 else text


@register.filter
def day(value: date | datetime | str | None) -> str:
    """``Apr 7, 2026``; also of a day kept as text (``2026-04-07``)."""
    if isinstance(value, str) and value:
        value = date.fromisoformat(value)
    return f"{value:%b} {value.day}, {value.year}" if value else ""


@register.filter
def moment(value: datetime | None) -> str:
    """``Apr 7, 2026, 9:42 am`` in the active time zone; name the zone nearby where it matters."""
    if value is None:
        return ""
    from django.utils import timezone

    local = timezone.localtime(value)
    return f"{day(local)}, {local.hour % 12 or 12}:{local.minute:02d} {'am' if local.hour < 12 else 'pm'}"


@register.filter
def control(field: BoundField, css: str = "") -> SafeString:
    """The widget of a form field with the design's class, and its hint and errors named for screen readers."""
    kind = getattr(field.field.widget, "input_type", "")
    attrs: dict[str, Any] = dict(field.field.widget.attrs)
    if kind not in {"checkbox", "radio", "hidden"}:
        attrs["class"] = ("select" if kind == "select" else "input") + (f" {css}" if css else "")
    described = [
        f"{field.auto_id}-{part}" for part, there in (("hint", field.help_text), ("error", field.errors)) if there
    ]
    if described:
        attrs["aria-describedby"] = " ".join(described)
    if field.errors:
        attrs["aria-invalid"] = "true"
    return field.as_widget(attrs=attrs)


@register.filter
def is_checkbox(field: BoundField) -> bool:
    return getattr(field.field.widget, "input_type", "") == "checkbox"


@register.simple_tag(takes_context=True)
def query(context: template.Context, **changes: Any) -> str:
    """The page's query string with some parameters changed; an empty value removes one."""
    params = context["request"].GET.copy()
    for name, value in changes.items():
        params.pop(name, None)
        if value not in (None, ""):
            params[name] = str(value)
    text = params.urlencode()
    return mark_safe(f"?{text}" if text else "?")  # noqa: S308 (urlencoded)
