"""The SELECT subset: what can be asked, how it is paged, what is refused."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from quickbooks_builder import Seed, account_id, bill, company, entry, invoice

from integrations.sandbox.quickbooks.faults import QuickBooksFault


@pytest.fixture(scope="module")
def firm():
    later = datetime(2026, 3, 20, 18, tzinfo=UTC)
    seeds = [
        Seed("JournalEntry", entry("Rent", "Checking", str(n), f"2026-03-{n:02d}", DocNumber=f"PY-{n}"), f"e{n}", later)
        for n in range(1, 26)
    ]
    seeds += [Seed("Bill", bill(str(100 * n), DocNumber=f"B{n}"), f"b{n}") for n in range(1, 4)]
    seeds.append(Seed("Customer", {"DisplayName": "O'Hara & Sons"}, "ohara"))
    seeds.append(Seed("Invoice", invoice(), "inv"))
    made = company(*seeds)
    made.write(
        "Vendor", "update", {"Id": made.id_of("Vendor:Bright Power"), "SyncToken": "0", "sparse": True, "Active": False}
    )
    return made


def ids(firm, statement, kind="JournalEntry"):
    return [row["Id"] for row in firm.query(statement).get(kind, [])]


def numbers(firm, statement, kind="JournalEntry"):
    return [row["DocNumber"] for row in firm.query(statement).get(kind, [])]


def test_documents_come_newest_first_by_default(firm):
    found = ids(firm, "select * from JournalEntry")
    assert found == sorted(found, key=int, reverse=True)


def test_pages_cover_every_row_once(firm):
    rows = [
        ids(firm, f"SELECT * FROM JournalEntry ORDERBY Id STARTPOSITION {start} MAXRESULTS 10")
        for start in (1, 11, 21, 31)
    ]
    assert [len(page) for page in rows] == [10, 10, 5, 0]
    assert len({found for page in rows for found in page}) == 25


def test_an_empty_page_has_no_entity_at_all(firm):
    assert firm.query("select * from Transfer") == {}


def test_a_page_tells_where_it_starts_and_how_many_it_holds(firm):
    found = firm.query("select * from JournalEntry startposition 21 maxresults 100")
    assert (found["startPosition"], found["maxResults"]) == (21, 5)


def test_count_answers_the_number_only(firm):
    assert firm.query("SELECT COUNT(*) FROM JournalEntry WHERE TxnDate > '2026-03-20'") == {"totalCount": 5}


CASES = [
    ("DocNumber = 'PY-7'", ["PY-7"]),
    ("DocNumber IN ('PY-7', 'PY-9', 'none')", ["PY-9", "PY-7"]),
    ("DocNumber LIKE 'py-2%'", ["PY-25", "PY-24", "PY-23", "PY-22", "PY-21", "PY-20", "PY-2"]),
    ("TxnDate >= '2026-03-24' AND TxnDate < '2026-03-25'", ["PY-24"]),
    ("TxnDate <= '2026-03-01'", ["PY-1"]),
    ("MetaData.LastUpdatedTime > '2026-03-20T18:00:00Z'", []),
]


@pytest.mark.parametrize(("where", "expected"), CASES)
def test_conditions_choose_rows(firm, where, expected):
    assert numbers(firm, f"select * from JournalEntry where {where}") == expected


def test_times_are_compared_as_moments_not_as_text(firm):
    count = firm.query(
        "select count(*) from JournalEntry where MetaData.LastUpdatedTime >= '2026-03-20T11:00:00-07:00'"
    )
    assert count == {"totalCount": 25}


def test_amounts_and_references_filter(firm):
    assert numbers(firm, "select * from Bill where Balance > '150' and TotalAmt < '300'", "Bill") == ["B2"]
    vendor = firm.id_of("Vendor:Old Mill Properties")
    assert len(ids(firm, f"select * from Bill where VendorRef = '{vendor}'", "Bill")) == 3


def test_inactive_objects_appear_only_when_asked_for(firm):
    names = [row["DisplayName"] for row in firm.query("select * from Vendor")["Vendor"]]
    assert names == ["Old Mill Properties"]
    both = firm.query("select * from Vendor where Active in (true, false)")["Vendor"]
    assert [row["DisplayName"] for row in both] == ["Bright Power (deleted)", "Old Mill Properties"]


def test_a_quote_in_a_name_is_escaped(firm):
    assert len(firm.query(r"select * from Customer where DisplayName = 'O\'Hara & Sons'")["Customer"]) == 1


def test_chosen_fields_come_with_id_and_are_marked_sparse(firm):
    row = firm.query("select DocNumber, TxnDate from JournalEntry where DocNumber = 'PY-7'")["JournalEntry"][0]
    assert set(row) == {"DocNumber", "TxnDate", "Id", "sparse"}
    assert row["sparse"] is True


def test_ids_are_ordered_as_numbers(firm):
    found = ids(firm, "select * from JournalEntry order by Id asc maxresults 1000")
    assert found == sorted(found, key=int)


def test_singles_can_be_queried(firm):
    assert firm.query("select * from CompanyInfo")["CompanyInfo"][0]["Country"] == "US"
    assert firm.query("select * from Preferences")["Preferences"][0]["Id"] == "1"


def test_account_types_with_blanks_are_quoted(firm):
    rows = firm.query("select * from Account where AccountType = 'Accounts Payable'")["Account"]
    assert [row["Id"] for row in rows] == [account_id(firm, "Accounts Payable")]


REFUSED = [
    ("select * from JournalEntry where PrivateNote = 'x'", "4001"),
    ("select * from JournalEntry where TotalAmt = '0'", "4001"),
    ("select * from Payslip", "4001"),
    ("select * from JournalEntry startposition 0", "4001"),
    ("select * from JournalEntry maxresults 1001", "4001"),
    ("select * from JournalEntry where TxnDate = '2026-03-01' or TxnDate = '2026-03-02'", "4000"),
    ("select * from JournalEntry where TxnDate != '2026-03-01'", "4000"),
    ("select * from JournalEntry group by TxnDate", "4000"),
    ("select * JournalEntry", "4000"),
    ("delete from JournalEntry", "4000"),
    ("select * from JournalEntry where Id LIKE '1%'", "4001"),
    ("select * from JournalEntry where MetaData.CreateTime > 'yesterday'", "4001"),
    ("select * from JournalEntry where DocNumber = 'unclosed", "4000"),
    ("", "4000"),
]


@pytest.mark.parametrize(("statement", "code"), REFUSED)
def test_what_the_language_lacks_is_refused(firm, statement, code):
    with pytest.raises(QuickBooksFault) as caught:
        firm.query(statement)
    assert caught.value.code == code
