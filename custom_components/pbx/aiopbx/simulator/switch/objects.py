"""The objects of a PBX as a tree: subscribers are users of the switch, operators its agents, pilots its pilots."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal
from weakref import WeakKeyDictionary

from pydantic import ValidationError

from .agents import AGENT, SUPERVISOR, Agent, Pilot, ProcessingGroup, Skill
from .changes import Change, UserChange
from .errors import SwitchError, bad_value, wrong_state
from .filters import parse
from .numbers import well_formed
from .object_model import (
    ADD,
    FORCED_DELETE,
    NODE,
    OPERATOR,
    PILOT,
    PREFIX,
    PROCESSING_GROUP,
    REMOVE,
    SEQUENCE,
    STATION_TYPES,
    SUBSCRIBER,
    Attribute,
    Kind,
    Part,
    Value,
    Values,
)
from .users import User

if TYPE_CHECKING:
    from .switch import Switch

Path = Sequence[tuple[str, str]]
"""Names and ids of objects, starting below the node."""

RELEASE: Final = "13.1"
_DIALLED: Final = frozenset("0123456789*#")


@dataclass(slots=True, eq=False)
class Instance:
    """An object. ``values`` has those stored here that are not defaults; live ones come from the switch."""

    kind: Kind
    id: str
    node: str
    father: "Instance | None" = None
    values: Values = field(default_factory=dict)
    children: "dict[str, dict[str, Instance]]" = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ObjectChange:
    """An object was created, changed or deleted."""

    kind: Literal["created", "modified", "deleted"]
    node: str
    name: str
    id: str
    father: tuple[str, str] | None = None
    """Name and id of the object above, unless that is the node."""


def _missing(what: str) -> SwitchError:
    return SwitchError("OBJECT_NOT_FOUND", None, what)


def _not_allowed(kind: Kind, what: str) -> SwitchError:
    return SwitchError("METHOD_NOT_ALLOWED", None, f"A {kind.name} cannot be {what}.")


def _conflict(message: str) -> SwitchError:
    return SwitchError("CONFLICT", None, message)


def _one(values: Values, name: str) -> str | None:
    """Return the only value of an attribute, if it is given and not empty."""
    value = values.get(name, ())
    return value[0] if value and isinstance(value[0], str) and value[0] else None


def _texts(values: Values, name: str) -> tuple[str, ...]:
    return tuple(value for value in values.get(name, ()) if isinstance(value, str))


class Live:
    """Maps the objects of a kind to the switch. Refusals come before anything changes."""

    def __init__(self, switch: "Switch") -> None:
        """Read and change this switch."""
        self.switch = switch

    def read(self, instance: Instance) -> Values:
        """The attributes that the switch has."""
        raise NotImplementedError

    def write(self, instance: Instance, values: Values) -> None:
        """Change those of the attributes that are in ``values``."""
        raise NotImplementedError

    def create(self, node: str, id: str, values: Values) -> None:
        """Create the object in the switch."""
        raise NotImplementedError

    def delete(self, instance: Instance, *, force: bool) -> None:
        """Delete the object in the switch."""
        raise NotImplementedError


class Subscribers(Live):
    """Users."""

    def _user(self, instance: Instance) -> User:
        user = self.switch.by_number(instance.id)
        if user is None:
            raise _missing(f"There is no subscriber {instance.id}.")
        return user

    def read(self, instance: Instance) -> Values:
        """Return the user as attributes."""
        user = self._user(instance)
        first, *others = user.devices.values()
        station = next(
            (
                name
                for name, (kind, sub_kind) in STATION_TYPES.items()
                if kind == first.kind and first.sub_kind in (sub_kind, "")
            ),
            next((name for name, (kind, _) in STATION_TYPES.items() if kind == first.kind), "NOE_C_Color_IP"),
        )
        return {
            "Directory_Number": (user.number,),
            "Annu_Name": (user.last_name,),
            "Annu_First_Name": (user.first_name,),
            "Station_Type": (station,),
            "Associated_Set_No": (user.associate,) if user.associate else (),
            "Voice_Mail_Dir_No": (user.voicemail_number,) if user.voicemail else (),
            "Attached_Devices": tuple(device.id for device in others if not device.shared),
            "Padlock": ("true" if first.locked else "false",),
            "Camp_On": ("true" if first.camp_on else "false",),
        }

    def write(self, instance: Instance, values: Values) -> None:
        """Change the user."""
        switch, user = self.switch, self._user(instance)
        before = self.read(instance)
        values = {name: value for name, value in values.items() if name in before and before[name] != value}
        first = next(iter(user.devices.values()))
        if "Station_Type" in values and switch.calls_of(user.login):
            raise wrong_state(f"{user.number} is in a call: its station type stays.")
        wanted, present = _texts(values, "Attached_Devices"), _texts(before, "Attached_Devices")
        added = [number for number in wanted if number not in present] if "Attached_Devices" in values else []
        gone = [number for number in present if number not in wanted] if "Attached_Devices" in values else []
        for number in added:
            if not well_formed(number):
                raise bad_value(f"Attached_Devices: {number!r} is no number.")
            if switch.known(number) or number in switch.sets:
                raise SwitchError("NUMBER_TAKEN", None, f"Attached_Devices: the number {number} is taken.")
        for number in gone:
            if number in switch.parked:
                raise wrong_state(f"Attached_Devices: a call is parked at {number}.")
        voicemail = _one(values, "Voice_Mail_Dir_No")
        if voicemail and switch.known(voicemail) and voicemail not in switch.voicemail_numbers:
            raise SwitchError("NUMBER_TAKEN", None, f"Voice_Mail_Dir_No: the number {voicemail} is taken.")
        if "Associated_Set_No" in values:
            switch.set_associate(user.login, _one(values, "Associated_Set_No"))
        if "Voice_Mail_Dir_No" in values:
            switch.set_voicemail(user.login, voicemail)
        if "Annu_Name" in values or "Annu_First_Name" in values:
            last, name = _one(values, "Annu_Name"), _one(values, "Annu_First_Name")
            switch.update_user(
                user.login,
                first_name=(name or "") if "Annu_First_Name" in values else None,
                last_name=(last or "") if "Annu_Name" in values else None,
            )
        if "Station_Type" in values:
            switch.change_device(user.login, first.id, *STATION_TYPES[_one(values, "Station_Type") or ""])
        for number in gone:
            switch.remove_device(user.login, number)
        for number in added:
            switch.add_device(user.login, number)
        if "Padlock" in values:
            switch.lock_set(user.login, first.id, _one(values, "Padlock") == "true")
        if "Camp_On" in values:
            switch.set_camp_on(user.login, first.id, _one(values, "Camp_On") == "true")

    def create(self, node: str, id: str, values: Values) -> None:
        """Create a user whose login name is ``oxe`` and the number."""
        from ..settings import DeviceSpec, UserSpec  # the settings import the switch's, so not at the top

        switch, login = self.switch, f"oxe{id}"
        for name in ("Directory_Number", "Attached_Devices", "Associated_Set_No", "Voice_Mail_Dir_No"):
            for number in _texts(values, name):
                if number and not set(number) <= _DIALLED:
                    raise bad_value(f"{name}: {number!r} is no number: use 0-9, * and #.")
        if switch.known(id) or id in switch.sets or login in switch.users:
            raise SwitchError("NUMBER_TAKEN", None, f"Directory_Number: {id} is taken.")
        kind, sub_kind = STATION_TYPES[_one(values, "Station_Type") or "NOE_C_Color_IP"]
        voicemail = _one(values, "Voice_Mail_Dir_No")
        further = _texts(values, "Attached_Devices")
        taken = [number for number in further if switch.known(number) or number in switch.sets or number == id]
        if voicemail and switch.known(voicemail) and voicemail not in switch.voicemail_numbers:
            taken.append(voicemail)
        if taken:
            raise SwitchError("NUMBER_TAKEN", None, f"The number {taken[0]} is taken.")
        associate = _one(values, "Associated_Set_No")
        if associate and not switch.known(associate):
            raise bad_value(f"Associated_Set_No: {associate} is not a number of this system.")
        try:
            spec = UserSpec(
                login=login,
                number=id,
                first_name=_one(values, "Annu_First_Name") or "",
                last_name=_one(values, "Annu_Name") or "",
                devices=(
                    DeviceSpec.model_validate({"id": id, "type": kind, "sub_type": sub_kind}),
                    *(DeviceSpec(id=number, sub_type="NOE_C_Color_IP") for number in further),
                ),
                voicemail=voicemail is not None,
                voicemail_number=voicemail or "5000",
                associate=associate,
                node=node,
            )
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "the subscriber"
            raise bad_value(f"{where}: {first['msg']}") from None
        switch.add_user(spec)
        if kind == "MOBILE":
            switch.set_remote_extension(login, True)
        device = switch.users[login].devices[id]
        switch.lock_set(login, device.id, _one(values, "Padlock") == "true")
        switch.set_camp_on(login, device.id, _one(values, "Camp_On") == "true")

    def delete(self, instance: Instance, *, force: bool) -> None:
        """Delete the user; one who is in a call only by force."""
        user = self._user(instance)
        if self.switch.calls_of(user.login) and not force:
            raise wrong_state(f"{user.number} is in a call; {FORCED_DELETE} deletes it all the same.")
        self.switch.remove_user(user.login)

    def reinitialise(self, instance: Instance) -> None:
        """Set the user's telephones up as new."""
        self.switch.reinitialise(self._user(instance).login)


