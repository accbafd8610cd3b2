from django.apps import AppConfig


class OrdersConfig(AppConfig):
    name = "orders"

    def ready(self) -> None:
        from accounts.personal_data import holders_register
        from orders.guards import refuse_open_order
        from orders.holdings import HOLDERS
        from tanks.services.tanks import deletion_guards

        deletion_guards.append(refuse_open_order)
        holders_register(HOLDERS)
