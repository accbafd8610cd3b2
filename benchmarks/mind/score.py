"""Figures of the tanks' mind on simulated homes, one JSON line each.

    python -m benchmarks.mind.score [--homes 40] [--seed 1] [--processes 2] [--model fixtures]

`--homes` counts homes for each pair of demand model and fault.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
from collections import defaultdict
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from benchmarks.mind.demand import DAY
from benchmarks.mind.homes import FAULTS, Home, home
from benchmarks.mind.models import MODELS, USUAL
from tanks.mind import Findings, TankFacts, TankMind

MONTH = 30 * 86400.0
LIVES = 40
FORECAST_SUMS = (
    *("covered", "below", "above", "width", "forced"),
    *("pinball", "naive", "pinballraw", "naiveraw"),
)
Sums = dict[str, list[float]]


def think(subject: Home) -> Findings:
    """Let the mind live through a home's readings; forecasts and alerts as they came."""
    mind = TankMind(TankFacts(subject.capacity, subject.zone, subject.low_threshold))
    for at, level in zip(subject.times.tolist(), subject.levels.tolist(), strict=True):
        mind.observe(at, level)
    mind.tick(subject.start + subject.days * 86400.0)
    return mind.findings


def measure(job: tuple[int, str, str]) -> tuple[str, Sums]:
    seed, fault, model = job
    subject = home(seed, fault=fault, model=model, lives=LIVES if fault in ("none", "burst") else 0)
    found = think(subject)
    out: Sums = defaultdict(list)
    _alerts(subject, found, out)
    _usage(subject, found, out)
    _refills(subject, found, out)
    if fault == "none":
        _forecasts(subject, found, out)
    return model, dict(out)


def _alerts(subject: Home, found: Findings, out: Sums) -> None:
    opened: dict[str, list[float]] = defaultdict(list)
    for alert in found.alerts:
        if alert.opened_at not in opened[alert.kind]:
            opened[alert.kind].append(alert.opened_at)
    out["months"].append(subject.days * 86400 / MONTH)
    begin, end = subject.fault_at or np.inf, subject.fault_until or -np.inf
    expected = {"leak_large": "leak", "leak_small": "leak"}.get(subject.fault, subject.fault)
    for kind in ("leak", "burst", "stuck", "offline", "noisy", "faulty"):
        false = [
            at
            for at in opened[kind]
            if not (
                begin <= at <= end + 86400 and (kind == expected or {kind, expected} <= {"leak", "burst"})
            )
        ]
        out[f"false_{kind}"].append(len(false))
    hits = [at for at in opened[expected] if begin <= at <= end + 3600]
    delay = hits[0] - begin if hits else np.inf
    if expected == "leak":
        large = subject.fault_size >= 0.03 * subject.capacity
        if large:
            out["leak_3pct_48h"].append(delay <= 48 * 3600)
        if subject.fault_size >= 20:
            out["leak_20l_7d"].append(delay <= 7 * 86400)
            if not large:
                out["leak_small_7d"].append(delay <= 7 * 86400)
    elif expected == "burst":
        after = subject.times[subject.times > begin]
        interval = subject.interval_minutes * 60
        whole = subject.times[subject.times > begin + interval]
        out["burst_2_readings"].append(begin + delay <= after[1])
        out["burst_2_whole"].append(begin + delay <= whole[1])
        out["burst_3_whole"].append(begin + delay <= whole[2])
    elif expected in ("stuck", "offline"):
        out[f"{expected}_found"].append(bool(hits))
        out[f"{expected}_24h"].append(delay <= 86400)
        out[f"{expected}_hours"].append(min(delay / 3600, 999))


def _usage(subject: Home, found: Findings, out: Sums) -> None:
    true = subject.draw[: subject.days * DAY].reshape(-1, DAY).sum(axis=1)
    first = datetime.fromtimestamp(subject.start, ZoneInfo(subject.zone)).date().toordinal()
    last_good = (subject.fault_at - subject.start) / 86400 - 1 if subject.fault_at else np.inf
    for day in found.days:
        index = day.ordinal - first
        if not 0 <= index < subject.days or index >= last_good or index == 0:
            continue
        if true[index] > 20:
            error = abs(day.litres - true[index]) / true[index]
            out["usage_error_all"].append(error)
            if not day.estimated:
                out["usage_error"].append(error)


def _refills(subject: Home, found: Findings, out: Sums) -> None:
    left = list(found.refills)
    end = subject.start + subject.days * 86400
    for at, litres in subject.refills:
        if at > end - 4 * 3600:
            continue
        if subject.fault in ("stuck", "offline") and (subject.fault_at or 0) - 9e4 <= at:
            continue
        near = [refill for refill in left if abs(refill.at - at) < 6 * 3600]
        out["refills_found"].append(bool(near))
        if near:
            best = min(near, key=lambda refill: abs(refill.at - at))
            left.remove(best)
            out["refill_error"].append(abs(best.litres - litres) / litres)
    late = [r for r in left if r.at < end - 6 * 3600]
    out["refills_invented"].append(0 if subject.fault in ("stuck", "offline") else len(late))


