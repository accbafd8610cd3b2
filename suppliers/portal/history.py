"""An order's history as its present supplier may read it."""

from dataclasses import dataclass
from datetime import datetime

from accounts.models import Role, User
from orders.models import Event, Order, Status, StatusChange

LABELS = {
    Event.PLACED: "Ordered",
    Event.REOFFERED: "Offered to you",
    Event.DEPARTED: "On its way",
}
ROLES = {Role.CUSTOMER: "the customer", Role.SUPPLIER: "another supplier", Role.ADMIN: "an operator"}


@dataclass(frozen=True)
class Step:
    status: str
    label: str
    timestamp: datetime
    who: str
    notes: str


def _label(change: StatusChange) -> str:
    if not change.event:
        return str(Status(change.status).label)
    event = Event(change.event)
    return LABELS.get(event) or str(event.label)


def history_of(order: Order, *, reader: User) -> list[Step]:
    """Every change in order of time; what other suppliers wrote is theirs and stays hidden."""
    others = {change.updated_by for change in order.status_history} - {None, reader.pk}
    roles = {user.pk: Role(user.role) for user in User.objects.filter(pk__in=others)} if others else {}
    steps = []
    for change in order.status_history:
        role = roles.get(change.updated_by)
        if change.updated_by == reader.pk:
            who = "you"
        else:
            who = ROLES[role] if role else "the system"
        label = _label(change)
        notes = "" if role == Role.SUPPLIER else change.notes
        steps.append(Step(change.status, label, change.timestamp, f"by {who}", notes))
    return steps
