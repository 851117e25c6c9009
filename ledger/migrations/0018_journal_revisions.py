"""Many revisions in one statement are checked by index."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0017_filed_returns'),
    ]

    operations = [
        migrations.RunSQL(
            sql=(SQL / "journal_revisions.sql").read_text(), reverse_sql=(SQL / "journal_revisions.reverse.sql").read_text()
        ),
    ]
