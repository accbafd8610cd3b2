"""MongoDB as a replica set of three, of which the primary can be killed."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from pymongo import MongoClient

from config.launcher.ports import free_port, port_answers
from config.launcher.servers import Mongod, Server

MEMBERS = 3
ELECTION_MS = 2_000


class _Member(Mongod):
    cache_gigabytes = 0.25

    def healthy(self) -> bool:
        return port_answers(self.host, self.port)


class ReplicaSet(Server):
    """Stands where one `Mongod` would; `kill` kills the primary of the moment."""

    name = "mongod"

    def __init__(self, *, port: int, data_dir: Path) -> None:
        super().__init__(port=port, data_dir=data_dir)
        ports = [port]
        while len(ports) < MEMBERS:
            ports.append(free_port(avoid=ports))
        self.members = [_Member(port=each, data_dir=data_dir / str(each)) for each in ports]

    @property
    def url(self) -> str:
        hosts = ",".join(f"{member.host}:{member.port}" for member in self.members)
        return f"mongodb://{hosts}/{Mongod.database}?replicaSet={Mongod.replica_set}"

    def start(self, *, seconds: float = 60.0) -> None:
        for member in self.members:
            member.start()
        config = {
            "_id": Mongod.replica_set,
            "members": [
                {"_id": number, "host": f"{member.host}:{member.port}"}
                for number, member in enumerate(self.members)
            ],
            "settings": {"electionTimeoutMillis": ELECTION_MS, "heartbeatIntervalMillis": 500},
        }
        first: MongoClient[dict[str, Any]] = MongoClient(
            self.members[0].host, self.members[0].port, directConnection=True
        )
        with first:
            first.admin.command("replSetInitiate", config)
            deadline = time.monotonic() + seconds
            while not first.admin.command("hello").get("primary"):
                assert time.monotonic() < deadline, "no primary was elected"
                time.sleep(0.1)

    def kill(self) -> None:
        client: MongoClient[dict[str, Any]] = MongoClient(self.url)
        with client:
            _, port = client.admin.command("hello")["primary"].split(":")
        next(member for member in self.members if member.port == int(port)).kill()

    def stop(self, *, seconds: float = 5.0) -> None:
        for member in self.members:
            member.stop(seconds=seconds)
