"""The registry: folders are providers, and a declaration that cannot work is refused at start."""

from __future__ import annotations

import ast
import dataclasses
import subprocess
import sys

import pytest

from integrations.payload import parse_json
from integrations.provider import OAuth2, RateLimit
from integrations.registry import (
    PROVIDERS,
    BadDeclaration,
    UnknownProvider,
    all_providers,
    check,
    provider,
    read_folder,
)


def test_every_folder_with_a_declaration_is_a_provider():
    folders = {place.parent.name.replace("_", "-") for place in PROVIDERS.glob("*/provider.py")}
    assert set(all_providers()) == folders
    assert {"stripe", "plaid", "gusto"} <= folders


def test_a_slug_gives_its_provider_and_a_strange_one_a_clear_error():
    assert provider("stripe").name == "Stripe"
    with pytest.raises(UnknownProvider, match="stripes"):
        provider("stripes")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"slug": "strype"}, "does not belong to this folder"),
        ({"name": ""}, "no name"),
        ({"base_urls": {"authorize": "https://connect.stripe.com"}}, "no 'api'"),
        ({"base_urls": {"api": "http://api.stripe.com"}}, "must be https"),
        ({"streams": ()}, "no streams"),
        ({"rate": RateLimit(requests=0, seconds=1)}, "lets nothing through"),
        ({"read_error": None}, "read_error"),
        ({"auth": OAuth2(authorize_url="oauth", token_url="/t", account_key="a")}, "begin with a slash"),
        ({"auth": OAuth2(authorize_url="/a", token_url="/t")}, "account_key"),
        ({"auth": OAuth2(authorize_url="/a", token_url="/t", account_in="call"), "whoami": None}, "no whoami"),
    ],
)
def test_a_declaration_that_cannot_work_is_told_why(changed, said):
    problems = "; ".join(check(dataclasses.replace(provider("stripe"), **changed), "stripe"))
    assert said in problems


def test_two_streams_of_one_name_are_refused():
    declared = provider("plaid")
    doubled = dataclasses.replace(declared, streams=(*declared.streams, declared.streams[0]))
    assert list(check(doubled, "plaid")) == ["two streams have one name"]


def test_a_hosted_link_without_authorise_is_refused():
    assert any(
        "authorise" in problem for problem in check(dataclasses.replace(provider("plaid"), authorise=None), "plaid")
    )


def test_a_folder_without_a_declaration_stops_the_start(tmp_path, monkeypatch):
    folder = tmp_path / "hollow"
    folder.mkdir()
    (folder / "provider.py").write_text("")
    (folder / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr("integrations.providers.__path__", [str(tmp_path)])
    with pytest.raises(BadDeclaration, match=r"hollow: provider\.py has no PROVIDER"):
        read_folder(folder)


def test_every_stream_has_its_documented_page():
    missing = [
        f"{declared.slug}/{stream.name}"
        for declared in all_providers().values()
        for stream in declared.streams
        if not (PROVIDERS / declared.slug.replace("-", "_") / "fixtures" / f"{stream.name}.json").is_file()
    ]
    assert missing == []


def test_no_object_of_any_page_is_recognised_by_two_streams():
    doubled = []
    for page in PROVIDERS.glob("*/fixtures/*.json"):
        home = provider(page.parent.parent.name.replace("_", "-"))
        for stream, raw in home.recognised(parse_json(page.read_bytes())):
            names = [
                (one.slug, other.name)
                for one in all_providers().values()
                for other in one.streams
                if other.recognise(raw)
            ]
            if names != [(home.slug, stream.name)]:
                doubled.append((page.name, names))
    assert doubled == []


def test_the_registry_needs_no_django():
    script = (
        "import sys; from integrations.registry import all_providers; all_providers(); print('django' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_provider_folders_know_nothing_of_the_ledger():
    for source in PROVIDERS.rglob("*.py"):
        for node in ast.walk(ast.parse(source.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not [name for name in names if name.split(".")[0] in {"ledger", "closeout", "clients", "config"}], (
                source
            )
