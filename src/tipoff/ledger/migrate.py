"""Bringing a ledger's schema up to date, through Alembic."""

from pathlib import Path

from sqlalchemy import Engine, inspect, text

HEAD = "0008"


def upgrade(engine: Engine) -> None:
    """Leave the ledger at schema `HEAD`; a ledger that is there already costs one query and no import of Alembic.

    One of a later schema is left as it is: whoever opens it refuses it.
    """
    with engine.connect() as connection:
        if inspect(connection).has_table("alembic_version"):
            found = connection.execute(text("select version_num from alembic_version")).scalar_one_or_none()
            if found is not None and found >= HEAD:
                return
    from alembic import command  # noqa: PLC0415 -- heavy, and only a new or an old ledger needs it
    from alembic.config import Config  # noqa: PLC0415 -- heavy

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
