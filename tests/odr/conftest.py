"""A small city, and an enterprise in it, for the tests of ODR."""

import pytest
from odrwork import enterprise

from cases.casework import city


@pytest.fixture
def offices(db):
    """City bureau, two counties, a township office, an association, a station and a closed bureau, by code."""
    return city()


@pytest.fixture
def made(offices):
    """An enterprise that takes part, under the county bureau 370811, with one account."""
    return enterprise(office=offices["370811"])
