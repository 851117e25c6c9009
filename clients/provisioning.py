"""Making the database: the app's role, the database, what the app's role may do. Run as the owner."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

if TYPE_CHECKING:
    from collections.abc import Mapping

#: The database every PostgreSQL server has, to connect to while ours is being made.
MAINTENANCE = "postgres"


def connect(settings: Mapping[str, Any], name: str) -> psycopg.Connection[Any]:
    """A plain autocommit connection with the address of a Django database setting, to the database called ``name``."""
    return psycopg.connect(
        host=settings["HOST"] or None,
        port=settings["PORT"] or None,
        user=settings["USER"] or None,
        password=settings["PASSWORD"] or None,
        dbname=name,
        autocommit=True,
    )


def make_role(connection: psycopg.Connection[Any], role: str, password: str = "") -> bool:
    """Make the app's role if it is missing: it may log in and nothing else. True when it was made."""
    if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone():
        return False
    statement = sql.SQL("CREATE ROLE {} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOINHERIT").format(
        sql.Identifier(role)
    )
    if password:
        statement += sql.SQL(" PASSWORD {}").format(sql.Literal(password))
    connection.execute(statement)
    return True


def make_database(connection: psycopg.Connection[Any], name: str) -> bool:
    """Make the database if it is missing; True when it was made."""
    if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
        return False
    connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'").format(sql.Identifier(name)))
    return True


def grant_future(connection: psycopg.Connection[Any], role: str) -> None:
    """What the app's role gets on tables the owner makes from now on; client tables narrow it in their migration."""
    app = sql.Identifier(role)
    for statement in (
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
        "GRANT USAGE ON SCHEMA public TO {}",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {}",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {}",
    ):
        connection.execute(sql.SQL(statement).format(app))


def narrow(connection: psycopg.Connection[Any], role: str) -> None:
    """What the app's role must not do although new tables are granted to it: rewrite the record of migrations."""
    connection.execute(
        sql.SQL("REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON django_migrations FROM {}").format(sql.Identifier(role))
    )
