"""The OpenAPI document is true: schemathesis, with all its checks, finds nothing, whoever asks."""

import subprocess
import sys
from pathlib import Path

import pytest

from accounts.tokens import tokens_issue

# What ends the sign-in that the run itself uses.
LEFT_OUT = "^/api/(users/me|auth/change-password)$"
SEED = "20261123"
LONGEST_SECONDS = 1_800


def run(address: str, *, token: str | None, folder: Path, options: tuple[str, ...]) -> str:
    """Schemathesis' report; empty when it found nothing."""
    arguments = [*options, "--seed", SEED, "--checks", "all", "--no-color", "--workers", "2"]
    arguments += ["--exclude-path-regex", LEFT_OUT]
    if token:
        arguments += ["--header", f"Authorization: Bearer {token}"]
    schemathesis = Path(sys.executable).with_name("schemathesis")
    done = subprocess.run(
        [schemathesis, "run", f"{address}/api/schema", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=LONGEST_SECONDS,
        check=False,
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.timeout(LONGEST_SECONDS)
@pytest.mark.parametrize("name", ["anonymous", "alice", "sam", "ada"])
def test_schemathesis_finds_nothing(
    name: str, served: str, request: pytest.FixtureRequest, tmp_path: Path, fuzz_options: tuple[str, ...]
) -> None:
    user = None if name == "anonymous" else request.getfixturevalue(name)
    token = tokens_issue(user=user)["access"] if user else None
    report = run(served, token=token, folder=tmp_path, options=fuzz_options)
    assert not report, report
