"""What the books would make of a payload: its facts, their balanced lines by role, and what is missing. Reads no database.

Any answer of a provider's API or a bank's file can be explained: lists, pages and envelopes are opened, each object is told
by its provider's own streams.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from integrations import bankfiles
from integrations.bankfiles import LayoutNeeded
from integrations.errors import PayloadError
from integrations.money import MoneyError, exponent
from integrations.payload import Payload, parse_json
from integrations.provider import Context
from integrations.records import BankStatement, Record, Skipped
from integrations.records_json import render
from integrations.registry import UnknownProvider, all_providers, provider
from ledger.core.rules import EVIDENCE, Unbookable, drafts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date
    from zoneinfo import ZoneInfo

    from integrations.provider import Provider, Stream
    from ledger.core.entry import DraftEntry

BOOKED, UNREADABLE, EXCEPTION = 0, 2, 3
BANK_FILE = "bank-file"
_DEEPEST = 8
_HOME = "USD"
#: What a reading meets in a payload of an unforeseen shape: it is the payload that is unreadable, never the command.
_SHAPE_ERRORS = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, AssertionError, RuntimeError)


class Options(NamedTuple):
    """How to read: the client's time zone; currency and account where the payload does not say; the day it was read."""

    timezone: ZoneInfo
    currency: str = ""
    account: str = ""
    as_of: date | None = None


class Problem(NamedTuple):
    """What would stand in the exceptions inbox; ``amount`` in minor units."""

    what: str
    amount: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Explained:
    """One fact. ``state`` is ``booked`` (with entries), ``proof``, ``skipped`` or ``exception`` (with the problem)."""

    record: Record
    state: str
    entries: tuple[DraftEntry, ...] = ()
    problem: Problem | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Object:
    """One object of the payload with its facts; ``error`` says what made it unreadable."""

    path: str
    stream: str
    external_id: str = ""
    facts: tuple[Explained, ...] = ()
    error: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Explanation:
    """The whole payload. ``error`` stands where nothing could be read at all, ``question`` where a person must answer first."""

    source: str
    objects: tuple[Object, ...] = ()
    error: str = ""
    question: Problem | None = None

    @property
    def exit_code(self) -> int:
        """0 everything booked or proof, 2 something unreadable, 3 an exception (and nothing unreadable)."""
        if self.error or any(found.error for found in self.objects):
            return UNREADABLE
        if self.question or any(fact.problem for found in self.objects for fact in found.facts):
            return EXCEPTION
        return BOOKED


def explain(source: str, stream: str, content: bytes, *, filename: str, options: Options) -> Explanation:
    """Explain a payload of a provider (slug) and stream (name or ``auto``), or a bank file (``bank-file``).

    Never raises for anything the content holds: what cannot be read is said in the answer.
    """
    try:
        if source == BANK_FILE:
            return _bank_file(content, filename, options)
        declared = provider(source)
        return _answer(declared, stream, _parsed(content), options)
    except UnknownProvider:
        known = ", ".join([*all_providers(), BANK_FILE])
        return Explanation(source=source, error=f"{source!r} is no provider; there are {known}")
    except PayloadError as error:
        return Explanation(source=source, error=str(error))
    except LayoutNeeded as asked:
        return Explanation(source=source, question=Problem(f"the file's layout has to be confirmed: {asked}"))
    except _SHAPE_ERRORS as error:
        return Explanation(source=source, error=f"of an unforeseen shape ({type(error).__name__}: {error})")


def _answer(declared: Provider, stream: str, answer: Any, options: Options) -> Explanation:
    if stream != "auto" and stream not in {one.name for one in declared.streams}:
        names = ", ".join(one.name for one in declared.streams)
        return Explanation(
            source=declared.slug, error=f"{declared.name} has no stream {stream!r}; it has {names} (or auto)"
        )
    objects = tuple(
        found if isinstance(found, Object) else _object(declared, found, options)
        for found in _opened(declared, stream, answer)
    )
    error = "" if objects else _not_recognised(declared, answer)
    return Explanation(source=declared.slug, objects=objects, error=error)


def _parsed(content: bytes) -> Any:
    """JSON, or one JSON object a line. Raises PayloadError saying what else it is."""
    text = content.removeprefix(b"\xef\xbb\xbf")
    if not text.strip():
        raise PayloadError("$", "the file is empty")
    try:
        return parse_json(text)
    except PayloadError:
        lines = [line for line in text.splitlines() if line.strip()]
        if text.lstrip()[:1] == b"<":
            raise PayloadError("$", "XML: ask the provider for JSON") from None
        if len(lines) > 1 and all(line.lstrip()[:1] in b"{[" for line in lines):
            return [parse_json(line) for line in lines]
        raise


class _Found(NamedTuple):
    path: str
    stream: Stream
    raw: Mapping[str, Any]


def _opened(declared: Provider, name: str, answer: Any) -> Iterator[_Found | Object]:
    """The objects of the answer; in a list that holds some, an element that is none is reported as such."""
    streams = [one for one in declared.streams if name in ("auto", one.name)]
    if declared.open_answer is not None:
        answer = list(declared.open_answer(answer))
    found = list(_search(streams, answer, "$", _DEEPEST))
    if not any(isinstance(one, _Found) for one in found):
        found = list(_as_asked(streams[0], answer)) if name != "auto" else []
    yield from found


