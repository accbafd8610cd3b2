"""The OpenAPI document is true: schemathesis, with all its checks, finds nothing, whoever asks.

`make test` tries a few examples of every operation and some sequences of requests; `make fuzz` every phase of
schemathesis with FUZZ_EXAMPLES examples each.
"""

import logging
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from accounts.tokens import AccessToken, tokens_issue
from tanks.services.devices import device_register

# What ends the sign-in that the run itself uses.
LEFT_OUT = ("--exclude-path-regex", "^/api/(users/me|auth/change-password)$")
ONLY_DEVICES = ("--include-path-regex", "^/api/iot/")
SEED = "20261123"
LONGEST_SECONDS = 7_200
CONFIG = Path(__file__).with_name("schemathesis.toml")
FEW = """
[phases.coverage]
enabled = false
[phases.fuzzing]
generation.max-examples = 2
[phases.stateful]
generation.max-examples = 12
"""


def run(address: str, *, authorization: str | None, folder: Path, options: tuple[str, ...]) -> str:
    """Schemathesis' report; empty when it found nothing."""
    folder.mkdir()
    examples = os.environ.get("FUZZ_EXAMPLES")
    config = folder / "schemathesis.toml"
    config.write_text(CONFIG.read_text() + ("" if examples else FEW))
    arguments = [*options, "--seed", SEED, "--checks", "all", "--no-color"]
    arguments += ["--max-examples", examples] if examples else []
    arguments += ["--header", f"Authorization: {authorization}"] if authorization else []
    done = subprocess.run(
        [
            *(Path(sys.executable).with_name("schemathesis"), "--config-file", config),
            *("run", f"{address}/api/schema", *arguments),
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=LONGEST_SECONDS,
        check=False,
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.timeout(LONGEST_SECONDS)
def test_schemathesis_finds_nothing_whoever_asks(
    served: str,
    tank: Any,
    alice: Any,
    sam: Any,
    ada: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.ERROR, "django.request")  # refusals by the thousand
    monkeypatch.setattr(AccessToken, "lifetime", timedelta(seconds=LONGEST_SECONDS))
    _, secret = device_register(tank=tank, device_id="roof", kind="json")
    asking = {"anonymous": (None, LEFT_OUT), "device": (f"Device roof:{secret}", ONLY_DEVICES)}
    for user in (alice, sam, ada):
        asking[user.name] = (f"Bearer {tokens_issue(user=user)['access']}", LEFT_OUT)
    with ThreadPoolExecutor(len(asking)) as pool:
        reports = [
            pool.submit(run, served, authorization=authorization, folder=tmp_path / name, options=options)
            for name, (authorization, options) in asking.items()
        ]
    found = "".join(report.result() for report in reports)
    assert not found, found
