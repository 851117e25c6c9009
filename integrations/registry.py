"""The providers there are: every folder of ``providers/`` with a ``provider.py``, checked when first asked for.

Nothing is listed anywhere: a new folder is a new provider. A declaration that cannot work raises at start, not at first use.
"""

from __future__ import annotations

import importlib
import re
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from integrations import declarations
from integrations.provider import FileOnly, Provider

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PROVIDERS = Path(__file__).parent / "providers"
_SLUG = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_STREAM = re.compile(r"[a-z][a-z0-9_]*")


class BadDeclaration(Exception):  # noqa: N818
    """A provider folder whose declaration cannot work; the message names the folder and every problem."""


class UnknownProvider(LookupError):  # noqa: N818
    """No folder declares this slug."""


def all_providers() -> Mapping[str, Provider]:
    """Every provider by slug, in order of slug. Raises BadDeclaration."""
    return _load()


def provider(slug: str) -> Provider:
    """The provider of this slug. Raises UnknownProvider."""
    try:
        return all_providers()[slug]
    except KeyError:
        raise UnknownProvider(slug) from None


@cache
def _load() -> Mapping[str, Provider]:
    folders = sorted(place.parent for place in PROVIDERS.glob("*/provider.py"))
    return MappingProxyType({found.slug: found for found in map(read_folder, folders)})


def read_folder(folder: Path) -> Provider:
    """The declaration of one folder, checked. Raises BadDeclaration."""
    module = importlib.import_module(f"integrations.providers.{folder.name}.provider")
    declared = getattr(module, "PROVIDER", None)
    if not isinstance(declared, Provider):
        raise BadDeclaration(f"{folder.name}: provider.py has no PROVIDER")
    problems = list(check(declared, folder.name))
    if problems:
        raise BadDeclaration(f"{folder.name}: " + "; ".join(problems))
    return declared


def check(declared: Provider, folder: str) -> Iterator[str]:
    """What is wrong with a declaration, in words; nothing if it can work."""
    if not _SLUG.fullmatch(declared.slug):
        yield f"slug {declared.slug!r} is not lower-case words with hyphens"
    if folder != declared.slug.replace("-", "_"):
        yield f"slug {declared.slug!r} does not belong to this folder"
    if not declared.name:
        yield "it has no name"
    if declared.rate.requests < 1 or declared.rate.seconds < 1 or declared.rate.concurrent < 1:
        yield "the rate limit lets nothing through"
    if not isinstance(declared.auth, FileOnly):
        yield from _check_addresses(declared)
        if declared.read_error is None:
            yield "it cannot read its errors (read_error)"
    yield from declarations.check_schemes(declared)
    yield from declarations.check_webhook(declared)
    yield from _check_streams(declared)
    yield from declarations.check_files(declared)


def _check_addresses(declared: Provider) -> Iterator[str]:
    if "api" not in declared.base_urls and declared.addresses is None:
        yield "base_urls has no 'api'"
    for purpose, url in declared.base_urls.items():
        if not url.startswith("https://") or url.endswith("/"):
            yield f"base URL of {purpose!r} must be https and end without a slash"
    if declared.addresses is not None and not declared.hosts:
        yield "its addresses depend on the account, and hosts does not say which are allowed"
    for pattern in (*declared.hosts, *declared.file_hosts):
        if declarations.is_too_wide(pattern):
            yield f"the host pattern {pattern!r} lets an address of this machine or network through"


def _check_streams(declared: Provider) -> Iterator[str]:
    names = [stream.name for stream in declared.streams]
    if not names:
        yield "it has no streams"
    if len(set(names)) != len(names):
        yield "two streams have one name"
    brought = {layout.stream for layout in declared.files}
    for stream in declared.streams:
        if not _STREAM.fullmatch(stream.name):
            yield f"stream {stream.name!r} is not a lower-case name"
        if not stream.reference.startswith("https://"):
            yield f"stream {stream.name!r} names no reference page"
        if stream.every_minutes < 1:
            yield f"stream {stream.name!r} is never due"
        if stream.pull is None and stream.name not in brought:
            yield f"stream {stream.name!r} is neither pulled nor brought as a file"
        if stream.pull is not None and isinstance(declared.auth, FileOnly):
            yield f"stream {stream.name!r} is pulled, and there is no access to pull it by"
