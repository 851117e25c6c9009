"""The links of payments that were read before links were kept."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):

    dependencies = [
        ('integrations', '0008_counts_beside'),
        ('ledger', '0025_contractor_w9'),
    ]

    operations = [
        migrations.RunSQL(sql=(SQL / "known_links.sql").read_text(), reverse_sql=migrations.RunSQL.noop),
    ]
