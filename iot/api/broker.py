"""`/internal/mqtt`: what an MQTT broker asks of its users. Form or JSON, as mosquitto-go-auth and EMQX send it.

`auth`: `username`, `password`. `acl`: `username`, `topic`, and `acc` (mosquitto-go-auth: 1 read, 2 write, 3 both,
4 subscribe) or `action` (EMQX: publish, subscribe). Allowed is 200. Refused is 403, by which mosquitto-go-auth and
EMQX's login know it; EMQX takes an error as "ask somebody else" when it asks for a topic, so that one is 200. The
body says it in either's words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

import msgspec
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from common.api.problems import problem_response
from common.errors import DomainError
from common.internal import is_internal
from iot.broker import access

READ, WRITE, READ_AND_WRITE, SUBSCRIBE = "1", "2", "3", "4"
MOST_BYTES = 16 * 1024

Asked = Mapping[str, str]


def _asked_by_broker(view: Callable[[Asked], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    @csrf_exempt
    @wraps(view)
    def wrapped(request: HttpRequest) -> HttpResponse:
        if not is_internal(request):
            return problem_response(status=403, detail="Only this machine, or who has the token, may ask.")
        if request.method != "POST":
            response = problem_response(status=405)
            response["Allow"] = "POST"
            return response
        try:
            return view(_asked(request))
        except DomainError as error:
            return problem_response(error=error)

    return wrapped


@_asked_by_broker
def auth(asked: Asked) -> HttpResponse:
    username = _needed(asked, "username")
    good = access.login_is_good(username=username, password=asked.get("password", ""))
    return _answer(good, refused=403)


@_asked_by_broker
def acl(asked: Asked) -> HttpResponse:
    username, topic = _needed(asked, "username"), _needed(asked, "topic")
    if "action" in asked:
        return _answer(_may(asked["action"], username, topic), refused=200)
    return _answer(_may(_needed(asked, "acc"), username, topic), refused=403)


def _may(what: str, username: str, topic: str) -> bool:
    if what in ("publish", WRITE):
        return access.publish_is_allowed(username=username, topic=topic)
    if what in ("subscribe", SUBSCRIBE, READ):
        return access.subscribe_is_allowed(username=username, topic=topic)
    if what == READ_AND_WRITE:
        return _may(WRITE, username, topic) and _may(READ, username, topic)
    message = "Give acc as 1 to 4, or action as publish or subscribe."
    raise DomainError("invalid", message, status=400, errors={"acc": [message]})


def _answer(allowed: bool, *, refused: int) -> HttpResponse:
    body: dict[str, Any] = {
        "result": "allow" if allowed else "deny",
        "is_superuser": False,
        "ok": allowed,
        "error": "" if allowed else "refused",
    }
    return JsonResponse(body, status=200 if allowed else refused)


def _asked(request: HttpRequest) -> Asked:
    """The fields of the body, as text. Raises DomainError (400)."""
    if request.content_type != "application/json":
        return request.POST.dict()
    try:
        fields = msgspec.json.decode(request.body[: MOST_BYTES + 1], type=dict[str, str | int | bool | None])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise DomainError("malformed", "The body is no JSON object of texts.", status=400) from error
    return {name: str(value) for name, value in fields.items() if value is not None}


def _needed(asked: Asked, name: str) -> str:
    if not asked.get(name):
        message = "This field is required."
        raise DomainError("invalid", message, status=400, errors={name: [message]})
    return asked[name]
