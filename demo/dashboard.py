"""The dashboard of the demo, and the helpers and automations that it uses. Stock cards only."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from office import TERMINAL, Person
from systems import System

type Yaml = dict[str, Any]

# How a call state looks: the colour of the tile, by the states that have it.
COLOURS = {
    "grey": ["idle", "out_of_service", "unknown", "unavailable"],
    "orange": ["ringing_incoming", "ringing_outgoing", "dialing"],
    "green": ["active"],
    "blue": ["held"],
    "red": ["busy", "releasing"],
}


# The badges that count people: name, id, icon, the entities, and the state they are in. The last one is O2G's.
COUNTED = (
    ("People on a call", "on_a_call", "mdi:phone-in-talk", "binary_sensor", "on_a_call", "on"),
    ("People ringing", "ringing", "mdi:phone-ring", "sensor", "call_state", "ringing_incoming"),
    ("People not to be disturbed", "dnd", "mdi:minus-circle", "switch", "do_not_disturb", "on"),
)

# A theme for the buttons: what is off is grey, so that what is on strikes the eye.
QUIET = "Quiet"
THEMES = {QUIET: {"state-icon-color": "var(--disabled-text-color)"}}


def dashboard(office: Sequence[Person], phones_url: str, system: System) -> Yaml:
    """Return the dashboard ``office-phones``; it shows what the system has."""
    istra = system == "istra"
    badges = _istra_badges(office) if istra else _o2g_badges()
    return {
        "title": "Office phones",
        "views": [
            {
                "title": "Phones",
                "path": "phones",
                "icon": "mdi:phone",
                "type": "sections",
                "max_columns": 3,
                "badges": badges,
                "sections": [_your_phone(office, phones_url, istra), *_departments(office, istra)],
            },
            # Built by the strategy alone, as a dashboard of one's own would be.
            {
                "title": "Office",
                "path": "office",
                "icon": "mdi:office-building",
                "strategy": {
                    "type": "custom:pbx-office",
                    "lines": [OFFICE_CONNECTION],
                    "phone": [_me(office).entity("sensor", "call_state")],
                },
            },
        ],
    }


# The connection of the PBX: a card that is for it shows all of its lines.
OFFICE_CONNECTION = "binary_sensor.office_connection"


def _badge(entity: str, name: str, colour: str) -> Yaml:
    return {"type": "entity", "entity": entity, "name": name, "show_name": True, "color": colour}


def _o2g_badges() -> list[Yaml]:
    return [
        _badge(OFFICE_CONNECTION, "PBX", "green"),
        _badge("sensor.people_on_a_call", "On a call", "green"),
        _badge("sensor.people_ringing", "Ringing", "orange"),
        _badge("sensor.people_not_to_be_disturbed", "Do not disturb", "red"),
    ]


def _istra_badges(office: Sequence[Person]) -> list[Yaml]:
    me = _me(office)
    return [
        _badge(OFFICE_CONNECTION, "myRCC", "green"),
        _badge("binary_sensor.my_telephone_connection", "myCrm", "green"),
        _badge("binary_sensor.my_messages_connection", "myIstra", "green"),
        _badge("sensor.people_on_a_call", "On a call", "green"),
        _badge("sensor.people_ringing", "Ringing", "orange"),
        _badge(me.entity("sensor", "missed_calls"), "Missed", "red"),
        _badge(me.entity("sensor", "unread_voicemails"), "Voicemails", "blue"),
    ]


def _me(office: Sequence[Person]) -> Person:
    """Return whose own account there is on Istra."""
    return next(person for person in office if person.yours)


def _messages(me: Person) -> list[Yaml]:
    """Return what myIstra and myCrm show of one person: the counters, the caller ID, and the own terminal."""
    return [
        {"type": "heading", "heading": f"Messages of {me.name}", "icon": "mdi:voicemail"},
        *(
            {
                "type": "tile",
                "entity": me.entity("sensor", key),
                "name": name,
                "color": colour,
                "vertical": True,
                "grid_options": {"columns": 4},
            }
            for key, name, colour in (
                ("missed_calls", "Missed", "red"),
                ("unread_voicemails", "Voicemails", "blue"),
                ("unread_texts", "Texts", "teal"),
            )
        ),
        {"type": "heading", "heading": "What others see when you call", "icon": "mdi:card-account-phone-outline"},
        {
            "type": "entities",
            "entities": [
                {"entity": me.entity("select", "caller_id"), "name": "Caller ID"},
                {"entity": me.entity("text", "caller_id_number"), "name": "Number"},
            ],
        },
        {"type": "heading", "heading": f"Telephone of {me.name}", "icon": "mdi:deskphone"},
        *_person(TERMINAL, columns=12),
    ]


def _your_phone(office: Sequence[Person], phones_url: str, istra: bool) -> Yaml:
    yours = [person for person in office if person.yours]
    cards: list[Yaml] = [{"type": "heading", "heading": "Your phone", "icon": "mdi:deskphone"}]
    for person in yours:
        cards += _pop_up(person)
    cards += [
        {"type": "tile", "entity": "input_select.your_line", "name": "You are", "features_position": "inline"}
        | {"features": [{"type": "select-options"}], "grid_options": {"columns": 12}},
        {
            "type": "entities",
            "entities": [
                {"entity": "input_text.number_to_dial", "name": "Number"},
                {
                    "type": "button",
                    "name": "Call this number",
                    "icon": "mdi:phone-dial",
                    "action_name": "Dial",
                    "tap_action": {"action": "perform-action", "perform_action": "script.dial"},
                },
            ],
        },
        {
            "type": "tile",
            "entity": "light.on_air",
            "name": "On air",
            "icon": "mdi:microphone-message",
            "color": "red",
            "grid_options": {"columns": 12},
        },
    ]
    if istra:
        cards += _messages(_me(office))
        cards.append({"type": "heading", "heading": "Your lines"})
        for person in yours:
            cards += _person(person, columns=12)
    else:
        cards += _routed_lines(yours)
    cards.append(
        {
            "type": "markdown",
            "content": f"Call someone, answer and hang up on the [page of phones]({phones_url}).",
            "text_only": True,
        }
    )
    return {"type": "grid", "cards": cards}


def _routed_lines(yours: Sequence[Person]) -> list[Yaml]:
    """Return your lines, with how calls reach them."""
    cards = _heading("Your lines")
    for person in yours:
        cards += _routed_person(person)
        cards += [
            {
                "type": "entities",
                "entities": [
                    {"entity": person.entity("text", "forward_number"), "name": "Forward to"},
                ],
                "visibility": [
                    {"condition": "state", "entity": "input_select.your_line", "state": person.name},
                ],
            }
        ]
    return cards


def _heading(text: str, icon: str | None = None) -> list[Yaml]:
    """Return a heading over rows of people, with one over each column of theirs."""
    heading: Yaml = {"type": "heading", "heading": text, "grid_options": {"columns": 6}}
    if icon is not None:
        heading["icon"] = icon
    columns = [
        {"type": "heading", "heading": column, "heading_style": "subtitle", "grid_options": {"columns": 3}}
        for column in ("DND", "Forward")
    ]
    return [heading, *columns]


def _pop_up(person: Person) -> list[Yaml]:
    """Return the cards that come up while a call of the person's line is there: who it is, and what one can do."""
    state = person.entity("sensor", "call_state")
    busy = [one for name, states in COLOURS.items() if name != "grey" for one in states]
    visible = [{"condition": "state", "entity": state, "state": busy}]
    call = f"""\
{{% set s = '{state}' %}}
{{% set icon, words = {{'ringing_incoming': ('phone-ring', 'Incoming call'), 'dialing': ('phone-dial', 'Dialing'),
'ringing_outgoing': ('phone-outgoing', 'Ringing there'), 'active': ('phone-in-talk', 'In a call'),
'held': ('phone-paused', 'On hold')}}.get(states(s), ('phone', 'Call')) %}}
## <ha-icon icon="mdi:{{{{ icon }}}}"></ha-icon> {{{{ words }}}} · {person.name}
**{{{{ state_attr(s, 'party_name') or 'Unknown' }}}}** &nbsp; {{{{ state_attr(s, 'party_number') or '' }}}}"""
    return [
        {"type": "markdown", "content": call, "visibility": visible, "grid_options": {"columns": 12}},
        {
            "type": "tile",
            "entity": person.entity("button", "answer"),
            "name": "Answer",
            "color": "green",
            "hide_state": True,
            "vertical": False,
            "tap_action": {
                "action": "perform-action",
                "perform_action": "button.press",
                "target": {"entity_id": person.entity("button", "answer")},
            },
            # On Istra also to lift the own receiver when one has dialled.
            "visibility": [{"condition": "state", "entity": state, "state": ["ringing_incoming", "dialing"]}],
            "grid_options": {"columns": 6},
        },
        {
            "type": "tile",
            "entity": person.entity("button", "hang_up"),
            "name": "Hang up",
            "color": "red",
            "hide_state": True,
            "tap_action": {
                "action": "perform-action",
                "perform_action": "button.press",
                "target": {"entity_id": person.entity("button", "hang_up")},
            },
            "visibility": visible,
            "grid_options": {"columns": 6},
        },
    ]


