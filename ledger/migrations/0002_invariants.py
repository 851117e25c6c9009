"""The journal's invariants in the database, and row-level security on every table of the ledger."""

from pathlib import Path

from django.db import migrations

from clients.tenancy import client_table

SQL = Path(__file__).parent / "sql"
READ_ADD = "SELECT, INSERT"
NO_DELETE = "SELECT, INSERT, UPDATE"


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial")]

    operations = [
        migrations.RunSQL(sql=(SQL / "journal.sql").read_text(), reverse_sql=(SQL / "journal.reverse.sql").read_text()),
        client_table("ledger_account", grants=NO_DELETE),
        client_table("ledger_period", grants=NO_DELETE),
        client_table("ledger_mappingversion", grants=NO_DELETE),
        client_table("ledger_mappingrule"),
        client_table("ledger_journalentry", grants=READ_ADD),
        client_table("ledger_journalline", grants=READ_ADD),
        client_table("ledger_monthlybalance", grants="SELECT"),
        client_table("ledger_entryapproval", grants=READ_ADD),
        client_table("ledger_mirrordocument", grants=NO_DELETE),
        client_table("ledger_changedafterclose", grants=NO_DELETE),
        client_table("ledger_outboxitem", grants=NO_DELETE),
        client_table("ledger_outboxmember", grants=READ_ADD),
        client_table("ledger_reportedbalance", grants=NO_DELETE),
        client_table("ledger_ledgerexception", board=True, grants=NO_DELETE),
        client_table("ledger_bankfeed", grants=NO_DELETE),
        client_table("ledger_bankitem", grants=NO_DELETE),
        client_table("ledger_match"),
        client_table("ledger_matchmember"),
        client_table("ledger_statementbalance", grants=NO_DELETE),
        client_table("ledger_timingitem"),
    ]
