"""A schedule's line of a closed month can be booked again, once its entry was reversed."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0019_half_year_convention'),
    ]

    operations = [
        migrations.RunSQL(
            sql=(SQL / "schedule_line_again.sql").read_text(),
            reverse_sql=(SQL / "schedule_line_again.reverse.sql").read_text(),
        ),
    ]
