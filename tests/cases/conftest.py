"""A small city for the tests of cases."""

import pytest
from casework import city


@pytest.fixture
def offices(db):
    """City bureau, two counties, a township office, an association, a station and a closed bureau, by code."""
    return city()
