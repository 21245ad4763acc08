#!/usr/bin/env bash
# croniter and cronsim switch the night service at different times: twice when summer time ends, and on other days.
#
# What meets: a switch-over planned as a cron expression, in a zone with summer time, and the two cron libraries in
# use with asyncio schedulers.
# Versions: croniter 7.0.0, cronsim 2.8, tzdata 2026.6, Python 3.11.
# One would guess: five fields, one meaning; and a job at a fixed time of day runs once a day.
# What happens: on 25 October 2026 in Paris croniter gives "30 2 * * *" twice (02:30 before and after the change),
# cronsim once, as Debian's cron does. "0 8 */2 * 1" is "every other day, or Monday" for croniter and "Mondays with an
# odd date" for cronsim, because Debian's cron looks whether the field begins with a star. A night "0 22-6 * * *" is
# from 22 to 6 for croniter, an error for cronsim.
# Seen: 30 2 * * * from 24 October: croniter 25th 02:30+02, 25th 02:30+01, 26th; cronsim 25th 02:30+02, 26th, 27th. 0
# 8 */2 * 1 from 1 November: croniter 1, 2, 3, 5 November; cronsim 9, 23 November, 7, 21 December.
#
# Needs python3 (3.11 or later) with venv and pip. Exit code: 0 while this is so, 1 when it has changed, 3 when the
# packages cannot be installed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv --without-pip "$folder/venv"
python3 -m pip --python "$folder/venv/bin/python" install --quiet --no-compile --disable-pip-version-check \
  'croniter==7.0.0' 'cronsim==2.8' 'tzdata==2026.6' || exit 3

timeout 60 "$folder/venv/bin/python" - <<'PYTHON' || exit 1
from datetime import datetime
from itertools import islice
from zoneinfo import ZoneInfo

from croniter import croniter
from cronsim import CronSim, CronSimError

PARIS = ZoneInfo("Europe/Paris")


def runs(library, expression, start, count):
    try:
        if library == "croniter":
            times = croniter(expression, start, ret_type=datetime)
        else:
            times = CronSim(expression, start)
        return [f"{time:%d.%m. %H:%M%z}" for time in islice(times, count)]
    except CronSimError:
        return "error"


seen = {}
for expression, start in {
    "30 2 * * *": datetime(2026, 10, 24, 12, tzinfo=PARIS),
    "0 8 */2 * 1": datetime(2026, 11, 1, tzinfo=PARIS),
    "0 22-6 * * *": datetime(2026, 11, 1, 21, 30, tzinfo=PARIS),
}.items():
    for library in ("croniter", "cronsim"):
        seen[expression, library] = runs(library, expression, start, 4)
        print(f"{expression}, {library}: {seen[expression, library]}")
expected = [
    ["25.10. 02:30+0200", "25.10. 02:30+0100", "26.10. 02:30+0100", "27.10. 02:30+0100"],
    ["25.10. 02:30+0200", "26.10. 02:30+0100", "27.10. 02:30+0100", "28.10. 02:30+0100"],
    ["01.11. 08:00+0100", "02.11. 08:00+0100", "03.11. 08:00+0100", "05.11. 08:00+0100"],
    ["09.11. 08:00+0100", "23.11. 08:00+0100", "07.12. 08:00+0100", "21.12. 08:00+0100"],
    ["01.11. 22:00+0100", "01.11. 23:00+0100", "02.11. 00:00+0100", "02.11. 01:00+0100"],
    "error",
]
raise SystemExit(list(seen.values()) != expected)
PYTHON
