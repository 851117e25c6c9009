"""What every provider proves in the same way: inherit ``ProviderContract`` and say what its fixtures mean.

Nothing here uses a database or the network.
"""

from __future__ import annotations

import copy
import dataclasses
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from random import Random
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import pytest

from integrations import tables
from integrations.counting import day_of
from integrations.errors import PayloadError, Reconnect, RetryLater
from integrations.payload import Payload, parse_json, render_json
from integrations.provider import Context, FileLayout, FileOnly, Provider, Stream
from integrations.records import Record, Unknown
from integrations.registry import PROVIDERS, all_providers, check, provider

CONTRACTS = Path(__file__).resolve().parents[3] / "shared" / "contracts"
#: Cupertino's afternoon is London's next day: book dates that ignore the zone fail.
CONTEXT = Context(
    timezone=ZoneInfo("America/Los_Angeles"), home_currency="USD", account_id="account", as_of=date(2026, 4, 1)
)
NOW = datetime(2026, 4, 1, 9, tzinfo=UTC)
SECRET = "Ada Fern owes 12,345.67"


def fixture_objects(declared: Provider, stream: Stream) -> list[Mapping[str, Any]]:
    """The raw objects of the stream's documented page."""
    page = PROVIDERS / declared.slug.replace("-", "_") / "fixtures" / f"{stream.name}.json"
    opened = declared.recognised(parse_json(page.read_bytes()))
    return [raw for found, raw in opened if found.name == stream.name]


def read(stream: Stream, raw: Mapping[str, Any], context: Context = CONTEXT) -> list[Record]:
    return list(stream.to_records(Payload.of(raw), context))


def told(record: Record) -> str:
    """A fact in one line: class, id, day, currency, and its amount if it has one."""
    amount = getattr(record, "amount", getattr(record, "balance", None))
    parts = [type(record).__name__, record.external_id, record.booked_on, record.currency]
    return " ".join(str(part) for part in [*parts, *([] if amount is None else [amount])])


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every key in a document, however deep."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inside in inner:
        if isinstance(value, dict):
            yield (*path, key)
        yield from places(inside, (*path, key))


def holder(document: Any, path: tuple[Any, ...]) -> Any:
    for key in path[:-1]:
        document = document[key]
    return document


def reached(value: Any, path: tuple[str, ...]) -> Iterator[Any]:
    """What a path of keys leads to, ``*`` for any one key and ``**`` for any number: as the census' path does in SQL."""
    if not path:
        yield from () if value is None else (value,)
        return
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if path[0] == "**":
        yield from reached(value, path[1:])
        for inside in inner:
            yield from reached(inside, path)
    elif path[0] == "*":
        for inside in inner:
            yield from reached(inside, path[1:])
    elif isinstance(value, dict):
        yield from reached(value.get(path[0]), path[1:])


