"""Every variable the product reads has its row in docs/settings.md."""

import re
from pathlib import Path

import pytest

from config.environment import VARIABLES

ROOT = Path(__file__).parents[2]
READS = re.compile(r"""\benv\.(?:str|int|bool|float|list|url|path|json)\(\s*["']([A-Z][A-Z0-9_]+)["']""")


def read_by_settings() -> set[str]:
    return set(READS.findall((ROOT / "config" / "settings.py").read_text()))


@pytest.mark.parametrize("name", sorted(read_by_settings() | set(VARIABLES)))
def test_a_variable_has_its_entry(name: str) -> None:
    assert f"`{name}`" in (ROOT / "docs" / "settings.md").read_text()
