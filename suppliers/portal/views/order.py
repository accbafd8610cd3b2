"""One order: everything about it, and each step that its supplier can take."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import wraps
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import HttpResponseClientRedirect, trigger_client_event

from accounts.models import Role
from common.errors import DomainError, NotFoundError
from common.mongo import object_id
from orders.models import Order, Status
from orders.reasons import why_in_words
from orders.services import (
    order_accept,
    order_deliver,
    order_depart,
    order_reject,
    order_reschedule,
    order_schedule,
)
from orders.states import BEFORE_DEPARTURE, next_states
from suppliers.models import Driver
from suppliers.portal import orders_read, tanks_read
from suppliers.portal.access import PortalRequest, supplier_page
from suppliers.portal.forms import DateForm, DeliverForm, DriverChoice, RejectForm, ScheduleForm
from suppliers.portal.history import history_of

NEXT_TITLES = {
    Status.PLACED: "New order: will you take it?",
    Status.ACKNOWLEDGED: "Agree on a date",
    Status.SCHEDULED: "Ready to go?",
    Status.IN_TRANSIT: "On its way",
}
QUARTER = timedelta(minutes=15)
MORNING, EVENING = time(8), time(17)


def order_get(request: PortalRequest, order_id: str) -> Order:
    """The supplier's own order; NotFoundError for another's, as for none."""
    key = object_id(order_id)
    order = Order.objects.filter(pk=key, supplier_id=request.user.pk).first() if key else None
    if order is None:
        raise NotFoundError("order")
    return order


def _drivers(request: PortalRequest, order: Order) -> list[Driver]:
    """Those who drive now, and the one who has this order already."""
    theirs = Driver.objects.filter(supplier_id=request.user.pk)
    return list(theirs.filter(Q(active=True) | Q(pk=order.driver_id)).order_by("name"))


def _proposed(request: PortalRequest, order: Order) -> datetime:
    """What the date field starts with: agreed, else wished, else in working hours after the company's lead time."""
    for date in (order.scheduled_delivery_date, order.requested_date):
        if date and date > timezone.now():
            return date
    at = timezone.now() + timedelta(hours=request.supplier.lead_time_hours)
    at = timezone.localtime(at + (datetime.min.replace(tzinfo=at.tzinfo) - at) % QUARTER)
    if MORNING <= at.time() < EVENING:
        return at
    day = at.date() + timedelta(days=at.time() >= EVENING)
    return datetime.combine(day, MORNING, timezone.get_current_timezone())


def _date_form(request: PortalRequest, order: Order, data: Any = None) -> DateForm:
    """The date and the driver; only the date where there is one to be changed."""
    initial = {"scheduled_delivery_date": _proposed(request, order), "driver_id": str(order.driver_id or "")}
    if order.status == Status.SCHEDULED:
        return DateForm(data, initial=initial)
    return ScheduleForm(data, drivers=_drivers(request, order), initial=initial)


def _driver_form(request: PortalRequest, order: Order, data: Any = None) -> DriverChoice:
    initial = {"driver_id": str(order.driver_id or "")}
    return DriverChoice(data, drivers=_drivers(request, order), initial=initial)


def _context(request: PortalRequest, order: Order, **given: Any) -> dict[str, Any]:
    [row] = orders_read.with_parties([order])
    return {
        "section": "orders",
        "row": row,
        "tank": row.tank and tanks_read.tank_row_of(row.tank, row.customer),
        "history": history_of(order, reader=request.user),
        "why": why_in_words(order.why),
        "actions": next_states(order.status, Role.SUPPLIER),
        "can_reschedule": order.status == Status.SCHEDULED,
        "can_reject": order.status in BEFORE_DEPARTURE,
        "reject_label": "Reject" if order.status == Status.PLACED else "Hand the order back",
        "next_title": NEXT_TITLES.get(Status(order.status), ""),
        "date_form": _date_form(request, order),
        "driver_form": _driver_form(request, order),
        "deliver_form": DeliverForm(initial={"delivered_liters": f"{order.amount:.10g}"}),
        "reject_form": RejectForm(),
        **given,
    }


def _show(request: PortalRequest, order: Order, *, status: int = 200, **given: Any) -> HttpResponse:
    template = (
        "portal/orders/_detail.html" if request.headers.get("HX-Request") else "portal/orders/detail.html"
    )
    return render(request, template, _context(request, order, **given), status=status)


