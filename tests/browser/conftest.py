"""What the tests in a browser share: the portal's world."""

from tests.portal.conftest import order, watched_tank

__all__ = ["order", "watched_tank"]