class Operators(Live):
    """Agents and supervisors."""

    def _agent(self, instance: Instance) -> tuple[User, Agent]:
        user = self.switch.by_number(instance.id)
        if user is None or user.agent is None:
            raise _missing(f"There is no operator {instance.id}.")
        return user, user.agent

    def read(self, instance: Instance) -> Values:
        """Return the operator as attributes."""
        user, agent = self._agent(instance)
        return {
            "Directory_Number": (user.number,),
            "Operator_Type": ("Supervisor" if agent.supervisor else "Agent",),
            "Preferred_Processing_Group": (agent.preferred,) if agent.preferred else (),
            "Processing_Groups": agent.groups,
            "Pro_Acd_Set": (agent.pro_acd,) if agent.pro_acd else (),
            "Self_Assigned": ("true" if agent.self_assign else "false",),
            "Headset": ("true" if agent.headset else "false",),
            "Skill_Set": tuple(
                Part(
                    "Skill_Set",
                    {
                        "Skill_Nb": (str(skill.number),),
                        "Skill_Level": (str(skill.level),),
                        "Skill_Activate": ("true" if skill.active else "false",),
                    },
                )
                for skill in agent.skills.values()
            ),
        }

    def write(self, instance: Instance, values: Values) -> None:
        """Change the operator; its kind only while it is logged off."""
        user, agent = self._agent(instance)
        before = self.read(instance)
        values = {name: value for name, value in values.items() if name in before and before[name] != value}
        if "Operator_Type" in values and agent.logged_on:
            raise wrong_state(f"{user.number} is logged on: it stays what it is.")
        self.switch.configure_agent(user.login, self._changed(agent, values))

    @staticmethod
    def _changed(agent: Agent, values: Values) -> dict[str, Any]:
        changes: dict[str, Any] = {}
        if "Operator_Type" in values:
            changes["type"] = SUPERVISOR if _one(values, "Operator_Type") == "Supervisor" else AGENT
        if "Processing_Groups" in values:
            changes["groups"] = _texts(values, "Processing_Groups")
        if "Preferred_Processing_Group" in values:
            changes["preferred"] = _one(values, "Preferred_Processing_Group")
        groups = changes.get("groups", agent.groups)
        preferred = changes.get("preferred", agent.preferred)
        if preferred is not None and groups and preferred not in groups:
            raise bad_value(f"Preferred_Processing_Group: {preferred} is not one of the processing groups.")
        if "Pro_Acd_Set" in values:
            changes["pro_acd"] = _one(values, "Pro_Acd_Set")
        for name, attribute in (("Self_Assigned", "self_assign"), ("Headset", "headset")):
            if name in values:
                changes[attribute] = _one(values, name) == "true"
        if "Skill_Set" in values:
            skills: dict[int, Skill] = {}
            for part in values["Skill_Set"]:
                if isinstance(part, Part):
                    number = int(part.values["Skill_Nb"][0])
                    if number in skills:
                        raise bad_value(f"Skill_Set: the skill {number} stands there twice.")
                    level, active = int(part.values["Skill_Level"][0]), part.values["Skill_Activate"][0] == "true"
                    skills[number] = Skill(number, level, active)
            changes["skills"] = skills
        return changes

    def create(self, node: str, id: str, values: Values) -> None:
        """Make a subscriber an operator."""
        user = self.switch.by_number(id)
        if user is None or user.number != id or user.node != node:
            raise bad_value(f"Directory_Number: there is no subscriber {id} on the node {node}.")
        self.switch.make_operator(user.login, self._changed(Agent(), values))

    def delete(self, instance: Instance, *, force: bool) -> None:
        """Make the operator a mere subscriber; one who is logged on only by force."""
        user, agent = self._agent(instance)
        if agent.logged_on and not force:
            raise wrong_state(f"{user.number} is logged on; {FORCED_DELETE} deletes it all the same.")
        self.switch.make_operator(user.login, None)


