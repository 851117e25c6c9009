"""Every published sample meets the independent reading in EXPECTED.json, or is refused with a reason."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from integrations import bankfiles
from integrations.bankfiles import LayoutNeeded
from integrations.errors import PayloadError
from integrations.money import to_minor

SAMPLES = Path(__file__).resolve().parents[4] / "shared" / "contracts" / "bank-files" / "samples"
NOT_SAMPLES = {".md", ".json"}

# refused although the independent reading counts rows in them, and why
REFUSED = {
    "ofx/malformed-date_missing.ofx": "the date is missing",
    "ofx/oca-test_ofx_wrong.ofx": "CURDEF: the currency is missing",
    "ofx/not-a-bank-account-investment_401k.ofx": "an investment statement without cash lines",
    "camt/genkgo-camt052.v6.Amt-zero.xml": "never booked",
    "camt/genkgo-camt052.v8.xml": "never booked",
    "camt/genkgo-camt054.v8.xml": "details of a lump entry",
}
ASKED = {
    "csv/20180226_12345678.csv": "day or the month first",
    "csv/oca-debit_credit_amount.csv": "both signs",
    "csv/oca-original_currency.csv": "money in or money out",
    "csv/oca-original_currency_no_header.csv": "Which columns",
    "csv/oca-sample_statement_credit_card_inverse_sign_en.csv": "money in or money out",
    "csv/statement_1.csv": "money in or money out",
    "csv/test_delimiter_tab.csv": "Which columns",
    "csv/test_row_format_CD_flag.csv": "no debit or credit flag",
}
WITHOUT_LINES = {"csv/TH_20180101-20180523_page_1.csv", "csv/oca-empty_statement_en.csv"}

pytestmark = pytest.mark.contracts


@pytest.fixture(autouse=True)
def _samples_are_there():
    assert (SAMPLES / "EXPECTED.json").is_file(), f"the bank file contracts are absent: {SAMPLES}"


@pytest.fixture
def expected() -> dict[str, dict[str, object]]:
    return json.loads((SAMPLES / "EXPECTED.json").read_text(encoding="utf-8"))["files"]


def read(name: str, currency: str = ""):
    content = (SAMPLES / name).read_bytes()
    return bankfiles.read(content, filename=Path(name).name, currency=currency)


def answer(name: str, currency: str = ""):
    try:
        return read(name, currency), ""
    except (PayloadError, LayoutNeeded) as error:
        return (), str(error)


def wanted(entry):
    """(account, currency, lines, sum, closing) of each expected statement; None where the reading does not say."""
    for each in entry.get("statements", []):
        count = each.get("transactions", each.get("entries"))
        total = Decimal(each.get("sum_of_amounts", each.get("signed_sum")))
        closing = each.get("ledger_balance")
        currency = each.get("currency")
        for balance in each.get("balances", []):
            if balance["code"] == "OPBD":
                currency = balance["currency"]
        for balance in each.get("balances", []):
            if balance["code"] == "CLBD" and balance["currency"] == currency:
                closing = balance["amount"] if balance["side"] == "CRDT" else f"-{balance['amount']}"
        yield each["account"], currency, count, total, closing
    if "rows" in entry:
        yield None, "USD", entry["rows"], Decimal(entry["signed_sum"]), None


def differs(statement, want) -> bool:
    account, currency, count, total, closing = want
    code = currency or statement.currency
    return (
        account not in {None, statement.account}
        or statement.currency != code
        or len(statement.lines) != count
        or sum(line.amount for line in statement.lines) != to_minor(total, code, rounding=True)
        or (closing is not None and statement.closing != to_minor(closing, code))
    )


def test_every_expected_file_is_read_as_expected_or_refused_with_its_reason(expected):
    table, wrong = [], 0
    for name, entry in expected.items():
        statements, problem = answer(name, "USD" if name.startswith("csv") else "")
        wants = [] if name in REFUSED else list(wanted(entry))
        good = len(statements) == len(wants) and not any(map(differs, statements, wants))
        good = good and (bool(problem) == (not wants)) and REFUSED.get(name, "") in problem
        wrong += not good
        got = [(s.account, s.currency, len(s.lines), sum(x.amount for x in s.lines), s.closing) for s in statements]
        table.append(f"{'ok  ' if good else 'FAIL'} {name}: {got or problem}")
    assert not wrong, "\n" + "\n".join(table)


def test_the_samples_nobody_counted_are_read_or_asked_about_or_refused():
    table, wrong = [], 0
    for path in sorted((SAMPLES / "csv").iterdir()):
        name = f"csv/{path.name}"
        statements, problem = answer(name, "EUR")
        good = ASKED[name] in problem if name in ASKED else bool(statements) != (name in WITHOUT_LINES)
        wrong += not good
        table.append(f"{'ok  ' if good else 'FAIL'} {name}: {[len(s.lines) for s in statements] or problem}")
    assert not wrong, "\n" + "\n".join(table)


@pytest.mark.parametrize(
    ("name", "lines", "total"),
    [
        ("csv/CSV_A_20180414_112204.csv", 3, -103749),
        ("csv/20171001-20171106.csv", 1, -5999),
        ("csv/2018-04-14_10-52-13_bunq-transactieoverzicht.csv", 3, 72854),
        ("csv/TransactionHistory_20180418043121.csv", 8, -17328),
        ("csv/test_raiffeisen_01.csv", 73, -458070),
        ("csv/oca-debit_credit.csv", 2, 150000),
        ("csv/venmo.csv", 4, 7601),
    ],
)
def test_european_and_odd_csv_files_sum_to_what_a_person_counts(name, lines, total):
    (statement,) = read(name, "EUR")
    assert (len(statement.lines), sum(line.amount for line in statement.lines)) == (lines, total)


def test_a_proposal_a_person_confirms_reads_the_file_that_was_asked_about():
    for name in set(ASKED) - {"csv/test_row_format_CD_flag.csv"}:
        content = (SAMPLES / name).read_bytes()
        with pytest.raises(LayoutNeeded) as asked:
            bankfiles.read(content, filename=name, currency="EUR")
        assert bankfiles.read(content, layout=asked.value.proposal, currency="EUR")[0].lines, name


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("mt940/*")), ids=lambda path: path.name)
def test_mt940_samples_are_read_with_their_balances(path):
    statements = bankfiles.read(path.read_bytes(), filename=path.name)
    assert all(s.opening is not None and s.closing is not None for s in statements)


def test_every_sample_gives_the_same_ids_when_read_again():
    for path in sorted(SAMPLES.rglob("*")):
        if path.is_file() and path.suffix not in NOT_SAMPLES:
            name = str(path.relative_to(SAMPLES))
            assert answer(name, "EUR") == answer(name, "EUR")


def test_no_two_lines_of_a_sample_share_an_id():
    for path in sorted(SAMPLES.rglob("*")):
        if path.is_file() and path.suffix not in NOT_SAMPLES:
            statements, _ = answer(str(path.relative_to(SAMPLES)), "EUR")
            ids = [line.external_id for s in statements for line in s.lines]
            assert len(ids) == len(set(ids)), path
