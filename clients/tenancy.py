"""Who may see which rows, in the database: contexts set inside the transaction, policies on every client table.

Two aliases, one database. ``default`` connects as a role that owns nothing, so that row-level security binds it; ``owner``
owns the tables and migrates. Without a context a client table shows no rows and takes none.

========== ================================================= =======================================
Setting    Set by                                            Opens
========== ================================================= =======================================
app.client ``client_context`` / ``use_client``               all verbs on the rows of that client
app.system ``system_context``                                all verbs, only tables with ``system=True``
app.board  ``board_context``                                 SELECT on the listed clients, ``board=True``
app.member ``use_membership``                                SELECT on that membership's assignments
app.practice ``use_membership`` / ``practice_context``       rows of the practice that name no client
========== ================================================= =======================================
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import connection, migrations, transaction

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

CLIENT = "app.client"
SYSTEM = "app.system"
BOARD = "app.board"
MEMBER = "app.member"
PRACTICE = "app.practice"

#: A statement as RunSQL takes it.
Statement = str | tuple[str, dict[str, Any] | list[Any] | tuple[Any, ...] | tuple[()] | None]


class NoTransactionError(RuntimeError):
    """A context was set outside a transaction, where it would be lost at once."""


class Router:
    """Everything reads and writes as the app's role; only the owner migrates."""

    def db_for_read(self, _model: Any, **_hints: Any) -> str:
        return "default"

    def db_for_write(self, _model: Any, **_hints: Any) -> str:
        return "default"

    def allow_relation(self, _one: Any, _other: Any, **_hints: Any) -> bool:
        return True

    def allow_migrate(self, db: str, _app_label: str, **_hints: Any) -> bool:
        return db == "owner"


def _put(values: dict[str, str]) -> None:
    """Set contexts for the rest of the running transaction, in one statement."""
    if not connection.in_atomic_block:
        raise NoTransactionError(", ".join(values))
    calls = ", ".join(["set_config(%s, %s, true)"] * len(values))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {calls}", [part for item in values.items() for part in item])


def _swap(name: str, value: str) -> str:
    """Set one context for the rest of the running transaction; gives what it was. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH before AS MATERIALIZED (SELECT coalesce(current_setting(%s, true), '') AS value)"
            " SELECT value, set_config(%s, %s, true) FROM before",
            [name, name, value],
        )
        (before, _now) = cursor.fetchone()
    return str(before)


@contextmanager
def _context(name: str, value: str) -> Iterator[None]:
    is_outermost = not connection.in_atomic_block
    with transaction.atomic():
        before = _swap(name, value)
        yield
        if not is_outermost:  # the setting ends with its transaction
            _put({name: before})


def client_context(client_id: int) -> Any:
    """Open one client's rows in a transaction (``with …:``); leaving it restores what was open before."""
    return _context(CLIENT, str(int(client_id)))


def system_context() -> Any:
    """Opens the queue, the connections and the sign-in states across clients; nothing that holds a client's books."""
    return _context(SYSTEM, "on")


def board_context(client_ids: Iterable[int]) -> Any:
    """Opens the read models of these clients for SELECT (boards, inboxes)."""
    return _context(BOARD, ",".join(str(int(client_id)) for client_id in client_ids))


def use_client(client_id: int) -> None:
    """Open one client's rows for the rest of the running transaction (the request's)."""
    _put({CLIENT: str(int(client_id))})


def use_board(client_ids: Iterable[int]) -> None:
    """Open the read models of these clients for the rest of the running transaction."""
    _put({BOARD: ",".join(str(int(client_id)) for client_id in client_ids)})


def use_membership(membership_id: int, practice_id: int) -> None:
    """Let a membership read its own assignments, and open its practice's own rows, for the rest of the transaction."""
    _put({MEMBER: str(int(membership_id)), PRACTICE: str(int(practice_id))})


def forget() -> None:
    """Close everything that is open in the running transaction; a request's own transaction never needs it."""
    _put(dict.fromkeys((CLIENT, SYSTEM, BOARD, MEMBER, PRACTICE), ""))


def practice_context(practice_id: int) -> Any:
    """Open the practice's own rows (audit of people, invitations of staff)."""
    return _context(PRACTICE, str(int(practice_id)))


def _number(name: str) -> str:
    return f"(SELECT NULLIF(current_setting('{name}', true), '')::bigint)"


def client_table(
    table: str,
    *,
    system: bool = False,
    board: bool = False,
    member: bool = False,
    practice: bool = False,
    grants: str = "SELECT, INSERT, UPDATE, DELETE",
) -> migrations.RunSQL:
    """The operation that puts a table under row-level security and grants it to the app's role.

    ``system``: also open to ``system_context``; ``board``: also readable under ``board_context``; ``member``: readable by
    ``membership_id``; ``practice``: rows whose ``client_id`` is null open to ``practice_context``. ``grants`` are all the
    verbs the app has: "SELECT, INSERT" for an append-only table.
    """
    rows = f"client_id = {_number(CLIENT)}"
    if practice:
        rows += f" OR (client_id IS NULL AND practice_id = {_number(PRACTICE)})"
    if system:
        rows += f" OR (SELECT current_setting('{SYSTEM}', true) = 'on')"
    role = '"' + settings.DATABASE_APP_ROLE.replace('"', '""') + '"'
    forward: list[Statement] = [
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
        f"CREATE POLICY client_rows ON {table} USING ({rows}) WITH CHECK ({rows})",
    ]
    backward: list[Statement] = [f"DROP POLICY client_rows ON {table}"]
    if board:
        ids = f"string_to_array(NULLIF(current_setting('{BOARD}', true), ''), ',')::bigint[]"
        forward.append(f"CREATE POLICY board_rows ON {table} FOR SELECT USING (client_id = ANY({ids}))")
        backward.append(f"DROP POLICY board_rows ON {table}")
    if member:
        forward.append(f"CREATE POLICY member_rows ON {table} FOR SELECT USING (membership_id = {_number(MEMBER)})")
        backward.append(f"DROP POLICY member_rows ON {table}")
    forward += [f"REVOKE ALL ON {table} FROM PUBLIC, {role}", f"GRANT {grants} ON {table} TO {role}"]
    backward += [f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY", f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY"]
    return migrations.RunSQL(sql=forward, reverse_sql=backward)


def append_only(table: str) -> migrations.RunSQL:
    """The operation that refuses UPDATE, DELETE and TRUNCATE on a table for every role, whatever its grants."""
    function = (
        "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ "
        "BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    return migrations.RunSQL(
        sql=[
            function,
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change()",
            f"CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON {table} EXECUTE FUNCTION refuse_change()",
        ],
        reverse_sql=[
            f"DROP TRIGGER append_only ON {table}",
            f"DROP TRIGGER append_only_truncate ON {table}",
        ],
    )
