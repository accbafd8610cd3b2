"""How users are made and looked up."""

from typing import Any

from django.contrib.auth.models import BaseUserManager

from common.models import MongoManager


class UserManager(BaseUserManager, MongoManager):
    def create_user(self, *, email: str, password: str | None = None, **fields: Any) -> Any:
        """A saved user with a hashed password (None: unusable, to be set by a mailed link)."""
        user: Any = self.model(email=self.normalize_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, *, email: str, password: str | None = None, **fields: Any) -> Any:
        return self.create_user(email=email, password=password, role="admin", **fields)

    @classmethod
    def normalize_email(cls, email: str | None) -> str:
        return (email or "").strip().lower()

    def get_by_natural_key(self, username: str | None) -> Any:
        return self.get(email=self.normalize_email(username))
