"""A client's books are kept in one company file: the connection that keeps them is marked, and one alone may be."""

from django.db import migrations, models

# Of the connections whose streams are mirrored: the one in use, else the one that was read. The owner sees all clients'
# rows only while row security does not bind it.
MARK = """
    ALTER TABLE integrations_connection NO FORCE ROW LEVEL SECURITY;
    ALTER TABLE integrations_streamstate NO FORCE ROW LEVEL SECURITY;
    UPDATE integrations_connection SET keeps_books = true WHERE id IN (
        SELECT DISTINCT ON (c.client_id) c.id FROM integrations_connection c
        WHERE EXISTS (SELECT 1 FROM integrations_streamstate s WHERE s.connection_id = c.id AND s.duty = 'mirror')
        ORDER BY c.client_id, c.state IN ('disconnected', 'pending'), c.last_success_at IS NULL, c.id);
    ALTER TABLE integrations_streamstate FORCE ROW LEVEL SECURITY;
    ALTER TABLE integrations_connection FORCE ROW LEVEL SECURITY;
    SET CONSTRAINTS ALL IMMEDIATE;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('integrations', '0006_health'),
    ]

    operations = [
        migrations.AddField(
            model_name='connection',
            name='keeps_books',
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.RunSQL(sql=MARK, reverse_sql=migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name='connection',
            constraint=models.UniqueConstraint(
                condition=models.Q(('keeps_books', True), models.Q(models.Q(('state__in', ['disconnected', 'pending']), _negated=True), ('last_success_at__isnull', False), _connector='OR')),
                fields=('client',),
                name='connection_one_ledger_a_client',
            ),
        ),
    ]
