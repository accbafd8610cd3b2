"""deploy/mosquitto/start.sh with the Mosquitto of the system."""

import os
import shutil
import ssl
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest

from config.launcher.ports import free_port, port_answers

START = Path(__file__).parents[2] / "deploy" / "mosquitto" / "start.sh"
PASSWORD = "onlyfortests"


def found(program: str) -> str | None:
    return shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin:/usr/bin")


pytestmark = pytest.mark.skipif(not found("mosquitto"), reason="Mosquitto is not installed")


@pytest.fixture
def folder() -> Iterator[Path]:
    """Mosquitto gives up root for its own user, who cannot reach pytest's folders."""
    with tempfile.TemporaryDirectory(prefix="mosquitto-") as name:
        if os.geteuid() == 0:
            shutil.chown(name, "mosquitto")
        yield Path(name)


@pytest.fixture
def start(folder: Path) -> Iterator[Callable[..., tuple[int, int]]]:
    running: list[subprocess.Popen[bytes]] = []

    def _start(*, certificates: Path = folder / "none") -> tuple[int, int]:
        for process in running:
            process.terminate()
            process.wait(5)
        plain = free_port()
        tls = free_port(avoid=[plain])
        plugin = next(Path("/usr/lib").glob("**/mosquitto_dynamic_security.so"))
        given = {
            "MQTT_ADMIN_PASSWORD": PASSWORD,
            "MOSQUITTO_DATA": str(folder),
            "MOSQUITTO_CERTIFICATES": str(certificates),
            "MOSQUITTO_PLUGIN": str(plugin),
            "MOSQUITTO_CONFIG": str(folder / "mosquitto.conf"),
            "MOSQUITTO_PORT": str(plain),
            "MOSQUITTO_TLS_PORT": str(tls),
            "PATH": f"{os.environ['PATH']}:/usr/sbin:/usr/bin",
        }
        user = {"user": "mosquitto", "group": "mosquitto", "extra_groups": []} if os.geteuid() == 0 else {}
        with (folder / "log").open("ab") as log:
            running.append(subprocess.Popen([START], env=given, stdout=log, stderr=log, **user))
        deadline = time.monotonic() + 10
        while not port_answers("127.0.0.1", plain):
            assert running[-1].poll() is None, (folder / "log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.02)
        return plain, tls

    yield _start
    for process in running:
        process.kill()
        process.wait()


def answer(port: int, login: tuple[str, str] | None, *, tls: bool = False) -> str:
    """What the broker says to a login."""
    said: list[str] = []
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
    client.on_connect = lambda _c, _u, _f, reason, _p: said.append(str(reason))
    if login:
        client.username_pw_set(*login)
    if tls:
        client.tls_set(cert_reqs=ssl.CERT_NONE)
        client.tls_insecure_set(True)
    client.connect("127.0.0.1", port)
    deadline = time.monotonic() + 5
    while not said and time.monotonic() < deadline:
        client.loop(0.05)
    client.disconnect()
    return said[0]


def test_nobody_comes_in_but_the_administrator_until_the_product_adds_users(start, folder: Path) -> None:
    for _ in range(2):  # the second start finds the users of the first
        plain, tls = start()
        assert answer(plain, ("admin", PASSWORD)) == "Success"
        assert answer(plain, ("admin", "guessed")) == "Not authorized"
        assert answer(plain, None) == "Not authorized"
        assert not port_answers("127.0.0.1", tls)
    assert (folder / "users.json").stat().st_mode & 0o077 == 0


def test_a_certificate_opens_the_port_for_tls(start, folder: Path) -> None:
    request = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    files = ["-keyout", str(folder / "privkey.pem"), "-out", str(folder / "fullchain.pem")]
    subprocess.run(
        [*request, *files, "-days", "2", "-subj", "/CN=localhost"], check=True, capture_output=True
    )
    if os.geteuid() == 0:
        shutil.chown(folder / "privkey.pem", "mosquitto")
    _, tls = start(certificates=folder)
    assert answer(tls, ("admin", PASSWORD), tls=True) == "Success"
    assert answer(tls, None, tls=True) == "Not authorized"
