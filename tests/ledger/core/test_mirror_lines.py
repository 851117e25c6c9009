"""When two readings of a mirrored document say the same to the books."""

from __future__ import annotations

from datetime import date

from ledger.mirror_lines import by_account, difference, digest, same

DAY = date(2026, 4, 7)


def line(account, amount, klass="", department="", names=("", "")):
    return [account, max(amount, 0), max(-amount, 0), "", "", *names, department, klass]


def test_the_order_and_splitting_of_lines_and_their_names_mean_nothing():
    whole = [line("7", 300, klass="5", names=("", "North")), line("1", -300)]
    split = [line("1", -300), line("7", 100, klass="5", names=("", "Renamed")), line("7", 200, klass="5")]
    assert digest(DAY, whole) == digest(DAY, split)
    assert same(DAY, split, DAY, whole)


def test_a_class_a_department_and_a_day_each_make_a_difference():
    plain = [line("7", 300), line("1", -300)]
    for other in ([line("7", 300, klass="5"), line("1", -300)], [line("7", 300, department="5"), line("1", -300)]):
        assert digest(DAY, plain) != digest(DAY, other)
        assert not same(DAY, other, DAY, plain)
        assert difference(by_account(other, {"7": 70, "1": 10}), by_account(plain, {"7": 70, "1": 10})) == {}
    assert not same(DAY, plain, date(2026, 4, 8), plain)


def test_a_reading_of_before_ids_were_kept_is_compared_by_name():
    now = [line("7", 300, klass="5", names=("", "North")), line("1", -300)]
    assert same(DAY, now, DAY, [["7", 300, 0, "", "", "", "North"], ["1", 0, 300, "", "", "", ""]])
    assert not same(DAY, now, DAY, [["7", 300, 0, "", "", "", ""], ["1", 0, 300, "", "", "", ""]])
    assert same(DAY, [line("7", 300), line("1", -300)], DAY, [["7", 300, 0], ["1", 0, 300]])
