"""A real PostgreSQL for tests."""

import os
import uuid

import pytest
import sqlalchemy

# URL of a server, without a database, that the tests may make databases on: `.ci/run` starts one.
VARIABLE = "DEEPLAB_NAS_TEST_POSTGRESQL"


@pytest.fixture
def postgresql():
    """URL of an empty database, which is dropped again."""
    server = os.environ.get(VARIABLE)
    if not server:
        assert "CI" not in os.environ, f"CI has to start PostgreSQL and to set {VARIABLE}."
        pytest.skip(f"needs a PostgreSQL server, whose URL {VARIABLE} gives")
    name = f"test_{uuid.uuid4().hex}"
    engine = sqlalchemy.create_engine(f"{server}/postgres", isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sqlalchemy.text(f"CREATE DATABASE {name}"))
    yield f"{server}/{name}"
    with engine.connect() as connection:
        connection.execute(sqlalchemy.text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()
