from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        from accounts.api import schema  # noqa: F401  registers the security scheme
        from accounts.holdings import ACCOUNT
        from accounts.personal_data import holders_register

        holders_register([ACCOUNT])
