from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    name = "notifications"

    def ready(self) -> None:
        from accounts.personal_data import holders_register
        from notifications.holdings import HOLDERS

        holders_register(HOLDERS)