class Pilots(Live):
    """Pilots of the call centre."""

    def _pilot(self, instance: Instance) -> Pilot:
        return self.switch.pilots[instance.id]

    def read(self, instance: Instance) -> Values:
        """Return the pilot as attributes."""
        pilot = self._pilot(instance)
        return {
            "Directory_Number": (pilot.number,),
            "Name": (pilot.name,),
            "Processing_Groups": pilot.groups,
            "Queue_Size": (str(pilot.queue_size),),
            "Overflow_Number": (pilot.overflow,) if pilot.overflow else (),
            "State": ("Blocked" if pilot.blocked else "Open",),
        }

    def write(self, instance: Instance, values: Values) -> None:
        """Change the pilot; waiting calls are distributed accordingly."""
        size = _one(values, "Queue_Size")
        if "Queue_Size" in values and int(size or 0) < 1:
            raise bad_value("Queue_Size: it must be 1 or more.")
        overflow = _one(values, "Overflow_Number")
        if overflow and (overflow == instance.id or not self.switch.known(overflow)):
            raise bad_value(f"Overflow_Number: {overflow} is not another number of this system.")
        groups = _texts(values, "Processing_Groups")
        missing = [group for group in groups if group not in self.switch.processing_groups]
        if missing:
            raise bad_value(f"Processing_Groups: there is no processing group {missing[0]}.")
        changes: dict[str, Any] = {}
        if "Name" in values:
            changes["name"] = _one(values, "Name") or ""
        if "Processing_Groups" in values:
            changes["groups"] = groups
        if "Queue_Size" in values:
            changes["queue_size"] = int(size or 0)
        if "Overflow_Number" in values:
            changes["overflow"] = overflow
        if "State" in values:
            changes["blocked"] = _one(values, "State") == "Blocked"
        self.switch.configure_pilot(instance.id, changes)


