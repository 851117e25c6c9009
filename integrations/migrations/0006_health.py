"""What the last full compare of a stream found beside what is here."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('integrations', '0005_manual_figures'),
    ]

    operations = [
        migrations.AddField(
            model_name='streamstate',
            name='listed',
            field=models.JSONField(default=dict),
        ),
    ]
