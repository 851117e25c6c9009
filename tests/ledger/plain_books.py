"""Our export read by beancount and by hledger: what balances they come to, beside our own trial balance."""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
from decimal import Decimal

from beancount import loader
from beancount.core.data import Transaction

from clients.templatetags.portal import DECIMALS
from ledger import exports, statements
from ledger.core import plaintext
from ledger.core.plaintext import Heading
from ledger.core.statements import trial_balance

HAS_HLEDGER = shutil.which("hledger") is not None


def ours(client, month, names):
    """Balances at a month's end since the books began, by the format's own names."""
    balance = trial_balance(statements.load(client, through=month.first), month, carry_profit=False)
    decimals = DECIMALS.get(client.home_currency, 2)
    return {names[row.account.key]: Decimal(row.debit - row.credit).scaleb(-decimals) for row in balance.rows}


def beancount_balances(text):
    """Raises AssertionError with what beancount finds wrong."""
    entries, errors, _options = loader.load_string(text)
    assert errors == []
    sums = {}
    for entry in entries:
        if isinstance(entry, Transaction):
            for posting in entry.postings:
                sums[posting.account] = sums.get(posting.account, Decimal(0)) + posting.units.number
    return {name: amount for name, amount in sums.items() if amount}


def hledger_balances(text):
    """Raises CalledProcessError with what hledger finds wrong, undeclared accounts and commodities too."""
    command = ["hledger", "-f", "-", "bal", "--strict", "--flat", "--no-total", "-O", "csv"]
    said = subprocess.run(command, check=True, capture_output=True, text=True, input=text).stdout
    return {row["account"]: Decimal(row["balance"].split()[0]) for row in csv.DictReader(io.StringIO(said))}


def differences(client, month):
    """What the tools say otherwise than we, by tool; nothing if they agree. The client's context is open."""
    heading = Heading(client.name, month.last, client.home_currency, DECIMALS.get(client.home_currency, 2))
    accounts = exports.accounts(client)
    tools = {"beancount": (plaintext.beancount, plaintext.beancount_names, beancount_balances)}
    if HAS_HLEDGER:
        tools["hledger"] = (plaintext.hledger, plaintext.hledger_names, hledger_balances)
    found = {}
    for tool, (write, names, read) in tools.items():
        theirs = read("\n".join(write(heading, accounts, exports.entries(client, month.last))) + "\n")
        own = ours(client, month, names(accounts))
        assert own, "books without a balance prove nothing"
        if theirs != own:
            found[tool] = {
                name: (theirs.get(name), own.get(name))
                for name in theirs.keys() | own.keys()
                if theirs.get(name) != own.get(name)
            }
    return found
