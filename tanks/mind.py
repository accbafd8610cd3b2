"""The mind of one tank: readings go in as they come, findings come out. The same code live and in history.

`TankMind.observe` takes readings in order of event time, `tick` lets time pass. Nothing looks ahead: what is
found at a time rests on readings up to that time. What it remembers is in `tanks.mind_memory`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np

from tanks import leaks, quality, refills, usage
from tanks.detectors import burst, levels, sensor
from tanks.excess import Night
from tanks.forecast import Forecast
from tanks.mind_memory import NEVER, Findings, Memory, TankFacts
from tanks.nights import lasting_loss, rest_loss
from tanks.steady import Loss
from tanks.usage import HOUR, Array, RefillSpan

__all__ = ["CLOSE_HOUR", "LEAK_HOUR", "SPACING_SECONDS", "Findings", "TankFacts", "TankMind"]

SPACING_SECONDS = 55.0  # readings closer together than this say no more of use, and would only cost
READ_WITHIN = 48 * HOUR  # of its last reading a tank's coming days can be told
WATCH_SHARE = 0.8  # of the time left until the early futures are too late for a delivery: then look again
LONG_SILENCE = 30 * 24 * HOUR  # after it no day or night has anything left to settle
# local hours
BEGUN_HOUR = 2  # a large leak shows in the night so far
CLOSE_HOUR = 4  # yesterday's use is settled, its last midnight seen from both sides
LEAK_HOUR = 6
EVENING, NIGHT = 6, 4  # before midnight: the household rests somewhere between; after it little is drawn
DAY_SEEN_HOUR = 16  # by now a day has shown whether there are guests
STAGE_HOURS = (0, BEGUN_HOUR, CLOSE_HOUR, LEAK_HOUR, DAY_SEEN_HOUR)


class TankMind(Memory):
    """One tank, from its first reading on. Times: seconds since the epoch; levels: percent of capacity."""

    # --- readings

    def observe(self, at: float, level: float, *, source: str = "sensor") -> None:
        """Take in one reading, not older than the one before."""
        if self.day is None:
            self._begin(at)
        self.tick(at)
        self._apply(sensor.received(self.sensor, at, level, use=self._use), at)
        verdict = quality.classify(state=self.filter, at=at, level_percent=level, source=source)
        self.filter = verdict.state
        wild = bool(self.pending) and not verdict.confirmed_suspect and level != self.pending[-1][1]
        self._apply(sensor.judged(self.sensor, wild=wild, at=at), at)
        if verdict.quality == "suspect":
            self._watch_doubted(at, level)
            self.pending = [*self.pending, [at, level]][-4:]
            return
        if verdict.confirmed_suspect:
            for past_at, past_level in self.pending:
                if past_at == verdict.confirmed_at:
                    self._believe(past_at, past_level)
        if self.pending:
            self.pending = []
        if verdict.refuted:
            self._disbelieve(verdict.refuted)
        self._believe(at, level)

    def _believe(self, at: float, level: float) -> None:
        if self.times and at <= self.times[-1]:
            return
        self.times.append(at)
        self.levels.append(level)
        self._watch_levels(at)
        if refills.watch(self.refill, self.times, self.levels, noise_percent=self.sensor.noise):
            self._refill_ended(at)

    def _disbelieve(self, refuted: Sequence[float]) -> None:
        """Forget readings that were wild echoes, and look for a refill in the others again."""
        kept = [pair for pair in zip(self.times, self.levels, strict=True) if pair[0] not in refuted]
        self.times, self.levels = [at for at, _ in kept], [level for _, level in kept]
        self.refill = refills.RefillState(since=self.refill.since)
        for count, at in enumerate(self.times, 1):
            if at > self.refill.since:
                self._watch_refill(count)

    def _watch_refill(self, count: int) -> None:
        """Look for a refill in the newest of the first `count` readings."""
        times, levels = self.times[:count], self.levels[:count]
        if refills.watch(self.refill, times, levels, noise_percent=self.sensor.noise):
            self._refill_ended(times[-1])

    def _watch_levels(self, at: float) -> None:
        noise, alerts, level = self.sensor.noise, self.alerts, self.levels[-1]
        for kind, severity, threshold in self._thresholds:
            if level >= threshold and not alerts.is_open(kind):
                continue
            signal = levels.below(
                kind,
                severity,
                self.levels,
                self.times,
                threshold=threshold,
                noise_percent=noise,
                is_open=alerts.is_open(kind),
            )
            self._apply(signal, at)
        if level >= levels.FULL_PERCENT or alerts.is_open("overfill"):
            self._apply(levels.overfill(self.levels, self.times, is_open=alerts.is_open("overfill")), at)
        if alerts.is_open("stuck"):
            self.moving_since = at  # what a sensor jumps when it comes free was not lost just now
        if len(self.times) > 2 and self.times[-3] >= self.moving_since:
            self._apply(
                burst.burst(
                    self.burst, self.times, self.levels, self._habit(at), is_open=alerts.is_open("burst")
                ),
                at,
            )

    def _watch_doubted(self, at: float, level: float) -> None:
        """A reading that is not believed yet may still show a burst that was seen to begin."""
        doubts = [*self.pending, [at, level]]
        proofs = 2 if level <= quality.ZERO_PERCENT else 1  # a restarted sensor says zero, too
        if self.alerts.is_open("burst") or len(doubts) != proofs:
            return
        if len(self.times) > 1 and self.times[-2] >= self.moving_since:
            times, past = [*self.times[-5:], doubts[0][0]], [*self.levels[-5:], doubts[0][1]]
            self._apply(burst.doubted(self.burst, times, past, self._habit(at)), at)

    def _refill_ended(self, at: float) -> None:
        found = refills.measure(
            self.refill,
            np.asarray(self.times),
            np.asarray(self.levels),
            capacity=self.facts.capacity_liters,
            noise_percent=self.sensor.noise,
            clock=self._clock(),
            daily_litres=self._daily(),
            hardest_litres=burst.hardest(self.burst, self._habit(self.times[-1])),
        )
        self.refill = refills.RefillState(since=at)
        if found:
            self.spans.append(found.span)
            self.findings.refills.append(found)
            if self.alerts.is_open("runout_soon"):
                self._watch_runout(self.times[-1])

    # --- time

    def tick(self, now: float) -> None:
        """Let time pass: close days and nights that have ended, notice silence."""
        if self.day is None:
            return
        if self.sensor.last_at is not None and now >= sensor.offline_due(self.sensor):
            due = sensor.offline_due(self.sensor)
            if not self.alerts.is_open("offline"):
                self._settle(due)
                self._apply(sensor.offline(self.sensor, now=due), due)
        elif self.alerts.is_open("offline"):
            self._apply(sensor.offline(self.sensor, now=now), now)
        self._settle(now)

    def next_due(self) -> float:
        """When something is to be done though no reading may come (seconds)."""
        return min(self.due, self.watch_at)

    def _settle(self, now: float) -> None:
        """All that is due until now, in its order."""
        settled = (self.sensor.last_at or now) + LONG_SILENCE
        while (due := self.next_due()) <= now:
            if due > settled:
                self._begin(now)  # one step, be it over years: of a wrong clock's reading, say
                return
            if self.watch_at < self.due:
                self._watch_runout(due)
            else:
                self._stage_ended()

    def finish(self, now: float) -> None:
        """End of a history: close what is complete but would have been settled a few hours later."""
        self.tick(now)
        if self.day is None:
            return
        if self.refill.start_at is not None:
            self._refill_ended(self.times[-1])
        if 0 < self.stage <= STAGE_HOURS.index(CLOSE_HOUR):
            self._close_yesterday(now)
        if self._local(self._today() + timedelta(days=1 if self.stage else 0)) - now <= HOUR + 1:
            self.day = self._today() + timedelta(days=1 if self.stage else 0)
            self._close_yesterday(now)

    def _begin(self, at: float) -> None:
        self.day = datetime.fromtimestamp(at, self.zone).date()
        self.stage, self.watch_at = len(STAGE_HOURS) - 1, NEVER
        self._schedule()
        while self.due <= at:
            self._advance()

    def _stage_ended(self) -> None:
        ends = (self._midnight, self._judge_begun, self._close_yesterday, self._judge_night, self._judge_day)
        ends[self.stage](self.due)
        self._advance()

    def _advance(self) -> None:
        """To the next of the day's stages, from midnight to the afternoon."""
        self.stage += 1
        if self.stage == len(STAGE_HOURS):
            self.stage = 0
            self.day = self._today() + timedelta(days=1)
        self._schedule()

    def _schedule(self) -> None:
        hour = STAGE_HOURS[self.stage]
        self.due = self._local(self._today(), hour)
        self._midnight_at = self._local(self._today())

    def _midnight(self, at: float) -> None:
        """A forecast from what is known now, today's use included though it is not settled yet."""
        if not self._is_read(at):
            return
        yesterday = self._today() - timedelta(days=1)
        closed = self._day_use(yesterday)
        days = [day for day in self.usage.days if day.ordinal != yesterday.toordinal()]
        if closed is not None:
            days.append(closed[0])
        made = self.forecast(at, days=days)
        self.findings.forecasts.append(made)
        self._follow_runout(made)

    def _is_read(self, at: float) -> bool:
        return bool(self.times) and at - self.times[-1] <= READ_WITHIN

    def _watch_runout(self, at: float) -> None:
        """Between two midnights: is the next delivery too late by now?"""
        self.watch_at = NEVER
        if self._is_read(at):
            self._follow_runout(self.forecast(at))

    def _follow_runout(self, made: Forecast) -> None:
        """Raise or close `runout_soon`; look again before even the early futures can have come to it."""
        self._apply(levels.runout_soon(made, lead_days=self.facts.lead_days), made.made_at)
        left = (made.empty.p10 - self.facts.lead_days) * 86400.0
        is_open = self.alerts.is_open("runout_soon")
        self.watch_at = NEVER if is_open else made.made_at + max(WATCH_SHARE * left, HOUR)

    def _close_yesterday(self, at: float) -> None:
        yesterday = self._today() - timedelta(days=1)
        start, end = self._local(yesterday), self._local(self._today())
        inside = [i for i, moment in enumerate(self.times) if start <= moment < end]
        closed = self._day_use(yesterday)
        if closed is not None:
            self.usage.add(*closed)
            self._know_habits()
            self.findings.days.append(closed[0])
            leaks.day_closed(self.leak, ordinal=closed[0].ordinal, drawn=closed[0].litres)
        if inside:
            part = slice(inside[0], inside[-1] + 1)
            self._apply(sensor.day_closed(self.sensor, self.times[part], self.levels[part]), at)
        burst.day_closed(self.burst)

    def _judge_begun(self, at: float) -> None:
        """In the night: its first hours, with the day before."""
        if leaks.worth_a_look(self.leak, self._home()) and self._tells_of_leaks():
            begun = self._night(EVENING + BEGUN_HOUR, NIGHT + BEGUN_HOUR, at)
            self._apply(leaks.night_begun(self.leak, begun, self._home(), at=at), at)

    def _judge_night(self, at: float) -> None:
        """At the end of the night: what it lost, with the nights before it."""
        if self._tells_of_leaks():
            night = self._night(EVENING + LEAK_HOUR, NIGHT + LEAK_HOUR, at)
            self._apply(leaks.night_closed(self.leak, night, self._home(), at=at), at)
        self._forget(at)

    def _judge_day(self, at: float) -> None:
        """In the afternoon: the night once more, in the light of its own day."""
        if not self._tells_of_leaks():
            return
        clock = self._clock()
        draw = self._draw(clock)
        drawn = usage.day_by(draw, clock=clock, now=at) if draw else None
        seen = Night(self._today().toordinal(), None, None, self._lasting_loss(DAY_SEEN_HOUR, at), drawn)
        self._apply(leaks.day_seen(self.leak, seen, self._home(), at=at), at)

    def _night(self, rest_hours: float, night_hours: float, at: float) -> Night:
        """The night until now, whose date is today's."""
        lasting, quiet = self._lasting_loss(night_hours, at), self._rest_loss(rest_hours, at)
        return Night(self._today().toordinal(), lasting, quiet)

    def _lasting_loss(self, hours: float, at: float) -> Loss | None:
        return lasting_loss(
            *self._seen(), since=at - hours * HOUR, until=at, noise_litres=self._noise_litres()
        )

    def _rest_loss(self, hours: float, at: float) -> Loss | None:
        return rest_loss(
            *self._seen(),
            since=at - hours * HOUR,
            until=at,
            noise_litres=self._noise_litres(),
            interval=self.sensor.interval,
            capacity=self.facts.capacity_liters,
        )

    def _seen(self) -> tuple[Array, Array, list[RefillSpan]]:
        """Times, litres and refills of the readings remembered."""
        return np.asarray(self.times), self._litres(), self._refill_spans()

    def _home(self) -> leaks.Home:
        return leaks.Home(self.facts.capacity_liters, self._daily())

    def _tells_of_leaks(self) -> bool:
        """Not an empty tank, nor a sensor that does not move."""
        midnight, least = self._local(self._today()), 100 * leaks.DRY_SHARE
        dry = any(level < least for at, level in zip(self.times, self.levels, strict=True) if at >= midnight)
        return not (dry or self.alerts.is_open("stuck"))
