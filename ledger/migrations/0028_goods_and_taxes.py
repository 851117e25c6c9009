"""Mapping rules may ask for the type of the goods and for the jurisdiction of the tax."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0027_dropped_is_not_there'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='mappingrule',
            name='mapping_one_rule_per_case',
        ),
        migrations.AddField(
            model_name='mappingrule',
            name='product',
            field=models.CharField(blank=True, db_default='', default='', max_length=120),
        ),
        migrations.AddField(
            model_name='mappingrule',
            name='jurisdiction',
            field=models.CharField(blank=True, db_default='', default='', max_length=120),
        ),
        migrations.AddConstraint(
            model_name='mappingrule',
            constraint=models.UniqueConstraint(fields=('version', 'role', 'key', 'party', 'product', 'jurisdiction', 'tender', 'department', 'location', 'channel', 'provider', 'words'), name='mapping_one_rule_per_case'),
        ),
    ]
