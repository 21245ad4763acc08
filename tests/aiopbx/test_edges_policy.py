"""The edges of the dial policy: what it compares, what it says when it refuses, and the minute that moves on."""

import pytest
from pydantic import ValidationError

from aiopbx import DialPolicy, PolicyViolation
from aiopbx.policy import DialGuard


class Clock:
    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize("number", ["1234", "1 2 3 4", "(12)34", "1.2-3/4", " 1234 "])
def test_spaces_and_punctuation_do_not_count(number: str) -> None:
    DialPolicy(allowed=("1234",)).check(number)
    with pytest.raises(PolicyViolation):
        DialPolicy(denied=("1234",)).check(number)


@pytest.mark.parametrize("number", ["12345", "123", "+1234", "1x234"])
def test_anything_else_does(number: str) -> None:
    with pytest.raises(PolicyViolation):
        DialPolicy(allowed=("1234",)).check(number)


def test_without_a_policy_everything_may_be_dialled_as_often_as_one_likes() -> None:
    policy = DialPolicy()
    assert (policy.allowed, policy.denied, policy.calls_per_minute) == (("*",), (), None)
    guard = DialGuard(policy, Clock())
    for _ in range(100):
        guard.spend("+15550100")


def test_a_denied_number_is_refused_with_the_pattern_and_a_remedy() -> None:
    with pytest.raises(PolicyViolation) as refused:
        DialPolicy(denied=("0800*", "0900*")).check("0900 555", field="target")
    assert refused.value.field == "target"
    assert "0900 555 is denied by the dial policy (0900*)." in str(refused.value)
    assert refused.value.remedy == "Choose another number, or change the policy's denied patterns."


@pytest.mark.parametrize(("allowed", "listed"), [((), "(none)"), (("1???", "2*"), "(1???, 2*)")])
def test_a_number_that_is_not_allowed_is_refused_with_what_is(allowed: tuple[str, ...], listed: str) -> None:
    with pytest.raises(PolicyViolation) as refused:
        DialPolicy(allowed=allowed).check("5550100", field="target")
    assert refused.value.field == "target"
    assert "5550100" in str(refused.value)
    assert listed in str(refused.value)
    assert refused.value.remedy == "Choose another number, or add a pattern to the policy's allowed ones."


def test_one_pattern_that_fits_is_enough() -> None:
    DialPolicy(allowed=("1*", "2*")).check("2000")


def test_a_policy_cannot_be_changed_and_knows_its_fields() -> None:
    policy = DialPolicy()
    with pytest.raises(ValidationError):
        policy.calls_per_minute = 5  # type: ignore[misc]
    with pytest.raises(ValidationError):
        DialPolicy.model_validate({"alowed": ["1*"]})


def test_the_limit_is_at_least_one() -> None:
    assert DialPolicy(calls_per_minute=1).calls_per_minute == 1
    with pytest.raises(ValidationError):
        DialPolicy(calls_per_minute=0)


@pytest.mark.parametrize("ask", [DialPolicy(allowed=()).check, DialGuard(DialPolicy(allowed=())).check])
def test_a_refusal_names_the_number_unless_another_field_was_meant(ask: object) -> None:
    assert callable(ask)
    with pytest.raises(PolicyViolation) as refused:
        ask("1000")
    assert refused.value.field == "number"
    with pytest.raises(PolicyViolation) as refused:
        ask("1000", field="target")
    assert refused.value.field == "target"


def test_counting_a_call_checks_the_number_first() -> None:
    guard = DialGuard(DialPolicy(denied=("0900*",), calls_per_minute=1), Clock())
    for field in ("number", "target"):
        with pytest.raises(PolicyViolation) as refused:
            guard.spend("0900555", **({} if field == "number" else {"field": field}))
        assert refused.value.field == field
    guard.spend("1000")  # the refused ones were not counted


def test_a_minute_is_sixty_seconds() -> None:
    clock = Clock()
    guard = DialGuard(DialPolicy(calls_per_minute=2), clock)
    guard.spend("1000")
    clock.now += 20
    guard.spend("1000")
    clock.now += 15
    for field in ("number", "target"):
        with pytest.raises(PolicyViolation) as refused:
            guard.spend("1000", **({} if field == "number" else {"field": field}))
        assert refused.value.field == field
        assert "the dial policy allows 2 calls a minute." in str(refused.value)
        assert refused.value.remedy == "Try again in 25 seconds."
    clock.now = 1059.9
    with pytest.raises(PolicyViolation):
        guard.spend("1000")
    clock.now = 1060.0
    guard.spend("1000")  # the first is a minute old
    with pytest.raises(PolicyViolation):
        guard.spend("1000")
    clock.now = 1080.0
    guard.spend("1000")  # so is the second, and only that


def test_a_pause_makes_room_for_all() -> None:
    clock = Clock()
    guard = DialGuard(DialPolicy(calls_per_minute=2), clock)
    for _ in range(3):
        guard.spend("1000")
        guard.spend("1000")
        with pytest.raises(PolicyViolation):
            guard.spend("1000")
        clock.now += 3600


def test_checking_counts_nothing() -> None:
    guard = DialGuard(DialPolicy(calls_per_minute=1), Clock())
    guard.check("1000")
    guard.check("1000")
    guard.spend("1000")
    guard.check("1000")
