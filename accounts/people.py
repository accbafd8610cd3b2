"""Who asks or acts, for services that need no more of them than their id and role."""

from typing import Any, Protocol


class Somebody(Protocol):
    """A stored user, or the `Identity` that an access token names."""

    @property
    def pk(self) -> Any: ...

    @property
    def role(self) -> str: ...
