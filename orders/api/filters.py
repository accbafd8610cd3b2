"""The filters of lists of orders; `from` and `to` are of the time of ordering."""

from common.api.fields import ChoiceField, ObjectIdField
from common.api.filters import FieldFilter, SpanFilters
from orders.models import Status


class OrderFilters(SpanFilters):
    span_of = "order_date"
    status = FieldFilter(ChoiceField(choices=Status.choices))
    tankId = FieldFilter(ObjectIdField(), column="tank_id")


class SupplierOrderFilters(SpanFilters):
    span_of = "order_date"
    status = FieldFilter(ChoiceField(choices=Status.choices))


class ScheduleFilters(SpanFilters):
    span_of = "scheduled_delivery_date"
