"""Sockets: the ASGI application that daphne serves (plain HTTP too, for `manage.py runserver`)."""

import os

from channels.routing import ProtocolTypeRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

http = get_asgi_application()  # sets Django up, which the rest needs

from notifications.live.routing import sockets  # noqa: E402

application = ProtocolTypeRouter({"http": http, "websocket": sockets})
