"""Every error code of the published contracts has a row in plain words; a code that nobody knows is shown. No database."""

from __future__ import annotations

import json
import re

import pytest

from integrations import faults
from integrations.registry import all_providers
from tests.integrations.contract import CONTRACTS

pytestmark = pytest.mark.skipif(not CONTRACTS.is_dir(), reason=f"the published contracts are not at {CONTRACTS}")

#: Where contracts list codes: enums of schemas and fields that are called so. Requirements of an account, places in a request
#: and what happens to mails are no errors of an answer.
LISTS = re.compile(
    r"/(ErrorCode|ErrorCategory|\w*ErrorType)$|(error_\d+|/\d{3})/.*(name|issue)$|-\d{3}/.*issue$|api_errors/properties/type$"
    r"|/Error/items/properties/category$"
)
ENUM = re.compile(r"^enum (\w*ErrorCode) \{(.*?)^\}", re.MULTILINE | re.DOTALL)
TEXTS = re.compile(r'""".*?"""', re.DOTALL)


def enums(value, path=""):
    """(path, codes) of every enum below a value."""
    if isinstance(value, dict):
        if isinstance(value.get("enum"), list):
            yield path, [code for code in value["enum"] if isinstance(code, str)]
        for name, inner in value.items():
            yield from enums(inner, f"{path}/{name}")
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from enums(inner, f"{path}/{number}")


def codes_of(file):
    if file.suffix == ".graphql":
        for _name, body in ENUM.findall(file.read_text()):
            yield from re.findall(r"^\s+([A-Z_]+)$", TEXTS.sub("", body), re.MULTILINE)
        return
    content = json.loads(file.read_text())
    if file.name == "errors.json":
        yield from (row["code"] for row in content["codes"])
        yield from content["faultTypes"]
    for path, codes in enums(content):
        if LISTS.search(path):
            yield from codes


def contract_files(slug):
    return [file for kind in ("json", "graphql") for file in sorted((CONTRACTS / slug).glob(f"*.{kind}"))]


@pytest.mark.parametrize(
    ("slug", "at_least"),
    [
        ("quickbooks-online", 35),
        ("square", 160),
        ("plaid", 24),
        ("stripe", 4),
        ("paypal", 15),
        ("shopify", 50),
        ("bill", 4),
    ],
)
def test_every_error_code_of_a_contract_has_its_row(slug, at_least):
    own = all_providers()[slug].faults
    found = {code for file in contract_files(slug) for code in codes_of(file)}
    assert len(found) >= at_least
    assert sorted(code for code in found if faults.known(code, own) is None) == []


def test_no_other_contract_lists_codes_that_nobody_looks_at():
    listed = {"quickbooks-online", "square", "plaid", "stripe", "paypal", "shopify", "bill"}
    others = {slug: contract_files(slug) for slug in all_providers() if slug not in listed}
    found = {slug: {code for file in files for code in codes_of(file)} for slug, files in others.items()}
    missing = {
        slug: unknown
        for slug, codes in found.items()
        if (unknown := sorted(code for code in codes if faults.known(code, all_providers()[slug].faults) is None))
    }
    assert missing == {}


def test_every_row_says_what_to_do():
    rows = [plain for provider in all_providers().values() for plain in provider.faults.values()]
    assert {plain.step for plain in (*rows, *faults.COMMON.values())} <= faults.STEPS.keys()
    assert all(plain.cause and not plain.cause.endswith(".") for plain in rows)


def test_a_code_that_nobody_knows_is_shown():
    plain = faults.explain("E-4711", {})
    assert "E-4711" in plain.cause
    assert plain.step == "report"


@pytest.mark.parametrize(
    ("said", "step"),
    [
        ("the answer was 503", "wait"),
        ("ITEM_LOGIN_REQUIRED: the bank asks again", "reconnect"),
        ("refused (invalid_grant)", "reconnect"),
        ("nothing that anybody knows", None),
    ],
)
def test_a_code_is_found_in_a_message(said, step):
    plain = faults.explain_text(said, all_providers()["plaid"].faults)
    assert (plain.step if plain else None) == step
