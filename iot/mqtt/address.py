"""A broker's address as settings give it: `mqtt://user:password@host:port`, or `mqtts://`."""

import ssl
from urllib.parse import unquote, urlsplit

import paho.mqtt.client as mqtt

DEFAULT_PORTS = {"mqtt": 1883, "mqtts": 8883}


def configure(client: mqtt.Client, url: str) -> tuple[str, int]:
    """Gives the client its login and TLS; returns host and port."""
    address = urlsplit(url)
    if address.username:
        client.username_pw_set(unquote(address.username), unquote(address.password or ""))
    if address.scheme == "mqtts":
        client.tls_set_context(ssl.create_default_context())
    return address.hostname or "127.0.0.1", address.port or DEFAULT_PORTS[address.scheme]
