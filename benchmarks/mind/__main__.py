"""The mind's figures beside their goals, one JSON line each, on simulated homes.

    python -m benchmarks.mind [--homes 10] [--seed 1] [--processes 2] [--usual]

`--homes` counts homes for each demand model and fault; `--usual`: the homes of `benchmarks.mind.usual`. More
detail, by model: `python -m benchmarks.mind.score`. A year of keep-full: `python -m benchmarks.mind.replenish`.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
from collections import defaultdict
from typing import Any

from benchmarks.mind.homes import FAULTS
from benchmarks.mind.models import MODELS, USUAL
from benchmarks.mind.score import Sums, measure, report

# figure, goal, how it is found in the report
GOALS: tuple[tuple[str, str, str], ...] = (
    ("leaks of 3 % of capacity a day or more raised within 48 h", ">= 0.95", "leak_3pct_48h"),
    ("leaks of 20 l a day or more raised within 7 days", ">= 0.80", "leak_20l_7d"),
    ("of these, those of less than 3 % of capacity", ">= 0.80", "leak_small_7d"),
    ("false leak alerts in 100 tank-months", "<= 1", "false_leak_per_100_months"),
    ("bursts raised by their second reading", ">= 0.99", "burst_2_readings"),
    ("bursts raised by their second whole interval", ">= 0.99", "burst_2_whole"),
    ("false bursts in 100 tank-months", "<= 1", "false_burst_per_100_months"),
    ("stuck sensors found", ">= 0.99", "stuck_found"),
    ("false stuck in 100 tank-months", "<= 1", "false_stuck_per_100_months"),
    ("silent sensors found", ">= 0.99", "offline_found"),
    ("false offline in 100 tank-months", "<= 1", "false_offline_per_100_months"),
    ("refills found", ">= 0.99", "refills_found"),
    ("refills invented in 100 tank-months", "0", "refills_invented_per_100_months"),
    ("refill volume, median error", "<= 0.005", "refill_error_median_p90"),
    ("daily use, median error", "<= 0.02", "usage_error_median_p90"),
)
FORECAST_GOALS = (
    ("coverage", "coverage of the 80 % interval", "0.76 .. 0.84"),
    ("width_ratio", "width, relative to what the household's own variation forces", "<= 1.2"),
    ("pinball_gain_raw", "pinball loss below 'level / last 14 days' mean'", ">= 0.35"),
)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--homes", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--usual", action="store_true")
    options = parser.parse_args()
    jobs = [
        (options.seed * 1_000_000 + number * 101 + FAULTS.index(fault), fault, model)
        for model in (USUAL if options.usual else MODELS)
        for fault in FAULTS
        for number in range(options.homes)
    ]
    sums: Sums = defaultdict(list)
    with multiprocessing.Pool(options.processes) as pool:
        for _model, found in pool.imap_unordered(measure, jobs, chunksize=4):
            for key, values in found.items():
                sums[key].extend(values)
    for line in lines(report(sums)):
        print(json.dumps({**line, "homes": len(jobs), "seed": options.seed}))


def lines(result: dict[str, Any]) -> list[dict[str, Any]]:
    """Figures of a report, each with its goal; the first of several values is the figure."""
    found = []
    for figure, goal, key in GOALS:
        value = result[key]
        found.append(
            {"figure": figure, "value": value[0] if isinstance(value, list) else value, "goal": goal}
        )
    for age, when in (("first", "days 1-13"), ("later", "from day 14"), ("all", "all days")):
        for key, figure, goal in FORECAST_GOALS:
            if f"forecast_{age}" in result:
                value = result[f"forecast_{age}"][key]
                found.append({"figure": f"{figure}, {when}", "value": value, "goal": goal})
    return found


if __name__ == "__main__":
    main()
