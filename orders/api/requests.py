"""Reading requests: the filters of a list as a MongoDB filter."""

from typing import Any

from rest_framework.request import Request

from common.api.requests import valid
from common.mongo import Document
from orders.api.serializers import OrderQuerySerializer

FILTERS = set(OrderQuerySerializer().fields)


def order_filter(request: Request) -> Document:
    """What `?status=&tankId=&from=&to=` asks for. Raises ValidationError (400)."""
    if not request.query_params.keys() & FILTERS:
        return {}
    query = valid(OrderQuerySerializer(data=request.query_params.dict()))
    wanted: Document = {}
    if "status" in query:
        wanted["status"] = query["status"]
    if "tankId" in query:
        wanted["tank_id"] = query["tankId"]
    if between := span(query):
        wanted["order_date"] = between
    return wanted


def span(query: dict[str, Any]) -> Document:
    """`from` (inclusive) and `to` (exclusive) as a condition; empty if neither is given."""
    bounds = {"$gte": query.get("from"), "$lt": query.get("to")}
    return {name: at for name, at in bounds.items() if at}
