from django.apps import AppConfig


class TanksConfig(AppConfig):
    name = "tanks"

    def ready(self) -> None:
        from accounts.personal_data import holders_register
        from tanks import changes
        from tanks.holdings import HOLDERS

        changes.connect()
        holders_register(HOLDERS)
