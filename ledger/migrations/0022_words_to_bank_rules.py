"""What bank lines' words mean is a bank rule's alone: mapping rules that asked for words become bank rules."""

from pathlib import Path

from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0021_bank_rule_role'),
    ]

    operations = [
        migrations.RunSQL(sql=(SQL / "words_to_bank_rules.sql").read_text(), reverse_sql=migrations.RunSQL.noop),
        # Rows of versions that were approved stay as they were signed: the rule holds for what is written from now on.
        AddConstraintNotValid(
            model_name='mappingrule',
            constraint=models.CheckConstraint(condition=models.Q(('words', '')), name='mapping_rule_asks_no_words'),
        ),
    ]
