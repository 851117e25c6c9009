"""Row-level security on every table of the close; signatures, seals and packages are append-only."""

from django.db import migrations

from clients.tenancy import append_only, client_table

READ_ADD = "SELECT, INSERT"
NO_DELETE = "SELECT, INSERT, UPDATE"


class Migration(migrations.Migration):
    dependencies = [("closeout", "0001_initial")]

    operations = [
        client_table("closeout_closerun", grants=NO_DELETE),
        client_table("closeout_checkresult"),
        client_table("closeout_override", grants=NO_DELETE),
        client_table("closeout_task"),
        client_table("closeout_explanation", grants=NO_DELETE),
        client_table("closeout_signoff", grants=READ_ADD),
        client_table("closeout_seal", system=True, grants=READ_ADD),
        client_table("closeout_package", system=True, grants=NO_DELETE),
        client_table("closeout_reopening", grants=NO_DELETE),
        client_table("closeout_question", board=True, grants=NO_DELETE),
        client_table("closeout_boardrow", board=True),
        append_only("closeout_signoff"),
        append_only("closeout_seal"),
    ]