class ProcessingGroups(Live):
    """Processing groups of the call centre."""

    def read(self, instance: Instance) -> Values:
        """Return the group as attributes."""
        group = self.switch.processing_groups[instance.id]
        return {
            "Directory_Number": (group.number,),
            "Name": (group.name,),
            "Wrap_Up_Time": (str(int(group.wrap_up_time)),) if group.wrap_up_time is not None else (),
            "Withdraw_Reasons": group.withdraw_reasons,
        }

    def write(self, instance: Instance, values: Values) -> None:
        """Change the group."""
        self._apply(self.switch.processing_groups[instance.id], values)

    @staticmethod
    def _apply(group: ProcessingGroup, values: Values) -> None:
        if len(values.get("Withdraw_Reasons", ())) > 9:
            raise bad_value("Withdraw_Reasons: nine are the most.")
        seconds = _one(values, "Wrap_Up_Time")
        if seconds is not None and int(seconds) < 0:
            raise bad_value("Wrap_Up_Time: it must not be negative.")
        if "Wrap_Up_Time" in values:
            group.wrap_up_time = float(seconds) if seconds is not None else None
        if "Name" in values:
            group.name = _one(values, "Name") or ""
        if "Withdraw_Reasons" in values:
            group.withdraw_reasons = _texts(values, "Withdraw_Reasons")

    def create(self, node: str, id: str, values: Values) -> None:
        """Create a group."""
        if id in self.switch.processing_groups:
            raise _conflict(f"The processing group {id} is there already.")
        group = ProcessingGroup(id)
        self._apply(group, values)
        self.switch.processing_groups[id] = group


