#!/usr/bin/env bash
# icalendar: an on-call shift of exactly eight hours (DURATION:PT8H) lasts seven in the night in which summer time
# begins.
#
# What meets: duty rosters as iCalendar with a time zone, and icalendar with recurring-ical-events, on 29 March 2026
# in Paris.
# Versions: icalendar 7.3.2, recurring-ical-events 3.8.2, tzdata 2026.6, Python 3.11.
# One would guess: RFC 5545 tells days (nominal) from hours (exact), so P1D is noon to noon, PT24H 24 hours and PT8H
# eight.
# What happens: the duration is added to the clock on the wall, as Python does with aware times. PT8H from 22:00 ends
# at 06:00, after seven hours, and an hour of the night has nobody on call. PT24H is noon to noon, 23 hours. A shift
# from 02:30 to 03:30 begins, that night, at a time that does not exist, and lasts 0 s. "end - start" says eight
# hours, one and one, as times of the same zone are subtracted by the clock on the wall: only in UTC does the
# difference show.
# Seen (on the wall | really): PT8H 8:00:00 | 7:00:00, PT24H 24:00 | 23:00:00, 02:30 to 03:30 1:00:00 | 0:00:00.
#
# Needs python3 (3.11 or later) with venv and pip. Exit code: 0 while this is so, 1 when it has changed, 3 when the
# packages cannot be installed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv --without-pip "$folder/venv"
python3 -m pip --python "$folder/venv/bin/python" install --quiet --no-compile --disable-pip-version-check \
  'icalendar==7.3.2' 'recurring-ical-events==3.8.2' 'tzdata==2026.6' || exit 3

timeout 60 "$folder/venv/bin/python" - <<'PYTHON' || exit 1
from datetime import UTC, date

import recurring_ical_events
from icalendar import Calendar


def shift(start, end):
    """Return the shift that begins in the night to 29 March: how long on the wall, how long really."""
    calendar = Calendar.from_ical(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//example//shifts//EN\r\nBEGIN:VEVENT\r\nUID:shift@example.com\r\n"
        "DTSTAMP:20260101T000000Z\r\n"
        f"DTSTART;TZID=Europe/Paris:{start}\r\n{end}\r\nRRULE:FREQ=DAILY;COUNT=3\r\n"
        "END:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    event = recurring_ical_events.of(calendar).between(date(2026, 3, 27), date(2026, 4, 1))[1]
    on_the_wall = event.end - event.start
    really = event.end.astimezone(UTC) - event.start.astimezone(UTC)
    print(f"{event.start} to {event.end}: {on_the_wall} on the wall, {really} really")
    return on_the_wall.total_seconds() / 3600, really.total_seconds() / 3600


seen = [
    shift("20260327T220000", "DURATION:PT8H"),
    shift("20260327T120000", "DURATION:PT24H"),
    shift("20260328T023000", "DTEND;TZID=Europe/Paris:20260328T033000"),
]
raise SystemExit(seen != [(8, 7), (24, 23), (1, 0)])
PYTHON
