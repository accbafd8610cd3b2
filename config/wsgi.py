"""HTTP: the WSGI application that gunicorn serves."""

import gc
import io
import os
from collections.abc import Callable, Iterable
from typing import Any

from django.conf import settings
from django.core.cache import close_caches
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

GC_THRESHOLDS = 20_000, 20, 50  # a request makes thousands of objects, and hardly any cycle


class ApiHandler(WSGIHandler):
    """Django with API_MIDDLEWARE alone: what serves sessions and pages would take a tenth of an API request."""

    def load_middleware(self, is_async: bool = False) -> None:
        every = settings.MIDDLEWARE
        settings.MIDDLEWARE = settings.API_MIDDLEWARE
        try:
            super().load_middleware(is_async)
        finally:
            settings.MIDDLEWARE = every


pages = get_wsgi_application()
# Around every request Django closes connections that have grown old: pymongo's pool and Redis' see to theirs.
for signal in (request_started, request_finished):
    signal.disconnect(close_old_connections)
request_finished.disconnect(close_caches)
api = ApiHandler()
# What is loaded by now stays: searched for cycles over and over, it would hold up a request by 100 ms.
gc.collect()
gc.freeze()
gc.set_threshold(*GC_THRESHOLDS)


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Django's application; a body sent in chunks is read first, since Django takes bodies of a known length alone.

    Nothing beyond the largest upload is read: a longer body is refused for its length.
    """
    if "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower():
        body = environ["wsgi.input"].read(settings.MAX_UPLOAD_BYTES + 1)
        environ["wsgi.input"] = io.BytesIO(body)
        environ["CONTENT_LENGTH"] = str(len(body))
    handler = api if f"{environ['PATH_INFO']}/".startswith(settings.API_PATHS) else pages
    return handler(environ, start_response)
