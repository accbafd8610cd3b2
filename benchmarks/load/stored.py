"""`python -m benchmarks.load.stored <from> <to> <tanks>`: fills the readings collection with those of a long stream
from the one number to the other, then reads it; one JSON object.

Started by `benchmarks.ingest` with the environment of its world, whose own tanks' past it makes. Readings come in
order of time, as sensors send them, so that every batch is spread over the keys of all series.
"""

import json
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

FIRST_SERIES = 1
BATCH = 10_000
STEP = timedelta(minutes=5)
REPEATS = 30


def fill(first: int, end: int, tanks: int) -> float:
    """Seconds it took."""
    from tanks import readings
    from tanks.services.readings import Candidate

    start = readings.to_ms(datetime(2026, 1, 1, tzinfo=UTC))
    step = int(STEP.total_seconds() * 1000)
    begun = time.monotonic()
    for at in range(first, end, BATCH):
        rows = []
        for number in range(at, min(at + BATCH, end)):
            turn, series = divmod(number, tanks)
            level = 90 - (series % 40) - (turn * 37 % 3000) / 100
            jitter = series * 131 % 60_000
            ms = start + turn * step + jitter
            rows.append(Candidate(FIRST_SERIES + series, 1, ms, level, level * 100, readings.SENSOR))
        readings.insert_documents(readings.documents(rows, [readings.GOOD] * len(rows)))
    return time.monotonic() - begun


def median_ms(work: Callable[[int], Any]) -> float:
    """Of reads of different tanks, after one to warm up."""
    taken = []
    for number in range(REPEATS + 1):
        begun = time.perf_counter()
        work(FIRST_SERIES + number * 7)
        taken.append((time.perf_counter() - begun) * 1000)
    return round(statistics.median(taken[1:]), 3)


def main() -> None:
    import django

    django.setup()
    from common.mongo import database
    from tanks import readings
    from tanks.api.levels import LevelsQuery, levels_page

    first, end, tanks = map(int, sys.argv[1:])
    seconds = fill(first, end, tanks)
    database().client.admin.command("fsync")
    sizes = database().command("collStats", readings.COLLECTION)
    last = readings.from_ms(readings.to_ms(datetime(2026, 1, 1, tzinfo=UTC)) + end // tanks * 300_000)
    day, month = last - timedelta(days=1), last - timedelta(days=30)
    raw = readings.readings_collection()

    def page(series: int, interval: str, start: datetime | None, limit: int) -> Any:
        query = LevelsQuery(start, None, interval, limit)
        return levels_page(series=series, query=query, address="http://localhost/")

    def bare(series: int, start: datetime | None, limit: int) -> Any:
        return list(raw.find(readings.range_filter(series, start, None)).sort("_id", -1).limit(limit))

    found = {
        "stored": sizes["count"],
        "rows_per_second": round((end - first) / seconds),
        "bytes_per_reading": round(
            (sizes["storageSize"] + sizes.get("totalIndexSize", 0)) / sizes["count"], 1
        ),
        "bytes_to_be_reused": round(sizes["freeStorageSize"] / sizes["count"], 1),
        "reads": {
            "newest_100": [
                median_ms(lambda s: page(s, "raw", None, 100)),
                median_ms(lambda s: bare(s, None, 100)),
            ],
            "day_288": [
                median_ms(lambda s: page(s, "raw", day, 288)),
                median_ms(lambda s: bare(s, day, 288)),
            ],
            "hourly_30_days": [
                median_ms(lambda s: page(s, "1h", month, 720)),
                median_ms(lambda s: bare(s, month, 8_640)),
            ],
        },
    }
    print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
