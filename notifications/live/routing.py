"""The addresses of sockets; any other is refused with 403."""

from channels.routing import URLRouter
from channels.security.websocket import WebsocketDenier
from django.urls import path, re_path

from notifications.live.consumers import LiveConsumer

sockets = URLRouter([path("ws/live", LiveConsumer.as_asgi()), re_path("", WebsocketDenier.as_asgi())])
