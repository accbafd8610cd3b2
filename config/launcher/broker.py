"""The embedded MQTT broker in a process of its own: `python -m config.launcher.broker <config.toml>`.

rumqttd has no way to be stopped from within its process, so the process is what is stopped.
"""

import signal
import sys

from iotcore.iotcore import IotCoreBroker


def main() -> None:
    # run_forever never returns to Python, where a handler could run: let the kernel end the process.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    IotCoreBroker(config_path=sys.argv[1]).run_forever()


if __name__ == "__main__":
    main()
