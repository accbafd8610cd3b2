from django.apps import AppConfig


class SuppliersConfig(AppConfig):
    name = "suppliers"

    def ready(self) -> None:
        from accounts.personal_data import holders_register
        from suppliers.holdings import HOLDERS

        holders_register(HOLDERS)