def _departments(office: Sequence[Person], istra: bool) -> list[Yaml]:
    """Return two columns of all other people, department by department."""
    others = [person for person in office if not person.yours]
    columns: list[list[Yaml]] = [[], []]
    shown = 0
    for department, group in groupby(others, key=lambda person: person.department):
        members = list(group)
        column = columns[0] if shown < len(others) / 2 else columns[1]
        if istra:
            column.append({"type": "heading", "heading": department})
            column += [card for person in members for card in _person(person, columns=12)]
        else:
            column += _heading(department)
            column += [card for person in members for card in _routed_person(person)]
        shown += len(members)
    return [{"type": "grid", "cards": cards} for cards in columns]


def _person(person: Person, columns: int = 6) -> list[Yaml]:
    """Return the tiles of a person, of which one is seen: call state and other party."""
    state = person.entity("sensor", "call_state")
    return [
        {
            "type": "tile",
            "entity": state,
            "name": person.name,
            "color": colour,
            "state_content": ["state"] if colour == "grey" else ["state", "party_name"],
            "visibility": [{"condition": "state", "entity": state, "state": states}],
            "grid_options": {"columns": columns},
        }
        for colour, states in COLOURS.items()
    ]


def _routed_person(person: Person) -> list[Yaml]:
    """Return the row of a person: call state and other party, do not disturb, forward."""
    row = _person(person)
    for domain, key, name, colour in (
        ("switch", "do_not_disturb", "DND", "red"),
        ("switch", "forward", "Forward", "orange"),
    ):
        entity = person.entity(domain, key)
        row.append(
            {
                "type": "button",
                "entity": entity,
                "name": f"{name} {person.name}",
                "show_name": False,
                "show_icon": True,
                "icon_height": "26px",
                "color": colour,
                "theme": QUIET,
                "tap_action": {"action": "toggle"},
                "hold_action": {"action": "more-info"},
                "grid_options": {"columns": 3, "rows": 1},
            }
        )
    return row