class ProviderContract:
    """Set ``slug``, what each fixture ``means`` (``told`` lines), and the fields whose new values must not be guessed at."""

    slug: ClassVar[str]
    means: ClassVar[dict[str, list[str]]]
    #: Stream → paths of the fields its reading decides by.
    decides_by: ClassVar[dict[str, list[tuple[Any, ...]]]] = {}
    #: Layout → (an export file's content, the facts it ``means``).
    files: ClassVar[dict[str, tuple[bytes, list[str]]]] = {}
    #: Error bodies of the provider with the free text it may carry: (status, body) → the error each must become.
    errors: ClassVar[list[tuple[int, Any, type[Exception]]]] = []
    #: Words and values of the provider that a stranger's payload may hold where they do not belong.
    strange: ClassVar[tuple[Any, ...]] = ()

    @pytest.fixture
    def declared(self) -> Provider:
        return provider(self.slug)

    def objects(self, declared: Provider) -> Iterator[tuple[Stream, Mapping[str, Any]]]:
        for stream in declared.streams:
            for raw in fixture_objects(declared, stream):
                yield stream, raw

    def test_the_declaration_can_work(self, declared: Provider) -> None:
        assert list(check(declared, self.slug.replace("-", "_"))) == []

    def test_every_stream_has_a_documented_page(self, declared: Provider) -> None:
        assert [stream.name for stream in declared.streams if not fixture_objects(declared, stream)] == []

    def test_the_pages_mean_these_facts(self, declared: Provider) -> None:
        found: dict[str, list[str]] = {stream.name: [] for stream in declared.streams}
        for stream, raw in self.objects(declared):
            found[stream.name] += [told(record) for record in read(stream, raw)]
        assert found == self.means

    def test_a_counted_object_says_when_it_was_made(self, declared: Provider) -> None:
        for stream, raw in self.objects(declared):
            if stream.census is not None and (made := next(reached(raw, stream.census.made), None)):
                day_of(made, CONTEXT.timezone)
        counted = [stream for stream in declared.streams if stream.census is not None]
        bare = [
            stream.name
            for stream in counted
            if not any(
                any(reached(raw, stream.census.made)) for raw in fixture_objects(declared, stream) if stream.census
            )
        ]
        assert bare == []

    def test_reading_twice_gives_the_same_and_leaves_the_payload_alone(self, declared: Provider) -> None:
        for stream, raw in self.objects(declared):
            before = copy.deepcopy(raw)
            assert read(stream, raw) == read(stream, raw)
            assert raw == before

    def test_no_fact_holds_a_float_or_a_time_without_zone(self, declared: Provider) -> None:
        for stream, raw in self.objects(declared):
            for record in read(stream, raw):
                for value in _values(dataclasses.asdict(record)):
                    assert not isinstance(value, float), record
                    assert not isinstance(value, datetime) or value.tzinfo is not None, record

    def test_identities_are_stable_and_distinct(self, declared: Provider) -> None:
        for stream in declared.streams:
            objects = fixture_objects(declared, stream)
            ids = [stream.identify(Payload.of(raw)) for raw in objects]
            shuffled = [stream.identify(Payload.of(dict(sorted(raw.items())))) for raw in objects]
            assert all(ids), stream.name
            assert ids == shuffled
            assert len(set(ids)) == len(ids), stream.name
            assert all(len(stream.version(Payload.of(raw))) <= 100 for raw in objects)

    def test_facts_of_a_page_have_distinct_identities(self, declared: Provider) -> None:
        for stream in declared.streams:
            facts = [record for raw in fixture_objects(declared, stream) for record in read(stream, raw)]
            ids = [(type(record).__name__, record.external_id) for record in facts]
            assert len(set(ids)) == len(ids), stream.name

    def test_only_its_own_stream_recognises_an_object(self, declared: Provider) -> None:
        for stream, raw in self.objects(declared):
            every = [
                (one.slug, other.name)
                for one in all_providers().values()
                for other in one.streams
                if other.recognise(raw)
            ]
            assert every == [(self.slug, stream.name)]

    def test_a_missing_field_is_named_or_harmless(self, declared: Provider) -> None:
        wrong = []
        for stream, raw in self.objects(declared):
            broken = copy.deepcopy(raw)
            for path in list(places(raw)):
                value = holder(broken, path).pop(path[-1])
                problem = _attempt(stream, broken) if stream.recognise(broken) else None
                holder(broken, path)[path[-1]] = value
                if problem and str(path[-1]) not in problem.path:
                    wrong.append((stream.name, path, str(problem)))
        assert wrong == []

    def test_a_field_of_another_kind_is_a_named_problem_or_harmless(self, declared: Provider) -> None:
        for stream, raw in self.objects(declared):
            broken = copy.deepcopy(raw)
            for path in list(places(raw)):
                value = holder(broken, path)[path[-1]]
                for other in ({"x": 1}, [1], "no such thing", -1, True, 1.5):
                    holder(broken, path)[path[-1]] = other
                    _attempt(stream, broken)
                holder(broken, path)[path[-1]] = value

    def test_a_strangers_payload_is_booked_or_refused_with_a_named_field(self, declared: Provider) -> None:
        from tests.integrations import strangers  # built on this module

        for stream in declared.streams:
            rng = Random(f"{self.slug} {stream.name}")
            for _ in range(strangers.MANY):
                raw = strangers.spoilt(declared, stream, self.strange, rng)
                named = strangers.problems(declared, stream, raw)
                assert all(named), (stream.name, raw)

    def test_a_value_never_seen_is_put_before_a_person(self, declared: Provider) -> None:
        for name, paths in self.decides_by.items():
            stream = declared.stream(name)
            for path in paths:
                raw = next(one for one in fixture_objects(declared, stream) if _has(one, path))
                changed = copy.deepcopy(raw)
                holder(changed, path)[path[-1]] = "never_seen_before"
                kinds = {type(record) for record in read(stream, changed)}
                assert kinds == {Unknown}, (name, path, kinds)

    def test_each_export_file_is_known_by_its_own_layout_alone(self, declared: Provider) -> None:
        assert set(self.files) == {layout.name for layout in declared.files}
        for name, (content, _) in self.files.items():
            known = [
                (one.slug, layout.name)
                for one in all_providers().values()
                for layout in one.files
                if tables.find(content, "export", layout.recognise) is not None
            ]
            assert known == [(self.slug, name)]

    def test_export_files_mean_these_facts(self, declared: Provider) -> None:
        for layout in declared.files:
            content, means = self.files[layout.name]
            table = tables.find(content, "export", layout.recognise)
            assert table is not None
            objects, stream = list(layout.objects(table)), declared.stream(layout.stream)
            assert objects == list(layout.objects(table))
            assert [stream.recognise(raw) for raw in objects] == [True] * len(objects)
            assert parse_json(render_json(objects)) == objects, "objects of a file are JSON without floats"
            ids = [stream.identify(Payload.of(raw)) for raw in objects]
            assert len(set(ids)) == len(ids)
            assert [told(record) for raw in objects for record in read(stream, raw)] == means

    def test_a_cut_or_spoilt_export_file_is_a_named_problem(self, declared: Provider) -> None:
        for layout in declared.files:
            table = tables.find(self.files[layout.name][0], "export", layout.recognise)
            assert table is not None
            for index, row in enumerate(table.rows):
                for column in row.cells:
                    for other in ("", "no such thing"):
                        spoilt = dataclasses.replace(row, cells={**row.cells, column: other})
                        rows = (*table.rows[:index], spoilt, *table.rows[index + 1 :])
                        _attempt_file(declared, layout, dataclasses.replace(table, rows=rows))

    def test_errors_say_what_to_do(self, declared: Provider) -> None:
        if isinstance(declared.auth, FileOnly):
            assert (declared.read_error, self.errors) == (None, [])
            return
        assert declared.read_error is not None
        generic: list[tuple[int, Any, type[Exception]]] = [
            (status, body, kind)
            for status, kind in ((401, Reconnect), (429, RetryLater), (500, RetryLater), (503, RetryLater))
            for body in (None, {}, [], "<html>")
        ]
        for status, body, kind in [*generic, *self.errors]:
            assert type(declared.read_error(status, {}, body)) is kind, (status, body)
        assert declared.read_error(200, {}, {}) is None

    def test_a_busy_answer_says_how_long_to_wait(self, declared: Provider) -> None:
        if isinstance(declared.auth, FileOnly):
            assert not declared.pulled
            return
        assert declared.read_error is not None
        error = declared.read_error(429, {"retry-after": "17"}, None)
        assert isinstance(error, RetryLater)
        assert error.retry_after == 17

    def test_error_messages_hold_nothing_of_the_body(self, declared: Provider) -> None:
        for status, body, _ in self.errors:
            assert declared.read_error is not None
            spoilt = json.loads(json.dumps(body).replace('"TEXT"', json.dumps(SECRET)))
            error = declared.read_error(status, {}, spoilt)
            assert SECRET not in f"{error!s} {vars(error)!r}", status


