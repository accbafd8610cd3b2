"""Charts in templates: `{% level_chart story "title" "description" %}`."""

import json
from typing import Any

from django import template

from common.charts import Story, draw

register = template.Library()

WIDE, NARROW = (760, 260, 9), (360, 230, 4)
TABLE_ROWS = 60


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
