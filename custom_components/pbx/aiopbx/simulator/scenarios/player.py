"""Plays a scenario on a switch: people who call each other, by the clock, with repeatable chance.

What happens is an act: a generator that does something on the switch and yields the seconds until it goes on. An act
has its people to itself. It never touches anyone whom others control: an act whose calls are changed from elsewhere
ends there and then, and its remains are tidied up only when they have been left alone for a while.
"""

import logging
import random
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from ..clock import Clock, TimerHandle
from ..switch.agents import PAUSE, READY, WITHDRAW
from ..switch.changes import CallChange, Change, RoutingChange
from ..switch.errors import SwitchError
from ..switch.external import Behaviour
from .model import Group, Outsider, Scenario, Span

if TYPE_CHECKING:
    from ..switch import Switch
    from ..switch.calls import Call, Member
    from ..switch.users import User

_LOG = logging.getLogger(__name__)

Steps = Generator[float, None, None]
"""The steps of an act; each value is the seconds, at speed 1, until the next step."""

LEFT_ALONE: Final = 180.0
"""Seconds after which calls that were touched from elsewhere and left are tidied up."""
_RELEASING: Final = "RELEASING"
_WRONG_NUMBER: Final = "0015550199"
"""An outside number that does not exist."""


class _Act:
    """A running act: its people, its calls, and its next step."""

    def __init__(self, name: str, steps: Steps, people: set[str]) -> None:
        self.name = name
        self.steps = steps
        self.people = people
        self.refs: set[str] = set()
        self.routing: set[str] = set()
        """The users whose routing the act has set and will restore."""
        self.timer: TimerHandle | None = None
        self.over = False


class _Stage:
    """What an act needs before it begins."""

    def __init__(self) -> None:
        self.people: set[str] = set()


