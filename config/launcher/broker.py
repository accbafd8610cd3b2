"""The embedded MQTT broker: `python -m config.launcher.broker <config.toml> <host> <port> <v4 port> <v5 port>`.

rumqttd listens on a loopback port for each version of MQTT, `mqtt_front` on the one that devices use. rumqttd
cannot be stopped from within its process, so the process is what is stopped. SIGUSR1 lets go of the devices.
"""

import asyncio
import os
import resource
import signal
import sys
import threading
import time
import traceback

from iotcore.iotcore import IotCoreBroker

from config.launcher.mqtt_front import Front
from config.launcher.ports import port_answers

POLL_SECONDS = 0.02


def main() -> None:
    config, host, port, v4_port, v5_port = sys.argv[1:]
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    allow_many_connections()
    threading.Thread(target=run_broker, args=(config,), daemon=True).start()
    while not all(port_answers("127.0.0.1", int(inner)) for inner in (v4_port, v5_port)):
        time.sleep(POLL_SECONDS)
    asyncio.run(serve(host, int(port), Front(v4_port=int(v4_port), v5_port=int(v5_port))))


def allow_many_connections() -> None:
    """A device takes three file descriptors of this process, and 1,024 are the usual limit."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def run_broker(config: str) -> None:
    """Runs for ever; without the broker the process has no use, and its supervisor starts another."""
    try:
        IotCoreBroker(config_path=config).run_forever()
    except BaseException:
        # Said before the process ends, which would not wait for the thread's own report.
        traceback.print_exc()
        raise
    finally:
        os._exit(1)


async def serve(host: str, port: int, front: Front) -> None:
    """Take devices until the process is stopped."""
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, front.close)
    await front.listen(host, port)
    await asyncio.Event().wait()


if __name__ == "__main__":
    main()
