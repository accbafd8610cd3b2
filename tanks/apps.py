from django.apps import AppConfig


class TanksConfig(AppConfig):
    name = "tanks"

    def ready(self) -> None:
        from tanks import changes

        changes.connect()
