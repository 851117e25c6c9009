"""Batches of entries that were taken back at once."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from clients.tenancy import append_only, client_table

#: A batch stays what it was; it is posted again at most once.
STAYS = """
CREATE FUNCTION ledger_rollback_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.undone_at IS NOT NULL OR (NEW.client_id, NEW.kind, NEW.subject, NEW.reason, NEW.made_by_id, NEW.made_at)
            IS DISTINCT FROM (OLD.client_id, OLD.kind, OLD.subject, OLD.reason, OLD.made_by_id, OLD.made_at) THEN
        RAISE EXCEPTION 'a rollback stays what it is' USING ERRCODE = 'check_violation', CONSTRAINT = 'rollback_stays';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER rollback_stays BEFORE UPDATE OR DELETE ON ledger_rollback
    FOR EACH ROW EXECUTE FUNCTION ledger_rollback_stays();
"""
STAYS_BACK = "DROP TRIGGER rollback_stays ON ledger_rollback; DROP FUNCTION ledger_rollback_stays();"


class Migration(migrations.Migration):

    dependencies = [
        ('clients', '0002_inventory'),
        ('ledger', '0014_schedules'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Rollback',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('days', 'Records of some days'), ('pull', 'What was read on a day'), ('mapping', 'What a mapping version posted')], max_length=7)),
                ('subject', models.CharField(max_length=200)),
                ('reason', models.CharField(max_length=300)),
                ('made_at', models.DateTimeField(auto_now_add=True)),
                ('undone_at', models.DateTimeField(blank=True, null=True)),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='clients.client')),
                ('made_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('undone_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-pk'],
            },
        ),
        migrations.CreateModel(
            name='RollbackMember',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='clients.client')),
                ('entry', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='ledger.journalentry')),
                ('reversal', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='ledger.journalentry')),
                ('rollback', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='members', to='ledger.rollback')),
            ],
        ),
        migrations.AddConstraint(
            model_name='rollback',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['days', 'pull', 'mapping'])), name='rollback_is_known'),
        ),
        migrations.AddConstraint(
            model_name='rollback',
            constraint=models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='rollback_has_a_reason'),
        ),
        migrations.AddConstraint(
            model_name='rollback',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('undone_at__isnull', True), ('undone_by__isnull', True)), models.Q(('undone_at__isnull', False), ('undone_by__isnull', False)), _connector='OR'), name='rollback_undone_by_someone'),
        ),
        migrations.AddConstraint(
            model_name='rollbackmember',
            constraint=models.UniqueConstraint(fields=('client', 'entry'), name='rollback_entry_once'),
        ),
        client_table("ledger_rollback", grants="SELECT, INSERT, UPDATE"),
        client_table("ledger_rollbackmember", grants="SELECT, INSERT"),
        append_only("ledger_rollbackmember"),
        migrations.RunSQL(sql=STAYS, reverse_sql=STAYS_BACK),
    ]
