"""Groups of clients: a company names its group, which is of its own practice."""

import django.db.models.deletion
import django.db.models.functions.datetime
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models

ROLE = '"' + settings.DATABASE_APP_ROLE.replace('"', '""') + '"'
TABLE = "clients_clientgroup"
OWN = "practice_id = (SELECT NULLIF(current_setting('app.practice', true), '')::bigint)"


class Migration(migrations.Migration):

    dependencies = [
        ('clients', '0002_inventory'),
    ]

    operations = [
        migrations.CreateModel(
            name='ClientGroup',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=120)),
                ('made_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('made_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('practice', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='groups', to='clients.practice')),
            ],
            options={
                'ordering': ['name'],
            },
        ),
        migrations.AddConstraint(
            model_name='clientgroup',
            constraint=models.UniqueConstraint(models.F('practice'), django.db.models.functions.text.Lower('name'), name='client_group_name_once'),
        ),
        migrations.AddConstraint(
            model_name='clientgroup',
            constraint=models.UniqueConstraint(fields=('practice', 'id'), name='client_group_in_practice'),
        ),
        migrations.AddConstraint(
            model_name='clientgroup',
            constraint=models.CheckConstraint(condition=models.Q(('name', ''), _negated=True), name='client_group_has_a_name'),
        ),
        migrations.AddField(
            model_name='client',
            name='group',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='members', to='clients.clientgroup'),
        ),
        migrations.RunSQL(
            sql=[
                "ALTER TABLE clients_client ADD CONSTRAINT client_group_of_practice"
                f" FOREIGN KEY (practice_id, group_id) REFERENCES {TABLE} (practice_id, id)",
                f"ALTER TABLE {TABLE} ENABLE ROW LEVEL SECURITY",
                f"ALTER TABLE {TABLE} FORCE ROW LEVEL SECURITY",
                f"CREATE POLICY practice_rows ON {TABLE} USING ({OWN}) WITH CHECK ({OWN})",
                f"REVOKE ALL ON {TABLE} FROM PUBLIC, {ROLE}",
                f"GRANT SELECT, INSERT, UPDATE, DELETE ON {TABLE} TO {ROLE}",
            ],
            reverse_sql=[
                "ALTER TABLE clients_client DROP CONSTRAINT client_group_of_practice",
                f"DROP POLICY practice_rows ON {TABLE}",
                f"ALTER TABLE {TABLE} NO FORCE ROW LEVEL SECURITY",
                f"ALTER TABLE {TABLE} DISABLE ROW LEVEL SECURITY",
            ],
        ),
    ]