def _search(streams: list[Stream], value: Any, path: str, depth: int) -> Iterator[_Found | Object]:
    if isinstance(value, dict):
        told = next((one for one in streams if _recognises(one, value)), None)
        if told is not None:
            yield _Found(path, told, value)
            return
    if not depth:
        return
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _search(streams, inner, f"{path}.{key}", depth - 1)
    elif isinstance(value, list):
        parts = [
            (index, list(_search(streams, inner, f"{path}[{index}]", depth - 1))) for index, inner in enumerate(value)
        ]
        anything = any(part for _, part in parts)
        for index, part in parts:
            if part:
                yield from part
            elif anything and isinstance(value[index], dict):
                yield Object(path=f"{path}[{index}]", stream="", error="no stream of this provider recognises it")


def _recognises(stream: Stream, raw: Mapping[str, Any]) -> bool:
    try:
        return bool(stream.recognise(raw))
    except (PayloadError, *_SHAPE_ERRORS):
        return False


def _as_asked(stream: Stream, answer: Any) -> Iterator[_Found]:
    """The objects of a stream that was named although it does not recognise them: the reading itself says what is wrong."""
    inner = answer
    if isinstance(answer, dict):
        inner = next((answer[key] for key in (*stream.envelope, "data") if isinstance(answer.get(key), list)), answer)
    if isinstance(inner, list):
        yield from (_Found(f"$[{index}]", stream, one) for index, one in enumerate(inner) if isinstance(one, dict))
    elif isinstance(inner, dict):
        yield _Found("$", stream, inner)


def _not_recognised(declared: Provider, answer: Any) -> str:
    """Why nothing was found: a notice, an empty page, or something else."""
    if declared.webhook is not None:
        try:
            streams = sorted({name for _, _, names in declared.webhook.events(answer) for name in names})
        except (PayloadError, *_SHAPE_ERRORS):
            streams = []
        if streams:
            return f"a notice of {declared.name}, without facts: it asks to look again at {', '.join(streams)}"
    if answer in ([], {}):
        return f"an empty answer of {declared.name}: it holds no object"
    return f"$: no stream of {declared.name} recognises it"


def _object(declared: Provider, found: _Found, options: Options) -> Object:
    payload = Payload.of(found.raw, found.path)
    external_id = ""
    try:
        context = _context(found.raw, options)
        records = list(found.stream.to_records(payload, context))
        external_id = found.stream.identify(payload)
        for record in records:
            render(record)  # a figure that cannot be stored makes the object unreadable here too
    except (PayloadError, MoneyError) as error:
        return Object(path=found.path, stream=found.stream.name, external_id=external_id, error=str(error))
    except _SHAPE_ERRORS as error:
        said = f"{found.path}: of an unforeseen shape ({type(error).__name__}: {error})"
        return Object(path=found.path, stream=found.stream.name, external_id=external_id, error=said)
    facts = tuple(explain_record(record, source=declared, proves=found.stream.duty == "prove") for record in records)
    return Object(path=found.path, stream=found.stream.name, external_id=external_id, facts=facts)


def explain_record(record: Record, *, source: Provider | None, proves: bool = False) -> Explained:
    """What the rules make of one fact; a fact that only proves makes no entry, but one not understood is an exception."""
    try:
        entries = drafts(
            record, provider=source.slug if source else BANK_FILE, category=source.category if source else "bank"
        )
    except Unbookable as error:
        return Explained(record=record, state="exception", problem=Problem(error.what, error.amount))
    if isinstance(record, Skipped):
        return Explained(record=record, state="skipped")
    if proves or isinstance(record, EVIDENCE) or not entries:
        return Explained(record=record, state="proof")
    return Explained(record=record, state="booked", entries=entries)


def _context(raw: Mapping[str, Any], options: Options) -> Context:
    """The client as far as the payload tells: its home currency is the payload's own unless one was given."""
    context = Context(
        timezone=options.timezone,
        home_currency=(options.currency or _currency(raw, _DEEPEST) or _HOME).upper(),
        account_id=options.account,
    )
    return replace(context, as_of=options.as_of) if options.as_of else context


_CURRENCY_KEYS = ("currency", "iso_currency_code", "currency_code", "currencycode", "home_currency", "currencyref")


def _currency(value: Any, depth: int) -> str:
    """The first currency code found under a key that says so, outermost first; '' if there is none."""
    if not depth or not isinstance(value, (dict, list)):
        return ""
    if isinstance(value, dict):
        for key, inner in value.items():
            if isinstance(key, str) and key.lower() in _CURRENCY_KEYS:
                code = inner.get("value") if isinstance(inner, dict) else inner
                if isinstance(code, str) and _is_currency(code):
                    return code
    inners = value.values() if isinstance(value, dict) else value
    return next((code for inner in inners if (code := _currency(inner, depth - 1))), "")


def _is_currency(code: str) -> bool:
    try:
        exponent(code)
    except MoneyError:
        return False
    return True


def _bank_file(content: bytes, filename: str, options: Options) -> Explanation:
    """A file that names no currency is read in the client's own, as any statement of it would be; the answer says so."""
    notes: tuple[str, ...] = ()
    try:
        statements = bankfiles.read(content, filename=filename, currency=options.currency)
    except LayoutNeeded:
        if options.currency:
            raise
        statements = bankfiles.read(content, filename=filename, currency=_HOME)
        notes = (f"the file names no currency: read as {_HOME}",)
    error = "" if statements else "the file holds no statement"
    return Explanation(source=BANK_FILE, objects=tuple(_statement(one, notes) for one in statements), error=error)


def _statement(statement: BankStatement, notes: tuple[str, ...]) -> Object:
    facts = tuple(explain_record(record, source=None) for record in (statement, *statement.lines))
    return Object(
        path=statement.account,
        stream="statement",
        external_id=statement.external_id,
        facts=facts,
        notes=(*notes, *statement.warnings),
    )
