"""The share of a month that an approved mapping rule covers, on the board."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('closeout', '0002_invariants'),
    ]

    operations = [
        migrations.AddField(
            model_name='boardrow',
            name='mapped_bp',
            field=models.PositiveSmallIntegerField(blank=True, help_text='Money of the month that an approved rule sends somewhere, in basis points.', null=True),
        ),
    ]
