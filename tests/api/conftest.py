"""What the API's tests share."""

import os

import pytest
from pymongo import monitoring

from tests.api.commands import COMMANDS

# Only clients made after this are listened to, so it is said before the database is first asked.
monitoring.register(COMMANDS)


@pytest.fixture
def fuzz_options() -> tuple[str, ...]:
    """How far schemathesis goes: a few examples an operation, or as many as FUZZ_EXAMPLES says."""
    examples = os.environ.get("FUZZ_EXAMPLES")
    return (
        ("--max-examples", examples) if examples else ("--max-examples", "2", "--phases", "examples,fuzzing")
    )
