from django.apps import AppConfig


class IotConfig(AppConfig):
    name = "iot"

    def ready(self) -> None:
        from iot.services import broker, downlinks

        broker.connect()
        downlinks.connect()