class ObjectTree:
    """The objects of all nodes.

    A change by someone who has read an object is refused if it has changed since; adding to a list and
    removing from it is always possible. ``by`` is any object that stands for the reader.
    """

    def __init__(self, switch: "Switch") -> None:
        """Load the objects of the switch, and follow its changes."""
        self._switch = switch
        self._subscribers = Subscribers(switch)
        self._live: dict[str, Live] = {
            SUBSCRIBER.name: self._subscribers,
            OPERATOR.name: Operators(switch),
            PILOT.name: Pilots(switch),
            PROCESSING_GROUP.name: ProcessingGroups(switch),
        }
        self._nodes: dict[str, Instance] = {}
        self._subscriber_of: dict[str, Instance] = {}
        self._seen: WeakKeyDictionary[Any, dict[Instance, Values]] = WeakKeyDictionary()
        self._listeners: list[Callable[[ObjectChange], None]] = []
        self._busy = False
        for user in switch.users.values():
            self._add_subscriber(user)
        self._node("1")
        switch.subscribe(self._follow)

    # -- nodes --------------------------------------------------------------------------------------------------------

    def _node(self, node: str) -> Instance:
        """Return the node, which is created when its first user appears."""
        root = self._nodes.get(node)
        if root is None:
            values: Values = {"Node_Number": (node,), "Fqdn": (self.fqdn(node),), "Release": (RELEASE,)}
            root = self._nodes[node] = Instance(NODE, node, node, values=values)
            self._singles(root)
            for (kind, value), number in self._switch.prefixes.items():
                values = {"Number": (number,), "Prefix_Type": (kind,), "Prefix_Value": (value,)}
                self._put(self.find(node, (("Translator", "1"),)), PREFIX, number, values)
            acd = self.find(node, (("Application_Configuration", "1"), ("ACD2", "1")))
            for number in self._switch.pilots:
                self._put(acd, PILOT, number)
            for number in self._switch.processing_groups:
                self._put(acd, PROCESSING_GROUP, number)
        return root

    @staticmethod
    def fqdn(node: str) -> str:
        """Return the name of a node in the network."""
        return f"node{node}.pbx.example.com"

    def _singles(self, instance: Instance) -> None:
        """Create the objects that always exist."""
        for kind in instance.kind.children:
            if kind.single:
                self._singles(self._put(instance, kind, "1"))

    def _put(self, father: Instance, kind: Kind, id: str, values: Values | None = None) -> Instance:
        instance = Instance(kind, id, father.node, father, dict(values or {}))
        father.children.setdefault(kind.name, {})[id] = instance
        return instance

    @property
    def nodes(self) -> tuple[str, ...]:
        """Return the numbers of all nodes, in order."""
        return tuple(sorted(self._nodes, key=int))

    def root(self, node: str) -> Instance:
        """Return a node; refuses an unknown one."""
        found = self._nodes.get(node)
        if found is None:
            raise SwitchError("NODE_NOT_FOUND", None, f"There is no node {node!r}.")
        return found

    def model(self, node: str, name: str | None = None) -> Kind:
        """Return the kind with this name, anywhere in the model; without a name the whole model."""
        self.root(node)
        if name is None:
            return NODE
        found = next((kind for kind in NODE.walk() if kind.name == name), None)
        if found is None:
            raise _missing(f"There is no object {name!r} in the model.")
        return found

    # -- following the switch -----------------------------------------------------------------------------------------

    def _add_subscriber(self, user: User) -> Instance:
        root = self._node(user.node)
        instance = self._put(root, SUBSCRIBER, user.number)
        self._subscriber_of[user.login] = instance
        self._add_operator(user)
        return instance

    def _operators_of(self, node: str) -> Instance:
        return self.find(node, (("Application_Configuration", "1"), ("ACD2", "1"), ("ACD2_Operator", "1")))

    def _add_operator(self, user: User) -> None:
        if user.agent is not None:
            self._put(self._operators_of(user.node), OPERATOR, user.number)
            self._add_groups(user.node)

    def _add_groups(self, node: str) -> None:
        """Create the groups that were named."""
        acd = self.find(node, (("Application_Configuration", "1"), ("ACD2", "1")))
        for number in self._switch.processing_groups:
            if number not in acd.children.get(PROCESSING_GROUP.name, {}):
                self._put(acd, PROCESSING_GROUP, number)

    def _follow(self, change: Change) -> None:
        """Apply a change of a user."""
        if not isinstance(change, UserChange):
            return
        if change.kind == "deleted":
            instance = self._subscriber_of.pop(change.login, None)
            if instance is not None and instance.father is not None:
                instance.father.children[SUBSCRIBER.name].pop(instance.id, None)
                self._operators_of(instance.node).children.get(OPERATOR.name, {}).pop(instance.id, None)
                if not change.kept:
                    self._publish("deleted", instance)
            return
        user = self._switch.users.get(change.login)
        if user is None:
            return
        if change.kind == "created":
            if change.login not in self._subscriber_of:
                instance = self._add_subscriber(user)
                if not change.kept:
                    self._publish("created", instance)
        elif not self._busy and change.login in self._subscriber_of:
            self._publish("modified", self._subscriber_of[change.login])

    def subscribe(self, listener: Callable[[ObjectChange], None]) -> Callable[[], None]:
        """Call ``listener`` with every change from now on. Returns a function that unsubscribes it."""
        self._listeners.append(listener)

        def unsubscribe() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return unsubscribe

    def _publish(self, kind: Literal["created", "modified", "deleted"], instance: Instance) -> None:
        if not instance.kind.notifies or (kind != "modified" and instance.kind is not SUBSCRIBER):
            return
        father = instance.father
        above = (father.kind.name, father.id) if father is not None and father.kind is not NODE else None
        if father is not None and father.kind.hidden:
            above = None
        change = ObjectChange(kind, instance.node, instance.kind.name, instance.id, above)
        for listener in tuple(self._listeners):
            listener(change)

    # -- finding ------------------------------------------------------------------------------------------------------

    def find(self, node: str, path: Path) -> Instance:
        """Return the object at a path; refuses an unknown one."""
        found = self.root(node)
        for name, key in path:
            kind = found.kind.child(name)
            if kind is None:
                raise _missing(f"There is no {name!r} below {found.kind.name}.")
            below = found.children.get(name, {}).get(key)
            if below is None:
                raise _missing(f"There is no {name} {key!r}.")
            found = below
        return found

    def _below(self, node: str, path: Path, name: str) -> tuple[Instance, Kind]:
        father = self.find(node, path)
        kind = father.kind.child(name)
        if kind is None:
            raise _missing(f"There is no {name!r} below {father.kind.name}.")
        return father, kind

    def get(self, node: str, path: Path, by: object | None = None) -> Instance:
        """Return the object at a path, and note who has read it."""
        instance = self.find(node, path)
        if instance.kind.hidden or not instance.kind.get:
            raise _not_allowed(instance.kind, "read")
        self._look(instance, by)
        return instance

    def search(self, node: str, path: Path, name: str, filter: str | None = None) -> tuple[Instance, ...]:
        """Return the objects of a kind below another that match a filter."""
        father, kind = self._below(node, path, name)
        if kind.hidden or not kind.get:
            raise _not_allowed(kind, "read")
        fits = parse(filter, kind) if filter and filter.strip() else None
        found = []
        for instance in father.children.get(name, {}).values():
            if fits is not None:
                values = self.read(instance)
                if not fits(lambda attribute, values=values: values.get(attribute, ())):  # type: ignore[misc]
                    continue
            found.append(instance)
        return tuple(found)

    def read(self, instance: Instance) -> Values:
        """Return all attributes of an object, in the order of its model."""
        values = instance.kind.defaults | instance.values
        live = self._live.get(instance.kind.name)
        if live is not None:
            values |= live.read(instance)
        return {name: values[name] for name in instance.kind.by_name if name in values}

    def _look(self, instance: Instance, by: object | None) -> None:
        if by is not None:
            self._seen.setdefault(by, {})[instance] = self.read(instance)

    # -- changing -----------------------------------------------------------------------------------------------------

    def create(self, node: str, path: Path, name: str, values: Values, by: object | None = None) -> Instance:
        """Create an object, with defaults for what is not given."""
        father, kind = self._below(node, path, name)
        if not kind.create:
            raise _not_allowed(kind, "created")
        checked = self._checked(kind, values)
        for attribute in kind.attributes:
            if attribute.mandatory and not checked.get(attribute.name):
                raise bad_value(f"{attribute.name}: it is mandatory.")
        whole = kind.defaults | checked
        self._in_use(kind, checked, whole)
        key = _one(whole, kind.key) or ""
        if not key or "/" in key:
            raise bad_value(f"{kind.key}: {key!r} identifies no object.")
        if key in father.children.get(name, {}):
            raise _conflict(f"{kind.key}: there is a {name} {key} already.")
        live = self._live.get(name)
        if live is not None:
            self._carry_out(lambda: live.create(node, key, whole))
        instance = father.children.get(name, {}).get(key)
        if instance is None:
            instance = self._put(father, kind, key)
        instance.values |= checked
        if kind is OPERATOR:
            self._add_groups(node)
        if kind is not SUBSCRIBER and father.kind.notifies:
            self._publish("modified", father)  # its list of objects has changed
        self._look(instance, by)
        return instance

    def set(self, node: str, path: Path, values: Values, by: object | None = None) -> None:
        """Change attributes. Refused if the object has changed since ``by`` last read it."""
        instance = self._settable(node, path)
        checked = self._checked(instance.kind, values)
        seen = self._seen.get(by, {}).get(instance) if by is not None else None
        if seen is not None and seen != self.read(instance):
            raise _conflict(f"{instance.kind.name} {instance.id} was changed by someone else: read it again first.")
        self._store(instance, checked, by)

    def act(self, node: str, path: Path, action: str, values: Values, by: object | None = None) -> None:
        """Carry out a named action, or ``add`` values to lists and ``remove`` them."""
        if action in (ADD, REMOVE):
            self._change_lists(self._settable(node, path), action, values, by)
            return
        instance = self.find(node, path)
        if action not in instance.kind.actions or action == FORCED_DELETE:
            known = [name for name in instance.kind.actions if name != FORCED_DELETE]
            raise bad_value(f"action: a {instance.kind.name} has {', '.join(known) or 'none'}, not {action!r}.")
        if values:
            raise bad_value(f"action: {action} takes no attributes.")
        if action == "ReinitMemory":
            self._carry_out(lambda: self._subscribers.reinitialise(instance))
        self._publish("modified", instance)
        self._look(instance, by)

    def delete(self, node: str, path: Path, *, force: bool = False) -> None:
        """Delete an object, and those below it. ``force`` also deletes one in use."""
        instance = self.find(node, path)
        kind = instance.kind
        if not kind.delete or instance.father is None:
            raise _not_allowed(kind, "deleted")
        if force and FORCED_DELETE not in kind.actions:
            raise bad_value(f"force: a {kind.name} has no {FORCED_DELETE}.")
        live = self._live.get(kind.name)
        if live is not None:
            self._carry_out(lambda: live.delete(instance, force=force))
        instance.father.children.get(kind.name, {}).pop(instance.id, None)
        if kind is not SUBSCRIBER and instance.father.kind.notifies:
            self._publish("modified", instance.father)

    def _settable(self, node: str, path: Path) -> Instance:
        instance = self.find(node, path)
        if not instance.kind.set:
            raise _not_allowed(instance.kind, "changed")
        return instance

    def _checked(self, kind: Kind, values: Values) -> Values:
        """Return the given values in canonical form."""
        return {name: kind.attribute(name).check(value) for name, value in values.items()}

    def _in_use(self, kind: Kind, given: Iterable[str], whole: Values) -> None:
        """Refuse an attribute whose condition the object will not meet."""
        for name in given:
            condition = kind.attribute(name).used_when
            if condition is not None and whole.get(name):
                other, _, value = condition.partition("==")
                if value not in whole.get(other, ()):
                    raise bad_value(f"{name}: it is used only when {condition}.")

    def _store(self, instance: Instance, checked: Values, by: object | None) -> None:
        kind = instance.kind
        if kind.key in checked and checked[kind.key] != (instance.id,):
            raise bad_value(f"{kind.key}: it identifies the object, and stays.")
        before = self.read(instance)
        self._in_use(kind, checked, before | checked)
        live = self._live.get(kind.name)
        if live is not None:
            self._carry_out(lambda: live.write(instance, checked))
        instance.values |= checked
        if kind is OPERATOR or kind is PILOT:
            self._add_groups(instance.node)
        if self.read(instance) != before:
            self._publish("modified", instance)
        self._look(instance, by)

    def _carry_out(self, action: Callable[[], None]) -> None:
        """Change the switch; all changes that result are published as one change of the object."""
        self._busy = True
        try:
            action()
        finally:
            self._busy = False

    def _change_lists(self, instance: Instance, action: str, values: Values, by: object | None) -> None:
        if not values:
            raise bad_value("attributes: nothing is given.")
        now = self.read(instance)
        changed: Values = {}
        for name, given in values.items():
            attribute = instance.kind.attribute(name)
            if not attribute.multiple:
                raise bad_value(f"{name}: it is no list, so nothing can be added to it or removed from it.")
            present = now.get(name, ())
            if action == ADD:
                changed[name] = _added(attribute, present, attribute.check(given))
            else:
                changed[name] = _removed(attribute, present, given)
        self._store(instance, self._checked(instance.kind, changed), by)

    # -- checking -----------------------------------------------------------------------------------------------------

    def dump(self) -> dict[str, Any]:
        """Return every object with its attributes, for comparison."""
        return {node: self._dump(root) for node, root in self._nodes.items()}

    def _dump(self, instance: Instance) -> Any:
        objects = {
            (name, key): self._dump(child) for name, below in instance.children.items() for key, child in below.items()
        }
        return (self.read(instance), objects)


def _same(attribute: Attribute, one: str | Part, other: str | Part) -> bool:
    """Whether two values of a list are the same one: for a sequence, the first part decides."""
    if attribute.type != SEQUENCE or isinstance(one, str) or isinstance(other, str):
        return one == other
    key = attribute.parts[0].name
    return one.values.get(key) == other.values.get(key)


def _added(attribute: Attribute, present: Value, given: Value) -> Value:
    kept: list[Any] = [item for item in present if not any(_same(attribute, item, new) for new in given)]
    return (*kept, *given)


def _removed(attribute: Attribute, present: Value, given: Value) -> Value:
    for item in given:
        if not any(_same(attribute, item, other) for other in present):
            raise bad_value(f"{attribute.name}: what is to be removed is not in the list.")
    left: list[Any] = [item for item in present if not any(_same(attribute, item, gone) for gone in given)]
    return tuple(left)