def helpers(office: Sequence[Person], system: System) -> Yaml:
    """Return what configuration.yaml has besides the base: helpers, the dial script and the automations."""
    yours = [person.name for person in office if person.yours] or [office[0].name]
    talking = "states('input_select.your_line') | slugify"
    on_air = f"{{{{ is_state('binary_sensor.' ~ ({talking}) ~ '_on_a_call', 'on') }}}}"

    counted = COUNTED if system == "o2g" else COUNTED[:2]

    def count(domain: str, key: str, state: str) -> str:
        ids = [person.entity(domain, key) for person in office]
        return f"{{{{ expand({ids}) | selectattr('state', 'eq', '{state}') | list | count }}}}"

    return {
        "input_select": {"your_line": {"name": "Your line", "icon": "mdi:account", "options": yours}},
        "input_text": {
            "number_to_dial": {"name": "Number to dial", "icon": "mdi:dialpad", "initial": "1005", "max": 49}
        },
        "input_boolean": {"on_air": {"name": "On air (bulb)"}},
        "template": [
            {
                "light": [
                    {
                        "name": "On air",
                        "unique_id": "on_air",
                        "state": "{{ is_state('input_boolean.on_air', 'on') }}",
                        "turn_on": [_call("input_boolean.turn_on", "input_boolean.on_air")],
                        "turn_off": [_call("input_boolean.turn_off", "input_boolean.on_air")],
                    }
                ]
            },
            {
                "sensor": [
                    {"name": name, "unique_id": unique_id, "icon": icon, "state": count(domain, key, state)}
                    for name, unique_id, icon, domain, key, state in counted
                ]
            },
        ],
        "script": {
            "dial": {
                "alias": "Dial",
                "icon": "mdi:phone-dial",
                "mode": "parallel",
                "sequence": [
                    {
                        "action": "pbx.dial",
                        "data": {
                            # On Istra one number may be a line of several entries; the device says which is meant.
                            "device_id": f"{{{{ device_id('sensor.' ~ ({talking}) ~ '_call_state') }}}}",
                            "number": "tel:{{ states('input_text.number_to_dial') }}",
                        },
                    }
                ],
            }
        },
        "automation": [
            {
                "id": "on_air",
                "alias": "On air during calls",
                "mode": "restart",
                "triggers": [
                    {
                        "trigger": "state",
                        "entity_id": [p.entity("binary_sensor", "on_a_call") for p in office if p.yours],
                    },
                    {"trigger": "state", "entity_id": "input_select.your_line"},
                ],
                "actions": [
                    {
                        "if": [{"condition": "template", "value_template": on_air}],
                        "then": [_call("light.turn_on", "light.on_air")],
                        "else": [_call("light.turn_off", "light.on_air")],
                    }
                ],
            }
        ],
    }


def _call(action: str, entity: str) -> Yaml:
    return {"action": action, "target": {"entity_id": entity}}
