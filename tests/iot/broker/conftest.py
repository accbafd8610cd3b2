"""A Mosquitto of the system with its dynamic-security plugin, as Debian packages both."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from benchmarks.load.world import Mosquitto, mosquitto_is_here
from config.launcher.ports import free_port, port_answers

ADMIN, PASSWORD = "admin", "only for tests"


class SecuredMosquitto(Mosquitto):
    """Lets nobody in whom the plugin does not know."""

    def prepare(self):
        command = super().prepare()
        plugin = next(Path("/usr/lib").glob("*/mosquitto_dynamic_security.so"))
        users = self.data_dir / "users.json"
        program = shutil.which("mosquitto_ctrl") or "/usr/bin/mosquitto_ctrl"
        subprocess.run([program, "dynsec", "init", users, ADMIN, PASSWORD], check=True, capture_output=True)
        config = self.data_dir / "mosquitto.conf"
        text = config.read_text().replace("allow_anonymous true", "allow_anonymous false")
        # Mosquitto 2.0.11 drops a connection at its second refused message when its queues are unlimited.
        text = text.replace("max_queued_messages 0", "max_queued_messages 100000")
        config.write_text(f"{text}plugin {plugin}\nplugin_opt_config_file {users}\n")
        assert json.loads(users.read_text())["clients"]
        return command

    def healthy(self) -> bool:
        return port_answers(self.host, self.port)

    @property
    def control_url(self) -> str:
        return f"mqtt://{ADMIN}:{PASSWORD.replace(' ', '%20')}@127.0.0.1:{self.port}"


@pytest.fixture(scope="module")
def mosquitto(tmp_path_factory):
    if not mosquitto_is_here():
        pytest.skip("Mosquitto is not installed")
    server = SecuredMosquitto(port=free_port(), data_dir=tmp_path_factory.mktemp("mosquitto"))
    server.start()
    yield server
    server.stop()
