"""Where a day begins: the installation's time zone, by which totals are kept."""

from __future__ import annotations

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from steward.kit.db import Db
from steward.kit.errors import Invalid


def keep_timezone(db: Db, name: str) -> bool:
    """Let days begin and end in a time zone; totals by day are made anew when it is another than before.

    Args:
        db: the transaction; who writes responses waits for its end when totals are made anew.
        name: of the zone, such as Europe/Berlin.

    Returns:
        Whether it was another.

    Raises:
        Invalid: there is no such zone.
    """
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise Invalid(
            f"timezone: {name!r} is no time zone", hint="give one such as Europe/Berlin, or UTC"
        ) from None
    if (db.value("kit.setting", key="timezone") or "UTC") == name:
        return False
    db.run("kit.put_setting", key="timezone", value=name)
    db.run("telemetry.rebuild_days")
    return True
