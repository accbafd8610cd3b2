from django.apps import AppConfig


class OrdersConfig(AppConfig):
    name = "orders"

    def ready(self) -> None:
        from accounts.personal_data import holders_register
        from orders.guards import refuse_open_order
        from orders.holdings import HOLDERS
        from orders.supply import OrderedSupply
        from tanks.services.supply import supply_register
        from tanks.services.tanks import deletion_guards

        deletion_guards.append(refuse_open_order)
        supply_register(OrderedSupply())
        holders_register(HOLDERS)
