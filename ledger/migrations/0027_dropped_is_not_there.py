"""A document is taken off the list only where nothing of it can be in the accounting system."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0026_known_links'),
    ]

    operations = [
        migrations.RunSQL(
            sql=(SQL / "dropped_is_not_there.sql").read_text(), reverse_sql=(SQL / "dropped_is_not_there.reverse.sql").read_text()
        ),
    ]
