"""Write simulated homes as the two files that `manage.py backtest` reads.

python -m benchmarks.mind.export DIR [--homes 1000] [--days 60] [--seed 1] [--interval 15]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from benchmarks.mind.homes import FAULTS, home
from benchmarks.mind.models import MODELS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--homes", type=int, default=1000)
    parser.add_argument("--days", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--interval", type=int, default=15, help="minutes")
    options = parser.parse_args()
    options.directory.mkdir(parents=True, exist_ok=True)
    with (
        (options.directory / "TANKS.csv").open("w") as tanks,
        (options.directory / "READINGS.csv").open("w") as readings,
    ):
        tanks.write("tank,capacityLiters,timezone,lowWaterThreshold\n")
        readings.write("tank,timestamp,level\n")
        for number in range(options.homes):
            subject = home(
                options.seed * 1_000_000 + number,
                fault=FAULTS[number % len(FAULTS)],
                model=list(MODELS)[number // len(FAULTS) % len(MODELS)],
                days=options.days,
                interval=options.interval,
            )
            tanks.write(f"{subject.name},{subject.capacity:g},{subject.zone},{subject.low_threshold:g}\n")
            stamps = np.datetime_as_string(subject.times.astype("datetime64[s]"), unit="s")
            order = np.random.default_rng(number).permutation(len(stamps))
            readings.writelines(f"{subject.name},{stamps[i]}Z,{subject.levels[i]:g}\n" for i in order)


if __name__ == "__main__":
    main()
