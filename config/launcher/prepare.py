"""What has to be done before the product starts: `python -m config.launcher.prepare`.

One process for all of it, started beside the servers: importing Django takes as long as they take to come up.
"""

import os
import sys
import time

import django
from django.core.management import call_command

SERVER_SECONDS = 60.0


def main() -> int:
    """Migrate, and seed the demo data when told `demo`. 0 when done, 1 when a setting is wrong."""
    from environs import EnvError

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        django.setup()
    except EnvError as error:
        sys.stderr.write(f"A setting cannot be used: {error}\n")
        return 1
    wait_for_mongodb()
    call_command("migrate", verbosity=1)
    if "demo" in sys.argv[1:]:
        call_command("demo_seed")
    return 0


def wait_for_mongodb() -> None:
    """Wait until the database takes writes, which a server that has just started does not do at once."""
    from django.db import connection
    from pymongo.errors import PyMongoError

    deadline = time.monotonic() + SERVER_SECONDS
    while True:
        try:
            connection.ensure_connection()
            if connection.connection.admin.command("hello").get("isWritablePrimary"):
                return
        except PyMongoError:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.1)


if __name__ == "__main__":
    sys.exit(main())
