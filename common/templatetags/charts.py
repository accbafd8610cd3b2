"""Charts in templates: `{% level_chart story "title" "description" %}`, `{% usage_chart amounts %}`."""

import json
from collections.abc import Sequence
from typing import Any

from django import template

from common.bars import Amount, draw_bars
from common.charts import Story, draw

register = template.Library()

WIDE, NARROW = (760, 260, 9), (360, 230, 4)
TABLE_ROWS = 60
LOW_WIDE, LOW_NARROW = (760, 190, 8), (360, 180, 4)


@register.inclusion_tag("charts/level.html")
def level_chart(story: Story, title: str, description: str) -> dict[str, Any]:
    """The level over time, for wide and for narrow places, with a table for those who do not see it."""
    drawings = [
        draw(story, name=name, width=width, height=height, most_ticks=ticks)
        for name, (width, height, ticks) in (("wide", WIDE), ("narrow", NARROW))
    ]
    every = max(1, -(-len(story.points) // TABLE_ROWS))
    return {
        "title": title,
        "description": description,
        "drawings": [(drawing, json.dumps(drawing.readings)) for drawing in drawings],
        "rows": list(story.points[::-1][::every]),
        "story": story,
    }


@register.inclusion_tag("charts/usage.html")
def usage_chart(amounts: Sequence[Amount]) -> dict[str, Any]:
    """Litres day by day, for wide and for narrow places, with a table for those who do not see it."""
    average = sum(amount.liters for amount in amounts) / len(amounts) if amounts else None
    drawings = [
        draw_bars(amounts, average=average, name=name, width=width, height=height, most_ticks=ticks)
        for name, (width, height, ticks) in (("wide", LOW_WIDE), ("narrow", LOW_NARROW))
    ]
    return {
        "drawings": [(drawing, json.dumps(drawing.readings)) for drawing in drawings],
        "summary": f"{average:,.0f} L a day over {len(amounts)} days" if average is not None else "",
        "has_estimates": any(amount.estimated for amount in amounts),
        "rows": list(amounts)[::-1],
    }
