"""What mapping rules may ask for and put on their lines; how a draft was tested; an approved version stands."""

from pathlib import Path

from django.db import migrations, models

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0005_line_class'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='mappingrule',
            name='mapping_one_rule_per_case',
        ),
        migrations.AddField(
            model_name='mappingrule',
            name='channel',
            field=models.CharField(blank=True, db_default='', max_length=120),
        ),
        migrations.AddField(
            model_name='mappingrule',
            name='location',
            field=models.CharField(blank=True, db_default='', max_length=120),
        ),
        migrations.AddField(
            model_name='mappingrule',
            name='party',
            field=models.CharField(blank=True, db_default='', max_length=120),
        ),
        migrations.AddField(
            model_name='mappingrule',
            name='tender',
            field=models.CharField(blank=True, db_default='', max_length=120),
        ),
        migrations.AddField(
            model_name='mappingrule',
            name='to_class',
            field=models.CharField(blank=True, db_default='', max_length=120),
        ),
        migrations.AddField(
            model_name='mappingrule',
            name='to_department',
            field=models.CharField(blank=True, db_default='', max_length=120),
        ),
        migrations.AddField(
            model_name='mappingrule',
            name='to_party',
            field=models.CharField(blank=True, db_default='', max_length=120),
        ),
        migrations.AddField(
            model_name='mappingversion',
            name='locked_months',
            field=models.CharField(choices=[('stay', 'Stay as they were signed'), ('adjust', 'Get an adjusting entry in the first open month')], db_default='stay', default='stay', max_length=6),
        ),
        migrations.AddField(
            model_name='mappingversion',
            name='tested_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='mappingversion',
            name='tested_month',
            field=models.DateField(blank=True, help_text='The past month the draft was tried on last.', null=True),
        ),
        migrations.AddConstraint(
            model_name='mappingrule',
            constraint=models.UniqueConstraint(fields=('version', 'role', 'key', 'party', 'tender', 'department', 'location', 'channel', 'provider', 'words'), name='mapping_one_rule_per_case'),
        ),
        migrations.RunSQL(
            sql=(SQL / "mapping_version.sql").read_text(),
            reverse_sql=(SQL / "mapping_version.reverse.sql").read_text(),
        ),
    ]
