from django.apps import AppConfig


class OrdersConfig(AppConfig):
    name = "orders"

    def ready(self) -> None:
        from orders.guards import refuse_open_order
        from tanks.services.tanks import deletion_guards

        deletion_guards.append(refuse_open_order)