@require_GET
@supplier_page
def order_detail(request: PortalRequest, order_id: str) -> HttpResponse:
    return _show(request, order_get(request, order_id))


@dataclass(frozen=True)
class Done:
    """A step that was taken: what to say of it. `gone`: the order is no longer the supplier's."""

    text: str
    gone: bool = False


Step = Callable[[PortalRequest, Order], "Done | tuple[str, forms.Form]"]


def _is_elsewhere(request: PortalRequest) -> bool:
    """Whether the step is taken in a list of orders, by htmx: it then leads to the order's own page."""
    return bool(request.headers.get("HX-Request")) and request.POST.get("from") == "list"


def order_step(step: Step) -> Callable[..., HttpResponse]:
    """A view that takes one step. The step returns `Done`, or the name and the form that has errors.

    A step that is no longer possible (another window, another person) shows the order as it is now, and why.
    """

    @require_POST
    @supplier_page
    @wraps(step)
    def view(request: PortalRequest, order_id: str) -> HttpResponse:
        order = order_get(request, order_id)
        try:
            outcome = step(request, order)
        except DomainError as error:
            if _is_elsewhere(request):
                messages.error(request, error.detail)
                return HttpResponseClientRedirect(reverse("portal:order", args=[order_id]))
            return _show(request, order_get(request, order_id), status=error.status, error=error.detail)
        if not isinstance(outcome, Done):
            name, form = outcome
            return _show(request, order, status=400, **{name: form})
        if request.headers.get("HX-Request") and not outcome.gone and not _is_elsewhere(request):
            shown = _show(request, order_get(request, order_id))
            return trigger_client_event(shown, "toast", {"text": outcome.text, "level": "success"})
        messages.success(request, outcome.text)
        address = redirect("portal:orders") if outcome.gone else redirect("portal:order", order_id=order_id)
        if request.headers.get("HX-Request"):
            return HttpResponseClientRedirect(address.url)
        return address

    return view


@order_step
def accept(request: PortalRequest, order: Order) -> Done | tuple[str, forms.Form]:
    order_accept(order=order, by=request.user)
    return Done("Order accepted. Agree on a date next.")


@order_step
def reject(request: PortalRequest, order: Order) -> Done | tuple[str, forms.Form]:
    form = RejectForm(request.POST)
    if not form.is_valid():
        return "reject_form", form
    order_reject(order=order, by=request.user, reason=form.cleaned_data["notes"])
    return Done(f"{order.order_number} is no longer yours.", gone=True)


@order_step
def schedule(request: PortalRequest, order: Order) -> Done | tuple[str, forms.Form]:
    form = _date_form(request, order, request.POST)
    if not form.is_valid():
        return "date_form", form
    date = form.cleaned_data["scheduled_delivery_date"]
    try:
        if isinstance(form, ScheduleForm):
            driver = _driver(request, form)
            order_schedule(order=order, by=request.user, scheduled_delivery_date=date, **driver)
        else:
            order_reschedule(order=order, by=request.user, scheduled_delivery_date=date)
    except DomainError as error:
        if not error.errors:
            raise
        form.add_error("scheduled_delivery_date", error.detail)
        return "date_form", form
    return Done("The customer has been told the date.")


def _driver(request: PortalRequest, form: DriverChoice) -> dict[str, Any]:
    """The chosen driver as the services take it; without one, whoever has the order keeps it."""
    chosen = form.cleaned_data["driver_id"]
    driver = Driver.objects.filter(pk=chosen, supplier_id=request.user.pk).first() if chosen else None
    return {"driver_id": driver.pk, "driver_name": driver.name} if driver else {}


@order_step
def depart(request: PortalRequest, order: Order) -> Done | tuple[str, forms.Form]:
    form = _driver_form(request, order, request.POST)
    if not form.is_valid():
        return "driver_form", form
    order_depart(order=order, by=request.user, **_driver(request, form))
    return Done("On its way. The customer has been told.")


@order_step
def deliver(request: PortalRequest, order: Order) -> Done | tuple[str, forms.Form]:
    form = DeliverForm(request.POST)
    if not form.is_valid():
        return "deliver_form", form
    order_deliver(
        order=order,
        by=request.user,
        delivered_liters=form.cleaned_data["delivered_liters"],
        notes=form.cleaned_data["notes"],
    )
    return Done("Delivered. Thank you.")
