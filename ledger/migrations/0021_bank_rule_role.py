"""A bank rule may say what the other side of its lines is."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0020_schedule_line_again'),
    ]

    operations = [
        migrations.AddField(
            model_name='bankrule',
            name='role',
            field=models.CharField(blank=True, db_default='', default='', help_text="What the other side is; '' by its account.", max_length=60),
        ),
        migrations.AlterField(
            model_name='mappingrule',
            name='words',
            field=models.CharField(blank=True, db_default='', default='', editable=False, max_length=120),
        ),
        migrations.AlterModelManagers(
            name='mappingrule',
            managers=[],
        ),
    ]
