"""Run a command beside a MongoDB of its own, empty and gone afterwards: `python -m config.launcher.beside <command>`.

Django asks the database before it compares models with migrations, and `make check` needs no server of yours.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from config.launcher.errors import LaunchError
from config.launcher.ports import free_port
from config.launcher.servers import Mongod


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="mongod-") as folder:
        mongod = Mongod(port=free_port(), data_dir=Path(folder) / "data")
        try:
            mongod.start()
            ended = subprocess.run(sys.argv[1:], env=os.environ | {"MONGODB_URI": mongod.url}, check=False)
        except LaunchError as error:
            sys.exit(str(error))
        finally:
            mongod.stop()
    sys.exit(ended.returncode)


if __name__ == "__main__":
    main()
