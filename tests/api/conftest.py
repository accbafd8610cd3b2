"""What the API's tests share."""

import os

import pytest


@pytest.fixture
def fuzz_options() -> tuple[str, ...]:
    """How far schemathesis goes: a few examples an operation, or as many as FUZZ_EXAMPLES says."""
    examples = os.environ.get("FUZZ_EXAMPLES")
    return (
        ("--max-examples", examples) if examples else ("--max-examples", "2", "--phases", "examples,fuzzing")
    )
