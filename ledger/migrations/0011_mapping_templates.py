"""When posted entries had followed a mapping version; a practice's own templates of mappings."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

ROLE = '"' + settings.DATABASE_APP_ROLE.replace('"', '""') + '"'
TABLE = "ledger_mappingtemplate"
OWN = "practice_id = (SELECT NULLIF(current_setting('app.practice', true), '')::bigint)"


class Migration(migrations.Migration):

    dependencies = [
        ('clients', '0002_inventory'),
        ('ledger', '0010_exchange_rates'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='mappingversion',
            name='moved_at',
            field=models.DateTimeField(blank=True, help_text='When what was posted before had followed it.', null=True),
        ),
        migrations.CreateModel(
            name='MappingTemplate',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=80)),
                ('rules', models.JSONField(default=list)),
                ('changed_at', models.DateTimeField(auto_now=True)),
                ('changed_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('practice', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='mapping_templates', to='clients.practice')),
            ],
            options={
                'ordering': ['name'],
                'constraints': [models.UniqueConstraint(fields=('practice', 'name'), name='mapping_template_name')],
            },
        ),
        migrations.RunSQL(
            sql=[
                f"ALTER TABLE {TABLE} ENABLE ROW LEVEL SECURITY",
                f"ALTER TABLE {TABLE} FORCE ROW LEVEL SECURITY",
                f"CREATE POLICY practice_rows ON {TABLE} USING ({OWN}) WITH CHECK ({OWN})",
                f"REVOKE ALL ON {TABLE} FROM PUBLIC, {ROLE}",
                f"GRANT SELECT, INSERT, UPDATE, DELETE ON {TABLE} TO {ROLE}",
            ],
            reverse_sql=[
                f"DROP POLICY practice_rows ON {TABLE}",
                f"ALTER TABLE {TABLE} NO FORCE ROW LEVEL SECURITY",
                f"ALTER TABLE {TABLE} DISABLE ROW LEVEL SECURITY",
            ],
        ),
    ]