class ScenarioPlayer:
    """Plays a scenario. Everything runs in callbacks of the clock, in the thread that turns it."""

    def __init__(
        self, scenario: Scenario, switch: "Switch", clock: Clock, *, speed: float = 1.0, seed: int | None = None
    ) -> None:
        """Play ``scenario`` on ``switch``, ``speed`` times as fast; ``seed`` overrides the scenario's."""
        if speed <= 0:
            raise ValueError("speed: it has to be more than 0.")
        self.scenario = scenario
        self.speed = speed
        self.played: dict[str, int] = {}
        """How often each act has begun."""
        self._switch = switch
        self._clock = clock
        self._random = random.Random(scenario.seed if seed is None else seed)
        self._deck: list[str] = []
        self._acts: set[_Act] = set()
        self._visits: dict[tuple[str, str], TimerHandle] = {}
        self._left: dict[str, TimerHandle] = {}
        self._waiting: dict[str, int] = {}
        self._foreign: set[str] = set()
        """Calls made from elsewhere."""
        self._pause: TimerHandle | None = None
        self._unsubscribe: Callable[[], None] | None = None
        self._own = 0
        self._current: _Act | None = None
        """The act whose step is running."""
        self._running = False
        self._logins = {person.number: person.user for person in scenario.users}
        self._players = frozenset(person.user for person in scenario.users if not person.manual)
        self._outside = {outsider.number: outsider for outsider in scenario.outside}

    # ------------------------------------------------------------------------------------------------- start and stop

    @property
    def running(self) -> bool:
        """Whether it is playing."""
        return self._running

    @property
    def people_at_play(self) -> frozenset[str]:
        """Login names of those who are in a running act."""
        return frozenset(login for act in self._acts for login in act.people)

    def start(self) -> None:
        """Start playing. A second call does nothing."""
        if self._running:
            return
        self._running = True
        self._unsubscribe = self._switch.subscribe(self._seen)
        self._switch.external.set(_WRONG_NUMBER, Behaviour(invalid=True))
        with self._hand():
            self._log_agents_on()
        if self.scenario.acts.deck():
            self._pause = self._later(1.0, self._next)

    def stop(self) -> None:
        """End everything that it has begun; other calls go on. A second call does nothing."""
        if not self._running:
            return
        self._running = False
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None
        if self._pause is not None:
            self._pause.cancel()
            self._pause = None
        for act in tuple(self._acts):
            self._end(act, tidy=True)
        self._log_agents_off()
        for timer in (*self._visits.values(), *self._left.values()):
            timer.cancel()
        self._visits.clear()
        self._left.clear()
        self._waiting.clear()
        self._foreign.clear()

    # -------------------------------------------------------------------------------------------------- the machinery

    def _later(self, seconds: float, fn: Callable[[], object]) -> TimerHandle:
        return self._clock.call_later(seconds / self.speed, fn)

    def _in(self, span: Span) -> float:
        return self._random.uniform(*span)

    @contextmanager
    def _hand(self) -> Iterator[None]:
        """Mark changes made inside as the player's own."""
        self._own += 1
        try:
            yield
        finally:
            self._own -= 1

    def _next(self) -> None:
        """Begin the next act, and come back after a pause."""
        self._pause = self._later(self._in(self.scenario.pace.pause), self._next)
        if len(self._acts) >= self.scenario.pace.at_once:
            return
        if not self._deck:
            self._deck = self.scenario.acts.deck()
            self._random.shuffle(self._deck)
        # an act for which there are too few free people gets its turn before the deck is used up
        for index in range(len(self._deck) - 1, -1, -1):
            if self._begin(self._deck[index]):
                del self._deck[index]
                return

    def _begin(self, name: str) -> bool:
        """Begin an act; returns false if there are not enough free people."""
        steps: Steps | None = getattr(self, f"_act_{name}")(stage := _Stage())
        if steps is None:
            return False
        self.played[name] = self.played.get(name, 0) + 1
        self._run(name, steps, stage.people)
        return True

    def _run(self, name: str, steps: Steps, people: set[str]) -> None:
        act = _Act(name, steps, people)
        self._acts.add(act)
        self._step(act)

    def _step(self, act: _Act) -> None:
        act.timer = None
        if act.over:
            return
        former, self._current = self._current, act
        try:
            with self._hand():
                pause = next(act.steps)
        except StopIteration:
            self._end(act, tidy=True)
        except SwitchError as error:
            # someone was quicker, or the switch refuses: that is life in an office
            _LOG.debug("scenario %s: %s ends early: %s", self.scenario.name, act.name, error)
            self._end(act, tidy=True)
        except Exception:
            _LOG.exception("The scenario %s cannot go on with %s", self.scenario.name, act.name)
            self._end(act, tidy=True)
        else:
            if not act.over:
                act.timer = self._later(pause, partial(self._step, act))
        finally:
            self._current = former

    def _end(self, act: _Act, *, tidy: bool) -> None:
        if act.over:
            return
        act.over = True
        self._acts.discard(act)
        if act.timer is not None:
            act.timer.cancel()
        if tidy:
            with self._hand():
                # a running generator cannot be closed, but it has come to its end then
                if act is not self._current:
                    act.steps.close()
                self._tidy(act.refs, act.people)
                self._reset_routing(*act.routing)

    def _tidy(self, refs: set[str], people: set[str]) -> None:
        """Let our people hang up what is left."""
        for ref in refs:
            call = self._switch.calls.get(ref)
            if call is None:
                continue
            for member in tuple(call.members):
                if call.ended:
                    break
                try:
                    if member.login in people:
                        self._leave(member.login, call)
                    elif member.login is None and member.kind == "EXTERNAL" and len(call.members) > 1:
                        self._switch.external_hang_up(ref, member.identity.number)
                except SwitchError as error:
                    _LOG.debug("scenario %s: %s", self.scenario.name, error)

    # ------------------------------------------------------------------------------------------ what others do

    def _seen(self, change: Change) -> None:
        if isinstance(change, CallChange) and change.kind == "removed" and change.ref not in self._switch.calls:
            self._foreign.discard(change.ref)
        if self._own:
            return
        if isinstance(change, RoutingChange):
            for act in self._acts:
                act.routing.discard(change.login)  # whoever changed it will change it back
        if not isinstance(change, CallChange):
            return
        if change.kind == "created" and not any(change.ref in act.refs for act in self._acts):
            self._foreign.add(change.ref)
        if change.view is None or change.view.state == _RELEASING:
            return
        # not while the switch notifies: our changes would be published in between
        for act in tuple(self._acts):
            if change.login in act.people and change.ref in act.refs:
                self._leave_to_others(act)
        self._visit(change.ref)

    def _leave_to_others(self, act: _Act) -> None:
        """Give up an act whose calls were changed from elsewhere: they are theirs now."""
        people, refs = set(act.people), set(act.refs)
        routing = act.routing
        act.routing = set()
        self._end(act, tidy=False)
        if routing:
            self._later(0, partial(self._reset_routing, *routing))
        for ref in refs:
            self._watch_left(ref, people)

    def _watch_left(self, ref: str, people: set[str]) -> None:
        former = self._left.pop(ref, None)
        if former is not None:
            former.cancel()

        def tidy() -> None:
            self._left.pop(ref, None)
            with self._hand():
                self._tidy({ref}, people)

        self._left[ref] = self._clock.call_later(LEFT_ALONE, tidy)

    def _visit(self, ref: str) -> None:
        """Answer a call that is not ours and hang up after a while; the world outside does so, too.

        Our people also lift their own telephone where it rings before it dials.
        """
        call = self._switch.calls.get(ref)
        if call is None or ref in self._left or any(ref in act.refs for act in self._acts):
            return
        answering = self.scenario.answering
        for member in call.members:
            who = member.login or member.identity.number
            ours = member.login in self._players if member.login else member.kind == "EXTERNAL" and answering.outside
            if member.login and not answering.people:
                ours = False
            if ours and _rings(member) and (ref, who) not in self._visits:
                wait = self._in(answering.ring)
                self._visits[(ref, who)] = self._later(wait, partial(self._answer_visit, ref, who))

    def _answer_visit(self, ref: str, who: str) -> None:
        self._visits.pop((ref, who), None)
        call = self._switch.calls.get(ref)
        member = (
            next((each for each in call.members if (each.login or each.identity.number) == who), None) if call else None
        )
        if call is None or member is None or not _rings(member):
            return
        if member.login and any(other.ref != ref for other in self._switch.calls_of(member.login)):
            # on another call, which comes first
            self._visits[(ref, who)] = self._later(1.0, partial(self._answer_visit, ref, who))
            return
        try:
            with self._hand():
                if member.login:
                    self._switch.answer(member.login, ref, self._ringing_device(call, member.login))
                else:
                    self._switch.external_answer(ref, who)
        except SwitchError as error:
            _LOG.debug("scenario %s: %s cannot answer: %s", self.scenario.name, who, error)
            return
        talk = self._in(self.scenario.answering.talk)
        self._visits[(ref, who)] = self._later(talk, partial(self._leave_visit, ref, who))
        self._visit(ref)  # it may ring somewhere by now

    def _leave_visit(self, ref: str, who: str) -> None:
        self._visits.pop((ref, who), None)
        call = self._switch.calls.get(ref)
        if call is None:
            return
        try:
            with self._hand():
                if who in self._switch.users:
                    self._leave(who, call)
                else:
                    self._switch.external_hang_up(ref, who)
        except SwitchError as error:
            _LOG.debug("scenario %s: %s has gone already: %s", self.scenario.name, who, error)

    # --------------------------------------------------------------------------------------------------- the cast

    def _free(self, stage: _Stage, count: int, among: tuple[str, ...] | None = None) -> list["User"] | None:
        """Take some free people, or ``None`` if there are too few: in no call, no act, and not set to be left alone."""
        engaged = self.people_at_play | stage.people
        logins = [self._logins[number] for number in among] if among is not None else sorted(self._players)
        free = [login for login in logins if login in self._players and login not in engaged and self._idle(login)]
        if len(free) < count:
            return None
        chosen = self._random.sample(free, count)
        stage.people.update(chosen)
        return [self._switch.users[login] for login in chosen]

    def _idle(self, login: str) -> bool:
        user = self._switch.users.get(login)
        return (
            user is not None
            and not self._switch.calls_of(login)
            and not user.do_not_disturb
            and user.forward is None
            and user.overflow is None
            and any(user.usable(device) and not device.mobile for device in user.devices.values())
            and not any(device.off_hook for device in user.devices.values())
        )

    def _outsider(self) -> Outsider | None:
        """Return a contact outside who is not on the phone."""
        engaged = {member.identity.number for call in self._switch.calls.values() for member in call.members}
        free = [outsider for number, outsider in self._outside.items() if number not in engaged]
        return self._random.choice(free) if free else None

    # ------------------------------------------------------------------------------------- what people do with a phone

    def _phone(self, user: "User") -> str:
        """Return the telephone that a user would use: the first that works."""
        for device in user.devices.values():
            if user.usable(device) and not device.mobile:
                return device.id
        raise SwitchError("CALL_SERVER_ERROR", "DEVICE_OUT_OF_SERVICE", f"No telephone of {user.login} works.")

    def _ringing_device(self, call: "Call", login: str) -> str:
        member = call.user(login)
        if member is None:
            raise SwitchError("CALL_REFERENCE_NOT_FOUND", None, f"It does not ring at {login} any more.")
        user = self._switch.users[login]
        legs = [device for device in member.legs if not user.devices[device].mobile]
        return legs[0] if legs else next(iter(member.legs))

    def _keep(self, call: "Call") -> "Call":
        """Add a call to the act, so that it is tidied up with it."""
        assert self._current is not None
        self._current.refs.add(call.ref)
        return call

    def _dial(self, user: "User", number: str) -> "Call":
        return self._keep(self._switch.make_call(user.login, self._phone(user), number, auto_answer=True))

    def _ring_in(self, outsider: Outsider, number: str) -> "Call":
        return self._keep(self._switch.incoming_external(outsider.number, number, outsider.name or None))

    def _answer(self, user: "User", call: "Call") -> None:
        self._switch.answer(user.login, call.ref, self._ringing_device(call, user.login))

    def _hang_up(self, user: "User", call: "Call") -> None:
        """Leave a call in any state, if the user is still in it."""
        self._leave(user.login, call)

    def _leave(self, login: str, call: "Call") -> None:
        if call.ended or call.user(login) is None:
            return
        if "terminate" in self._switch.call_actions(login, call.ref) and not call.conference:
            self._switch.release(login, call.ref)
        else:
            self._switch.drop(login, call.ref)

    def _leave_outside(self, call: "Call", number: str) -> None:
        if not call.ended:
            self._switch.external_hang_up(call.ref, number)

    def _newest(self, user: "User") -> "Call":
        """Return the present call of a user: transfers and conferences may have changed its reference."""
        calls = [call for call in self._switch.calls_of(user.login) if call.ref not in self._foreign]
        if not calls:
            raise SwitchError("CALL_REFERENCE_NOT_FOUND", None, f"{user.login} is in no call")
        return self._keep(calls[-1])

    def _connected(self, caller: "User", called: "User") -> Generator[float, None, "Call"]:
        """One calls, the other answers. Returns the call."""
        call = self._dial(caller, called.number)
        yield self._in(self.scenario.pace.ring)
        self._answer(called, call)
        return call

    # ----------------------------------------------------------------------------------------------------- the acts

    def _act_talk(self, stage: _Stage) -> Steps | None:
        people = self._free(stage, 2)
        return self._talk(*people) if people else None

    def _talk(self, caller: "User", called: "User") -> Steps:
        call = yield from self._connected(caller, called)
        yield self._in(self.scenario.pace.talk)
        self._hang_up(self._random.choice((caller, called)), call)

    def _act_missed(self, stage: _Stage) -> Steps | None:
        people = self._free(stage, 2)
        return self._missed(*people) if people else None

    def _missed(self, caller: "User", called: "User") -> Steps:
        call = self._dial(caller, called.number)
        yield self._in(self.scenario.pace.patience)
        self._hang_up(caller, call)

    def _act_busy(self, stage: _Stage) -> Steps | None:
        people = self._free(stage, 3)
        return self._busy(*people) if people else None

    def _busy(self, caller: "User", called: "User", third: "User") -> Steps:
        # a telephone takes several calls: it is busy once its last line is
        first = yield from self._connected(caller, called)
        yield 1.0
        waiting = [self._dial(third, called.number)]
        yield self._in(self.scenario.pace.ring)
        self._hang_up(third, waiting[0])
        yield 1.0
        called_lines = self._switch.users[called.login].lines
        if called_lines > 1:
            self._switch.set_dnd(called.login, True)
            assert self._current is not None
            self._current.routing.add(called.login)
        again = self._dial(third, called.number)
        yield self._in(self.scenario.pace.ring)
        self._hang_up(third, again)
        yield self._in(self.scenario.pace.ring)
        self._hang_up(caller, first)

    def _act_incoming(self, stage: _Stage) -> Steps | None:
        return self._from_outside(stage, self._incoming)

    def _act_incoming_missed(self, stage: _Stage) -> Steps | None:
        return self._from_outside(stage, self._incoming_missed)

    def _act_outgoing(self, stage: _Stage) -> Steps | None:
        return self._from_outside(stage, self._outgoing)

    def _from_outside(self, stage: _Stage, act: Callable[["User", Outsider], Steps]) -> Steps | None:
        outsider = self._outsider()
        people = self._free(stage, 1) if outsider else None
        return act(people[0], outsider) if people and outsider else None

    def _incoming(self, user: "User", outsider: Outsider) -> Steps:
        call = self._ring_in(outsider, user.number)
        yield self._in(self.scenario.pace.ring)
        self._answer(user, call)
        yield self._in(self.scenario.pace.talk)
        if self._random.random() < 0.5:
            self._hang_up(user, call)
        else:
            self._leave_outside(call, outsider.number)

    def _incoming_missed(self, user: "User", outsider: Outsider) -> Steps:
        call = self._ring_in(outsider, user.number)
        yield self._in(self.scenario.pace.patience)
        self._leave_outside(call, outsider.number)

    def _outgoing(self, user: "User", outsider: Outsider) -> Steps:
        call = self._dial(user, outsider.number)
        yield self._in(self.scenario.pace.ring)
        if self._random.random() < 0.2:  # no one there
            yield self._in(self.scenario.pace.patience)
            self._hang_up(user, call)
            return
        self._switch.external_answer(call.ref, outsider.number)
        yield self._in(self.scenario.pace.talk)
        self._hang_up(user, call)

    def _act_no_such_number(self, stage: _Stage) -> Steps | None:
        people = self._free(stage, 1)
        return self._no_such_number(people[0]) if people else None

    def _no_such_number(self, user: "User") -> Steps:
        call = self._dial(user, _WRONG_NUMBER)
        yield self._in(self.scenario.pace.ring)
        self._hang_up(user, call)

    def _act_hold(self, stage: _Stage) -> Steps | None:
        people = self._free(stage, 2)
        return self._hold(*people) if people else None

    def _hold(self, caller: "User", called: "User") -> Steps:
        call = yield from self._connected(caller, called)
        yield self._in(self.scenario.pace.hold)
        self._switch.hold(called.login, call.ref, self._phone(called))
        yield self._in(self.scenario.pace.hold)
        self._switch.retrieve(called.login, call.ref, self._phone(called))
        yield self._in(self.scenario.pace.hold)
        self._hang_up(caller, call)

    def _act_consult(self, stage: _Stage) -> Steps | None:
        people = self._free(stage, 3)
        return self._consult(*people) if people else None

    def _consultation(
        self, caller: "User", called: "User", third: "User"
    ) -> Generator[float, None, tuple["Call", "Call"]]:
        """One is called and consults a third while the caller waits. Returns the two calls."""
        first = yield from self._connected(caller, called)
        yield self._in(self.scenario.pace.hold)
        member = first.user(called.login)
        if member is not None and member.state == "ACTIVE":
            self._switch.hold(called.login, first.ref, self._phone(called))
            yield 1.0
        second = self._dial(called, third.number)
        yield self._in(self.scenario.pace.ring)
        self._answer(third, second)
        yield self._in(self.scenario.pace.hold)
        return first, second

    def _consult(self, caller: "User", called: "User", third: "User") -> Steps:
        first, second = yield from self._consultation(caller, called, third)
        phone = self._phone(called)
        self._switch.alternate(called.login, first.ref, phone)
        yield self._in(self.scenario.pace.hold)
        self._switch.alternate(called.login, second.ref, phone)
        yield self._in(self.scenario.pace.hold)
        self._switch.reconnect(called.login, first.ref, second.ref, phone)
        yield self._in(self.scenario.pace.hold)
        self._hang_up(caller, first)

    def _act_transfer(self, stage: _Stage) -> Steps | None:
        people = self._free(stage, 3)
        return self._transfer(*people) if people else None

    def _transfer(self, caller: "User", called: "User", third: "User") -> Steps:
        first, second = yield from self._consultation(caller, called, third)
        self._switch.transfer(called.login, second.ref, first.ref)
        self._newest(third)
        yield self._in(self.scenario.pace.talk)
        self._hang_up(third, self._newest(third))

    def _act_blind_transfer(self, stage: _Stage) -> Steps | None:
        people = self._free(stage, 3)
        return self._blind_transfer(*people) if people else None

    def _blind_transfer(self, caller: "User", called: "User", third: "User") -> Steps:
        call = yield from self._connected(caller, called)
        yield self._in(self.scenario.pace.hold)
        self._switch.blind_transfer(called.login, call.ref, third.number)
        call = self._newest(third)
        yield self._in(self.scenario.pace.ring)
        self._answer(third, call)
        yield self._in(self.scenario.pace.talk)
        self._hang_up(caller, self._newest(caller))

    def _act_conference(self, stage: _Stage) -> Steps | None:
        people = self._free(stage, 3)
        return self._conference(*people) if people else None

    def _conference(self, caller: "User", called: "User", third: "User") -> Steps:
        first, second = yield from self._consultation(caller, called, third)
        self._switch.merge(called.login, second.ref, first.ref)
        self._newest(called)
        yield self._in(self.scenario.pace.talk)
        self._hang_up(third, self._newest(third))
        yield self._in(self.scenario.pace.hold)
        self._hang_up(caller, self._newest(caller))

    def _act_redirect(self, stage: _Stage) -> Steps | None:
        people = self._free(stage, 3)
        return self._redirect(*people) if people else None

    def _redirect(self, caller: "User", called: "User", third: "User") -> Steps:
        call = self._dial(caller, called.number)
        yield self._in(self.scenario.pace.ring)
        self._switch.redirect(called.login, call.ref, third.number)
        call = self._newest(third)
        yield self._in(self.scenario.pace.ring)
        self._answer(third, call)
        yield self._in(self.scenario.pace.talk)
        self._hang_up(third, self._newest(third))

    def _act_voicemail(self, stage: _Stage) -> Steps | None:
        people = self._free(stage, 2)
        return self._voicemail(*people) if people else None

    def _voicemail(self, caller: "User", called: "User") -> Steps:
        call = self._dial(caller, called.number)
        yield self._in(self.scenario.pace.patience)
        self._switch.overflow_to_voicemail(caller.login, call.ref)
        yield self._in(self.scenario.pace.hold)
        self._hang_up(caller, self._newest(caller))

    def _act_do_not_disturb(self, stage: _Stage) -> Steps | None:
        people = self._free(stage, 2)
        return self._do_not_disturb(*people) if people else None

    def _do_not_disturb(self, user: "User", caller: "User") -> Steps:
        assert self._current is not None
        act = self._current
        self._switch.set_dnd(user.login, True)
        act.routing.add(user.login)
        yield self._in(self.scenario.pace.ring)
        call = self._dial(caller, user.number)
        yield self._in(self.scenario.pace.ring)
        self._hang_up(caller, call)
        act.people.discard(caller.login)
        yield self._in(self.scenario.pace.routing)

    def _act_forward(self, stage: _Stage) -> Steps | None:
        people = self._free(stage, 3)
        return self._forward(*people) if people else None

    def _forward(self, user: "User", to: "User", caller: "User") -> Steps:
        assert self._current is not None
        act = self._current
        self._switch.set_forward(user.login, to.number)
        act.routing.add(user.login)
        yield self._in(self.scenario.pace.ring)
        call = self._dial(caller, user.number)
        yield self._in(self.scenario.pace.ring)
        self._answer(to, self._newest(to))
        yield self._in(self.scenario.pace.talk)
        self._hang_up(caller, call if not call.ended else self._newest(caller))
        act.people -= {caller.login, to.login}
        yield self._in(self.scenario.pace.hold)

    def _act_queue(self, stage: _Stage) -> Steps | None:
        if not self._outside:
            return None
        group = self._random.choice(self.scenario.groups)
        room = group.queue - self._waiting.get(group.name, 0)
        return self._queue(group, max(1, min(3, room))) if room > 0 else None

    def _queue(self, group: Group, callers: int) -> Steps:
        """Several callers, one after the other; each is an act of its own, with its own end."""
        for _ in range(callers):
            self._waiting[group.name] = self._waiting.get(group.name, 0) + 1
            self._run(f"caller of {group.name}", self._queued(group), set())
            yield 1.0

    def _queued(self, group: Group) -> Steps:
        """Wait for a free member, ring, talk. A caller who waits too long gives up."""
        act = self._current
        assert act is not None
        try:
            patience = self._in(self.scenario.pace.patience) * 2
            stage = _Stage()
            while (people := self._free(stage, 1, group.members)) is None and patience > 0:
                patience -= 1.0
                yield 1.0
        finally:
            self._waiting[group.name] -= 1
        outsider = self._outsider()
        if people is None or outsider is None:
            return
        act.people |= stage.people
        yield from self._incoming(people[0], outsider)

    def _act_catch_up(self, stage: _Stage) -> Steps | None:
        there = sorted(self._players & self._switch.users.keys())
        curious = [login for login in there if self._switch.counters(login).waiting]
        curious.sort(key=lambda login: self._switch.counters(login).missed_calls, reverse=True)
        return self._catch_up(curious[:5])

    def _catch_up(self, curious: list[str]) -> Steps:
        """Choose those with the most to review, so that nothing piles up, however long the day."""
        for login in curious:
            if login in self._switch.users:
                self._forget_waiting(login)
            yield 1.0

    # ------------------------------------------------------------------------------------------------ the call centre

    def _log_agents_on(self) -> None:
        """Let the operators begin their day: agents in their preferred group, supervisors in none."""
        for person in self.scenario.agents:
            if person.user in self._switch.users and not self._switch.agent_state(person.user).logged_on:
                self._try(partial(self._switch.agent_log_on, person.user, person.number))

    def _log_agents_off(self) -> None:
        for person in self.scenario.agents:
            if person.user in self._switch.users and self._switch.agent_state(person.user).logged_on:
                self._try(partial(self._switch.agent_log_off, person.user))

    def _try(self, doing: Callable[[], object]) -> None:
        try:
            doing()
        except SwitchError as error:
            _LOG.debug("scenario %s: %s", self.scenario.name, error)

    def _act_pilot(self, stage: _Stage) -> Steps | None:
        outsider = self._outsider()
        return self._pilot(self._random.choice(self.scenario.pilots).number, outsider) if outsider else None

    def _act_routed(self, stage: _Stage) -> Steps | None:
        outsider = self._outsider()
        return self._pilot(self._random.choice(self.scenario.routing_points).number, outsider) if outsider else None

    def _pilot(self, pilot: str, outsider: Outsider) -> Steps:
        """Wait in the queue, ring an agent, talk. Callers who wait too long give up; your agents answer themselves."""
        act = self._current
        assert act is not None
        call = self._ring_in(outsider, pilot)
        left = self._in(self.scenario.pace.queue)
        while True:
            agent = next((member for member in call.members if member.login is not None), None)
            if agent is not None and agent.login in self._players:
                act.people.add(agent.login)
                yield self._in(self.scenario.pace.ring)
                self._answer(self._switch.users[agent.login], call)
                break
            if agent is not None and agent.state == "ACTIVE":
                break
            if left <= 0 or call.ended:
                self._leave_outside(call, outsider.number)
                return
            left -= 1.0
            yield 1.0
        yield self._in(self.scenario.pace.talk)
        if agent.login in self._players and self._random.random() < 0.5:
            self._hang_up(self._switch.users[agent.login], call)
        else:
            self._leave_outside(call, outsider.number)

    def _act_agent_pause(self, stage: _Stage) -> Steps | None:
        ready = tuple(
            person.number
            for person in self.scenario.agents
            if person.user in self._switch.users and self._switch.agent_state(person.user).sub_state == READY
        )
        people = self._free(stage, 1, ready)
        return self._agent_pause(people[0]) if people else None

    def _agent_pause(self, user: "User") -> Steps:
        reasons = self._switch.withdraw_reasons(user.login)
        if reasons and self._random.random() < 0.5:
            self._switch.agent_withdraw(user.login, self._random.randint(1, len(reasons)))
        else:
            self._switch.agent_pause(user.login)
        try:
            yield self._in(self.scenario.pace.routing)
        finally:
            if user.login in self._switch.users and self._switch.agent_state(user.login).sub_state in (PAUSE, WITHDRAW):
                self._switch.agent_ready(user.login)

    # ------------------------------------------------------------------------------------------------------ the rest

    def _reset_routing(self, *logins: str) -> None:
        for login in logins:
            user = self._switch.users.get(login)
            if user is None:
                continue
            with self._hand():
                self._switch.set_dnd(login, False)
                self._switch.cancel_forward(login)

    def _forget_waiting(self, login: str) -> None:
        """Review the missed calls; listen to the messages and delete them."""
        self._switch.acknowledge_missed(login)
        self._switch.read_voicemails(login)
        self._switch.delete_callbacks(login)
        self._switch.users[login].voicemails.clear()  # heard messages do not count: no change to publish

    def snapshot(self) -> dict[str, Any]:
        """Return how much is going on, for tests and the curious."""
        return {
            "acts": sorted(act.name for act in self._acts),
            "visits": len(self._visits),
            "left": len(self._left),
            "foreign": len(self._foreign),
            "waiting": {name: count for name, count in self._waiting.items() if count},
        }


def _rings(member: "Member") -> bool:
    """Whether a telephone of the user rings: for a call, or to be lifted before it dials."""
    return member.state == "RINGING_INCOMING" or "RINGING_INCOMING" in member.legs.values()
