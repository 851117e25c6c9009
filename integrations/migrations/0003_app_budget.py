"""How fast all connections of a provider together may be called."""

import django.contrib.postgres.fields
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('integrations', '0002_guards'),
    ]

    operations = [
        migrations.CreateModel(
            name='AppBudget',
            fields=[
                ('provider', models.CharField(max_length=60, primary_key=True, serialize=False)),
                ('free_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('calls', django.contrib.postgres.fields.ArrayField(base_field=models.DateTimeField(), default=list, size=None)),
            ],
        ),
    ]
