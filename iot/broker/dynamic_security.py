"""What Mosquitto's dynamic-security plugin has to know: a client and a role of its own for each device and gateway.

The plugin keeps one password a client and drops the connection when it changes: a renewed secret is needed at once
there, without the overlap that brokers have which ask over HTTP.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from common.mongo import collection
from iot.broker.access import product_login
from iot.broker.control import Command, Control
from iot.broker.topics import GATEWAY, Rights, rights_of
from iot.models import Gateway
from tanks.models import Device
from tanks.services.devices import secret_hash

EXISTS, MISSING = "already exists", "not found"
PRODUCT_ROLE = "water-tanks"
PREFIX = "water-tanks:"  # of the roles that are this product's to change


@dataclass
class Synced:
    """`unusable` are the users whose password the broker does not know: their secret has to be renewed."""

    users: int = 0
    removed: int = 0
    unusable: list[str] = field(default_factory=list)


def user_write(*, control: Control, username: str, secret: str | None) -> None:
    """Brings one device or gateway up to date; one that is gone is taken away. Raises ControlError.

    A secret that has been renewed since is left out: another call brings the new one.
    """
    rights, kept_hash = _wanted(username)
    if rights is None:
        user_remove(control=control, usernames=[username])
        return
    if secret is not None and secret_hash(secret) != kept_hash:
        secret = None
    control.run(_commands(username, rights, secret), but=(EXISTS,))


def user_remove(*, control: Control, usernames: Iterable[str]) -> None:
    """Ends logins, connected ones too."""
    commands: list[Command] = []
    for username in usernames:
        commands.append({"command": "deleteClient", "username": username})
        commands.append({"command": "deleteRole", "rolename": PREFIX + username})
    control.run(commands, but=(MISSING,))


def users_sync(*, control: Control) -> Synced:
    """Makes the broker's users those of the product: roles, rights and clients; and shuts what is not allowed."""
    _close(control)
    _write_product(control)
    synced = Synced()
    clients = set(control.run([{"command": "listClients", "count": -1, "offset": 0}])[0]["data"]["clients"])
    roles = control.run([{"command": "listRoles", "count": -1, "offset": 0}])[0]["data"]["roles"]
    wanted = dict(_all_rights())
    for username, rights in wanted.items():
        control.run(_commands(username, rights, None), but=(EXISTS,))
    synced.users = len(wanted)
    synced.unusable = sorted(wanted.keys() - clients)
    gone = [name for role in roles if (name := role.removeprefix(PREFIX)) != role and name not in wanted]
    user_remove(control=control, usernames=gone)
    synced.removed = len(gone)
    return synced


def _close(control: Control) -> None:
    """What no role allows is refused; said again, since an operator may have opened it."""
    acls = [{"acltype": kind, "allow": False} for kind in ("publishClientSend", "subscribe")]
    control.run([{"command": "setDefaultACLAccess", "acls": acls}])


def _write_product(control: Control) -> None:
    login = product_login()
    if login is None:
        return
    username, password = login
    everything = Rights(("#",), ("#",))
    commands = _role(PRODUCT_ROLE, everything)
    client = {"username": username, "roles": [{"rolename": PRODUCT_ROLE}]}
    commands.append({"command": "createClient", "password": password, **client})
    commands.append({"command": "modifyClient", **client})
    control.run(commands, but=(EXISTS,))


def _commands(username: str, rights: Rights, secret: str | None) -> list[Command]:
    client: Command = {"username": username, "roles": [{"rolename": PREFIX + username}]}
    if secret is not None:
        client["password"] = secret
    return [
        *_role(PREFIX + username, rights),
        {"command": "createClient", **client},
        {"command": "modifyClient", **client},
    ]


def _role(name: str, rights: Rights) -> list[Command]:
    acls = [
        {"acltype": kind, "topic": topic, "allow": True}
        for kind, topics in (("publishClientSend", rights.publish), ("subscribePattern", rights.subscribe))
        for topic in topics
    ]
    return [{"command": what, "rolename": name, "acls": acls} for what in ("createRole", "modifyRole")]


def _wanted(username: str) -> tuple[Rights | None, str]:
    device = collection(Device).find_one({"device_id": username}, ["kind", "secret_hash"])
    if device is not None:
        return rights_of(username, device["kind"]), device["secret_hash"]
    gateway = collection(Gateway).find_one({"gateway_id": username, "active": True}, ["secret_hash"])
    return (GATEWAY, gateway["secret_hash"]) if gateway else (None, "")


def _all_rights() -> Iterable[tuple[str, Rights]]:
    for gateway in collection(Gateway).find({"active": True}, ["gateway_id"]):
        yield gateway["gateway_id"], GATEWAY
    for device in collection(Device).find({}, ["device_id", "kind"]):
        yield device["device_id"], rights_of(device["device_id"], device["kind"])
