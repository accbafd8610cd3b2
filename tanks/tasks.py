"""Tanks' work in the background. Every task may run twice.

The minds are imported when a task runs: their mathematics is large, and only the workers need it.
"""

import time

from celery import shared_task

from common.time import utc_now

AT_ONCE = 10
BUDGET_SECONDS = 1.0  # then others have their turn


@shared_task
def minds_advance() -> None:
    """Brings the minds of tanks with new readings up to now, for about a second; what is left follows."""
    from tanks.mind_queue import minds_begin, minds_end, minds_put, minds_take
    from tanks.services.minds import minds_advance as advance

    if not minds_begin():
        return
    try:
        give_up = time.monotonic() + BUDGET_SECONDS
        while time.monotonic() < give_up and (taken := minds_take(limit=AT_ONCE)):
            minds_put(advance(touched=taken, now=utc_now()))
    finally:
        minds_end()


@shared_task
def minds_sweep() -> None:
    """Nights to be judged, silence to be noticed, first looks; and what a lost queue forgot."""
    from tanks.mind_queue import minds_put
    from tanks.services.minds import minds_due

    minds_put(dict.fromkeys(minds_due(), utc_now()))


@shared_task
def alerts_remind() -> None:
    """Tells again of alerts that are still open."""
    from tanks.services.reminders import alerts_remind as remind

    remind(now=utc_now())
