"""Every log line carries the id of the request or message it belongs to, and no secret that an address holds."""

import logging
import re
from contextvars import ContextVar

request_id: ContextVar[str] = ContextVar("request_id", default="-")


class RequestIdFilter(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = request_id.get()
        return True


# A device's secret in ThingsBoard's address; the links of drivers, of a delivery's page, of notification settings.
_SECRETS = re.compile(r"(/api/v1/|(?<![\w/])/[dtu]/)[^/\s]+")


class SecretsFilter(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        if _SECRETS.search(message):
            record.msg, record.args = _SECRETS.sub(r"\1…", message), ()
        return True