def _forecasts(subject: Home, found: Findings, out: Sums) -> None:
    daily = subject.draw.reshape(-1, DAY).sum(axis=1)
    total = np.concatenate([[0.0], np.cumsum(subject.draw)])
    lives = np.concatenate([np.zeros((LIVES, 1)), np.cumsum(subject.other_lives, axis=1)], axis=1)
    for made in found.forecasts:
        index = round((made.made_at - subject.start) / 86400)
        if index < 1 or index >= subject.days:
            continue
        volume = subject.volume[index * DAY]
        truth = np.searchsorted(total, total[index * DAY] + volume) / DAY - index
        if truth + index > len(daily) - 1 or truth > 90 or volume < 0.03 * subject.capacity:
            continue
        quantiles = np.array([made.empty.p10, made.empty.p50, made.empty.p90])
        past = daily[max(0, index - 14) : index]
        naive = min(volume / max(past.mean(), 1e-3), 365.0)
        loss, base = _pinball(quantiles, truth), _pinball(np.full(3, naive), truth)
        age = "first" if index < 14 else "later"
        out[f"covered_{age}"].append(quantiles[0] <= truth <= quantiles[2])
        out[f"below_{age}"].append(truth < quantiles[0])
        out[f"above_{age}"].append(truth > quantiles[2])
        out[f"pinball_{age}"].append(loss / max(truth, 1))
        out[f"naive_{age}"].append(base / max(truth, 1))
        out[f"pinballraw_{age}"].append(loss)
        out[f"naiveraw_{age}"].append(base)
        ends = [np.interp(row[index] + volume, row, np.arange(len(row))) - index for row in lives]
        low, high = np.quantile(ends, [0.1, 0.9], method="weibull")  # of few lives, unbiased
        out[f"width_{age}"].append((quantiles[2] - quantiles[0]) / max(truth, 1))
        out[f"forced_{age}"].append((high - low) / max(truth, 1))


def _pinball(quantiles: np.ndarray, truth: float) -> float:
    error = truth - quantiles
    level = np.array([0.1, 0.5, 0.9])
    return float(np.maximum(level * error, (level - 1) * error).sum())


def report(sums: Sums) -> dict[str, Any]:
    def mean(key: str) -> float | None:
        return round(float(np.mean(sums[key])), 4) if sums.get(key) else None

    def quantile(key: str, share: float) -> float | None:
        return round(float(np.quantile(sums[key], share)), 4) if sums.get(key) else None

    months = sum(sums["months"])
    result: dict[str, Any] = {
        key: [mean(key), len(sums.get(key, []))]
        for key in (
            "leak_3pct_48h",
            "leak_20l_7d",
            "leak_small_7d",
            "burst_2_readings",
            "burst_2_whole",
            "burst_3_whole",
            "stuck_found",
            "stuck_24h",
            "offline_found",
            "offline_24h",
            "refills_found",
        )
    }
    for kind in ("leak", "burst", "stuck", "offline", "noisy", "faulty"):
        result[f"false_{kind}_per_100_months"] = round(100 * sum(sums[f"false_{kind}"]) / months, 2)
    result["stuck_hours_median"] = quantile("stuck_hours", 0.5)
    result["refills_invented_per_100_months"] = round(100 * sum(sums["refills_invented"]) / months, 2)
    result["refill_error_median_p90"] = [quantile("refill_error", 0.5), quantile("refill_error", 0.9)]
    result["usage_error_median_p90"] = [quantile("usage_error", 0.5), quantile("usage_error", 0.9)]
    result["usage_error_with_gaps_median"] = quantile("usage_error_all", 0.5)
    for age in ("first", "later", "all"):
        kept = {
            key: sums.get(f"{key}_first", []) + sums.get(f"{key}_later", [])
            if age == "all"
            else sums.get(f"{key}_{age}", [])
            for key in FORECAST_SUMS
        }
        if kept["covered"]:
            result[f"forecast_{age}"] = _forecast_figures(kept)
    return result


def _forecast_figures(kept: Sums) -> dict[str, Any]:
    mean = {key: float(np.mean(values)) for key, values in kept.items()}
    figures = {
        "coverage": mean["covered"],
        "below": mean["below"],
        "above": mean["above"],
        "width_ratio": mean["width"] / mean["forced"],
        "pinball_gain": 1 - mean["pinball"] / mean["naive"],
        "pinball_gain_raw": 1 - mean["pinballraw"] / mean["naiveraw"],
    }
    return {name: round(value, 3) for name, value in figures.items()} | {"count": len(kept["covered"])}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--homes", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--model", choices=[*MODELS, *USUAL])
    parser.add_argument("--fault", choices=FAULTS)
    options = parser.parse_args()
    jobs = [
        (options.seed * 1_000_000 + number * 101 + FAULTS.index(fault), fault, model)
        for model in ([options.model] if options.model else MODELS)
        for fault in FAULTS
        for number in range(options.homes)
        if options.fault in (None, fault)
    ]
    gathered: dict[str, Sums] = defaultdict(lambda: defaultdict(list))
    with multiprocessing.Pool(options.processes) as pool:
        for model, sums in pool.imap_unordered(measure, jobs, chunksize=4):
            for name in (model, "all"):
                for key, values in sums.items():
                    gathered[name][key].extend(values)
    for name, sums in sorted(gathered.items(), reverse=True):
        print(json.dumps({"homes": name, "seed": options.seed, **report(sums)}))


if __name__ == "__main__":
    main()