def _attempt(stream: Stream, raw: Mapping[str, Any]) -> PayloadError | None:
    """What reading a broken object raises; anything but a PayloadError fails the test that calls."""
    try:
        stream.identify(Payload.of(raw))
        stream.version(Payload.of(raw))
        read(stream, raw)
    except PayloadError as error:
        return error
    return None


def _attempt_file(declared: Provider, layout: FileLayout, table: tables.Table) -> None:
    """Reading a spoilt file raises nothing but a PayloadError."""
    stream = declared.stream(layout.stream)
    try:
        objects = list(layout.objects(table))
    except PayloadError:
        return
    for raw in objects:
        _attempt(stream, raw)


def _has(raw: Any, path: tuple[Any, ...]) -> bool:
    try:
        return holder(raw, path)[path[-1]] is not None
    except (KeyError, IndexError, TypeError):
        return False


def _values(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for inside in value:
            yield from _values(inside)
    else:
        yield value


# ---- published samples ---------------------------------------------------------------------------------------------------


def samples(slug: str) -> list[Path]:
    """Every sample payload a third party published, or a failure that says where they should be."""
    folder = CONTRACTS / slug / "samples"
    if not folder.is_dir():
        pytest.fail(f"the published samples are not at {folder}")
    return sorted(folder.rglob("*.json"))


def outcome(declared: Provider, sample: Path) -> str:
    """What a sample comes to: its facts, a named problem, or that it is of no stream of this provider."""
    try:
        found = list(declared.recognised(parse_json(sample.read_bytes())))
        facts = [record for stream, raw in found for record in read(stream, raw)]
    except PayloadError as error:
        return f"PayloadError {error}"
    if not found:
        return "not a stream of this provider"
    kinds: dict[str, int] = {}
    for record in facts:
        name = type(record).__name__ + (f": {record.what}" if isinstance(record, Unknown) else "")
        kinds[name] = kinds.get(name, 0) + 1
    return ", ".join(f"{name} × {count}" for name, count in sorted(kinds.items())) or "recognised, no facts"


def result_table(declared: Provider) -> dict[str, str]:
    folder = CONTRACTS / declared.slug / "samples"
    return {str(sample.relative_to(folder)): outcome(declared, sample) for sample in samples(declared.slug)}


class ScriptedApi:
    """The Api protocol over a list of (path, answer or error): what a pull asks for is kept in ``asked``.

    For ``get_with_headers`` an answer is (body, headers), for ``fetch`` bytes.
    """

    def __init__(
        self, *script: tuple[str, Any], account_id: str = "company", settings: Mapping[str, str] | None = None
    ) -> None:
        self.account_id = account_id
        self.settings = dict(settings or {})
        self.script = list(script)
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def get(self, path: str, params: Mapping[str, Any] | None = None, **_options: Any) -> Any:
        return self._next(path, dict(params or {}))

    get_with_headers = get

    def query(self, path: str, json: Mapping[str, Any] | None = None, *, form: Mapping[str, str] | None = None) -> Any:
        return self._next(path, dict(json or form or {}))

    def fetch(self, url: str, params: Mapping[str, Any] | None = None, *, form: Mapping[str, str] | None = None) -> Any:
        return self._next(url, dict(params or form or {}))

    def post(self, path: str, json: Mapping[str, Any] | None = None, **options: Any) -> Any:
        return self._next(path, dict(json or options.get("form") or {}))

    def put(self, path: str, json: Mapping[str, Any]) -> Any:
        return self._next(path, dict(json))

    def delete(self, path: str) -> Any:
        return self._next(path, {})

    def _next(self, path: str, said: dict[str, Any]) -> Any:
        self.asked.append((path, said))
        for index, (wanted, answer) in enumerate(self.script):
            if wanted == path:
                del self.script[index]
                if isinstance(answer, Exception):
                    raise answer
                return copy.deepcopy(answer)
        raise AssertionError(f"nothing is scripted for {path}")
