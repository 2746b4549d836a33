"""A small city for the tests of documents, and where files and PDFs go."""

import pytest
from papers import city


@pytest.fixture
def offices(db):
    """City bureau, one county with a township office, an association of nobody's."""
    return city()
