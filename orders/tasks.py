"""Orders' work in the background. Every task may run twice."""

from bson import ObjectId
from celery import shared_task

from orders.services import sweeping, telling
from orders.services.replenishment import tank_replenish, tanks_replenish_due


@shared_task
def order_announce(order_id: str) -> None:
    telling.order_announce(order_id=ObjectId(order_id))


@shared_task
def orders_sweep() -> None:
    """Finishes what a process that died left behind: untold steps, refunds, uncounted reviews."""
    sweeping.orders_sweep()


@shared_task
def replenish(tank_id: str) -> None:
    tank_replenish(tank_id=ObjectId(tank_id))


@shared_task
def replenish_due() -> None:
    """The safety net under the readings: low tanks that nothing was ordered for."""
    tanks_replenish_due()
