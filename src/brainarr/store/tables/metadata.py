"""What all tables have in common."""

from sqlalchemy import Column, Integer, MetaData, text

FIRST_PERSON = 1

ENCRYPTED = {"encrypted": True}
"""The `info` of columns whose text is encrypted, as secret settings are: a rotation of the key goes by it."""

# Named constraints, so that a later migration can drop one on every database.
metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def id_column() -> Column[int]:
    return Column("id", Integer, primary_key=True)


def owner_column() -> Column[int]:
    return Column("owner", Integer, nullable=False, server_default=text("1"))
