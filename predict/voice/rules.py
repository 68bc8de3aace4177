"""If this is told, somebody does that by then: rules that people write, and the tasks that a study makes of them.

A rule's `when` has one of these:

| when | is so where |
|---|---|
| `worse: csat`, with `channel: chat` or of any | a change of that question for the worse is alarming |
| `slower: delivery`, or `any` | that step became slower |
| `proposed: {team: technical}`, or `{}` for any | it goes wrong in a place of these levels, and nobody refuted it |
| `late: {of: answered, by: priority, level: high, below: 0.8}` | so few were in time that the interval's end is below |
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from predict.errors import RuleRefused
from predict.opinion.scale import Kind

LONGEST_DAYS: Final = 365


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What is done when: by which role or team, within how many days, and who hears of it when it was not done."""

    name: str
    when: str
    of: Mapping[str, Any]
    act: str
    owner: str
    days: int
    escalate_to: str
    escalate_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What a rule asks for: `key` is the same at every study as long as rule and subject are."""

    key: str
    rule: str
    subject: str
    act: str
    owner: str
    days: int
    escalate_to: str
    escalate_days: int

    def told(self) -> dict[str, Any]:
        """Give it for the hub."""
        return {name: getattr(self, name) for name in self.__slots__}


def rules_of(written: Sequence[object]) -> list[Rule]:
    """Read rules: each of name, when, do, owner, days and escalate (to, after_days).

    Raises:
        RuleRefused: one does not make sense, or two have the same name; names it.
    """
    found = [_rule(number, one) for number, one in enumerate(written, start=1)]
    twice = {one.name for one in found if sum(one.name == other.name for other in found) > 1}
    if twice:
        raise RuleRefused(min(twice), "two rules have this name", "give each a name of its own")
    return found


def tasks_of(told: Mapping[str, Any], proposed: Sequence[Mapping[str, Any]], rules: Sequence[Rule]) -> list[Task]:
    """Give what the rules ask for after a study and its proposals, in the order of the rules."""
    return [
        Task(
            key=hashlib.sha256(f"{len(rule.name)}:{rule.name}|{subject}".encode()).hexdigest()[:12],
            subject=subject,
            rule=rule.name,
            **{name: getattr(rule, name) for name in ("act", "owner", "days", "escalate_to", "escalate_days")},
        )
        for rule in rules
        for subject in _WHEN[rule.when](told, proposed, rule.of)
    ]


def _rule(number: int, written: object) -> Rule:
    one: Mapping[str, Any] = written if isinstance(written, Mapping) else {}
    name = str(one.get("name") or f"rule {number}")
    known = {"name", "when", "do", "owner", "days", "escalate"}
    if set(one) != known:
        raise RuleRefused(name, f"it needs exactly {', '.join(sorted(known))}", "compare it with the shipped rules")
    escalate, when = one["escalate"], one["when"]
    days = [one["days"], escalate.get("after_days") if isinstance(escalate, Mapping) else None]
    if not all(isinstance(each, int) and 0 < each <= LONGEST_DAYS for each in days):
        raise RuleRefused(name, f"days must be 1 to {LONGEST_DAYS}", "write whole days")
    words = [one["do"], one["owner"], escalate.get("to")]
    if not all(isinstance(each, str) and each.strip() for each in words):
        raise RuleRefused(name, "do, owner and escalate.to must be said in words", "name a role or a team")
    kind = next((each for each in _WHEN if isinstance(when, Mapping) and each in when), None)
    if kind is None or not _is_fit(kind, when):
        raise RuleRefused(name, f"when must be one of {', '.join(_WHEN)} with what it is of", "see the shipped rules")
    return Rule(
        name=name,
        when=kind,
        of=when,
        act=one["do"],
        owner=one["owner"],
        days=one["days"],
        escalate_to=escalate["to"],
        escalate_days=escalate["after_days"],
    )


def _is_fit(kind: str, when: Mapping[str, Any]) -> bool:
    of = when[kind]
    match kind:
        case "worse":
            return of in [one.value for one in Kind] and set(when) <= {"worse", "channel"}
        case "slower":
            return isinstance(of, str) and len(when) == 1
        case "proposed":
            return isinstance(of, Mapping) and len(when) == 1
        case _:
            fit = isinstance(of, Mapping) and set(of) == {"of", "by", "level", "below"} and len(when) == 1
            return fit and of["of"] in {"answered", "solved"} and isinstance(of["below"], float) and 0 < of["below"] < 1


def _worse(told: Mapping[str, Any], _: Sequence[Mapping[str, Any]], when: Mapping[str, Any]) -> Iterator[str]:
    for one in told.get("changes", []):
        wanted = one["kind"] == when["worse"] and when.get("channel", one["channel"]) == one["channel"]
        if wanted and one["alarming"] and one["gap"]["figure"] < 0:
            yield f"{one['kind']} {one['channel']}"


def _slower(told: Mapping[str, Any], _: Sequence[Mapping[str, Any]], when: Mapping[str, Any]) -> Iterator[str]:
    for one in told.get("steps", []):
        if one["slower"] and when["slower"] in {one["step"], "any"}:
            yield str(one["step"])


def _proposed(_: Mapping[str, Any], proposed: Sequence[Mapping[str, Any]], when: Mapping[str, Any]) -> Iterator[str]:
    for one in proposed:
        if one["verdict"] != "refuted" and when["proposed"].items() <= one["levels"].items():
            yield str(one["key"])


def _late(told: Mapping[str, Any], _: Sequence[Mapping[str, Any]], when: Mapping[str, Any]) -> Iterator[str]:
    of = when["late"]
    for one in told.get("service", []):
        share = one[of["of"]]
        here = (one["by"], one["level"]) == (of["by"], of["level"])
        if here and share["of"] and share["high"] < of["below"]:
            yield f"{of['of']} {of['by']} {of['level']}"


_Subjects = Callable[[Mapping[str, Any], Sequence[Mapping[str, Any]], Mapping[str, Any]], Iterator[str]]
_WHEN: Final[Mapping[str, _Subjects]] = {"worse": _worse, "slower": _slower, "proposed": _proposed, "late": _late}
