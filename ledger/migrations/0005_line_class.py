"""The class of a journal line, beside its department."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0004_connection_kinds'),
    ]

    operations = [
        migrations.AddField(
            model_name='journalline',
            name='klass',
            field=models.CharField(blank=True, db_default='', help_text="The accounting system's class.", max_length=120),
        ),
    ]
