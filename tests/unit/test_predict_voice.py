"""What customers answered, waited for and complained of, on one page."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import ChildFailed
from hub.predictions.voice_tasks import rules_from, shipped_rules
from predict.__main__ import REFUSED, main
from predict.causes.finding import key_of
from predict.disclosure import SERVICE_DAYS, STUDY_DAYS, period_end
from predict.errors import FrameRefused, RuleRefused
from predict.satisfaction.kept_ear import shipped_ear
from predict.voice.casework import PROMISED, Promise, judged, measures, promises_of
from predict.voice.rules import rules_of, tasks_of
from predict.voice.study import Question, studied
from predict.wire import Message, arrow, read_message, write_message

AS_OF = datetime(2026, 1, 5, tzinfo=UTC)
PLACE = (("category", "delivery"), ("team", "technical"))


def cases_of(seed: int, *, trouble: float = 0.0, rows: int = 900) -> pl.DataFrame:
    """Invent cases of half a year; `trouble` is the share of deliveries of one team that are escalated besides."""
    rng = np.random.default_rng(seed)
    category, team = rng.choice(["delivery", "price", "wish"], rows), rng.choice(["first_line", "technical"], rows)
    bad = (category == "delivery") & (team == "technical") & (rng.random(rows) < trouble)
    return pl.DataFrame(
        {
            "pseudonym": [bytes([number // 250, number % 250]) for number in rng.integers(0, 300, rows)],
            "category": category,
            "team": team,
            "priority": rng.choice(["high", "normal"], rows),
            "channel": rng.choice(["email", "chat"], rows),
            "escalated": (bad | (rng.random(rows) < 0.05)).astype(np.int64),
            "response_hours": rng.lognormal(0.5, 0.8, rows),
            "hours": rng.lognormal(2, 0.8, rows),
            "age_days": rng.integers(1, 182, rows).astype(np.float64),
        }
    )


def answers_of_a_year(seed: int) -> pl.DataFrame:
    """Invent answers of a year; CSAT by chat fell four weeks ago."""
    rng = np.random.default_rng(seed)
    rows, age = 2_000, rng.integers(0, 52, 2_000) * 7.0
    channel = rng.choice(["email", "chat"], rows)
    satisfied = rng.random(rows) < 0.85 - 0.6 * ((age < 28) & (channel == "chat"))
    return pl.DataFrame(
        {
            "pseudonym": rng.integers(0, 900, rows),
            "kind": "csat",
            "score": np.where(satisfied, 5.0, 2.0),
            "channel": channel,
            "age_days": age,
        }
    )


def asked(parts: dict[str, pl.DataFrame], **fields: Any) -> tuple[int, Message]:
    """Ask the child process, in this one."""
    request, answer = BytesIO(), BytesIO()
    known = {"as_of": AS_OF.isoformat(), "language": "en"} | fields
    frames = {name: arrow(frame) for name, frame in parts.items()}
    write_message(request, Message(known, frames, dict.fromkeys(frames, "arrow")))
    code = main(["study", "voice"], BytesIO(request.getvalue()), answer)
    return code, read_message(BytesIO(answer.getvalue()))


def test_one_page_says_what_matters_first() -> None:
    code, answer = asked({"answers": answers_of_a_year(1), "cases": cases_of(1, trouble=0.6)})
    told, page = json.loads(answer.part("study")), answer.part("html").decode()
    assert code == 0
    assert told["missing"] == ["steps", "texts", "replies"]
    assert {(one["kind"], one["channel"]) for one in told["changes"] if one["alarming"]} >= {("csat", "chat")}
    (finding,) = json.loads(answer.part("proposals"))
    assert finding["levels"] == dict(PLACE)
    assert finding["key"] == key_of(PLACE, broke=False)
    assert finding["verdict"] == "proposed"
    first = page[page.index("What matters most") : page.index("What customers answered")]
    assert "CSAT (chat) became worse" in first
    assert finding["sentence"] in page
    assert finding["sentence"].startswith("Topic delivery, team technical")
    assert "<svg" in page
    assert "<script" not in page


def test_what_was_refuted_is_said_to_be_and_is_no_headline() -> None:
    key = key_of(PLACE, broke=False)
    said = {key: {"verdict": "refuted", "levels": dict(PLACE)}}
    _, answer = asked({"cases": cases_of(1, trouble=0.6)}, said=said)
    page = answer.part("html").decode()
    assert json.loads(answer.part("proposals"))[0]["verdict"] == "refuted"
    assert "Nothing became clearly better or worse." in page
    assert "<em>refuted</em>" in page


def test_an_earlier_study_is_written_anew_in_another_language() -> None:
    _, first = asked({"cases": cases_of(1, trouble=0.6)})
    request, again = BytesIO(), BytesIO()
    write_message(request, Message({"language": "nb"}, {"study": first.part("study")}, {"study": "json"}))
    assert main(["study", "voice"], BytesIO(request.getvalue()), again) == 0
    second = read_message(BytesIO(again.getvalue()))
    assert second.part("study") == first.part("study")
    assert "saker gikk galt" in second.part("html").decode()


def test_nothing_the_matter_is_said() -> None:
    _, answer = asked({"cases": cases_of(2)})
    assert json.loads(answer.part("study"))["findings"] == []
    assert "Nowhere does it clearly go wrong more often" in answer.part("html").decode()


@pytest.mark.parametrize(
    ("language", "title"),
    [
        ("nb", "Kundenes stemme"),
        ("nn", "Røysta til kundane"),
        ("sv", "Kundernas röst"),
        ("en", "Voice of the customer"),
        ("de", "Stimme der Kunden"),
    ],
)
def test_the_page_is_written_in_five_languages(language: str, title: str) -> None:
    _, answer = asked({"answers": answers_of_a_year(1).head(40), "cases": cases_of(3, rows=60)}, language=language)
    assert f"<title>{title}</title>" in answer.part("html").decode()


def test_levels_are_written_as_text() -> None:
    strange = cases_of(4, rows=60).with_columns(category=pl.lit("<b>price</b>"))
    page = asked({"cases": strange})[1].part("html").decode()
    assert "&lt;b&gt;price" in page
    assert "<b>" not in page


def test_answers_off_their_scale_are_left_out_and_counted() -> None:
    answers = answers_of_a_year(1).head(100)
    _, answer = asked({"answers": pl.concat([answers, answers.head(3).with_columns(score=pl.lit(9.0))])})
    assert json.loads(answer.part("study"))["left_out"] == {"answers": 3}
    assert "answers 3" in answer.part("html").decode()


def test_other_questions_are_refused() -> None:
    code, answer = asked({}, language="fr")
    assert code == REFUSED
    assert "told in nb" in answer.fields["error"]["text"]
    code, answer = asked({"cases": cases_of(1).drop("response_hours")})
    assert (code, answer.fields["error"]["kind"]) == (REFUSED, "FrameRefused")


def waiting(priority: str | None, response: float | None, age: float) -> pl.DataFrame:
    """Write one case."""
    return pl.DataFrame(
        {"pseudonym": [1], "priority": [priority], "response_hours": [response], "hours": [None], "age_hours": [age]},
        schema_overrides={"response_hours": pl.Float64, "hours": pl.Float64, "priority": pl.String},
    )


@pytest.mark.parametrize(
    ("case", "known", "late"),
    [
        (waiting("high", 4.0, 900), True, False),
        (waiting("high", 4.5, 900), True, True),
        (waiting("high", None, 3), False, False),
        (waiting("high", None, 5), True, True),
        (waiting(None, 500.0, 900), False, False),
        (waiting("whenever", 500.0, 900), False, False),
    ],
)
def test_a_case_is_late_from_when_its_promise_is_over(case: pl.DataFrame, *, known: bool, late: bool) -> None:
    row = judged(case, promises_of(PROMISED)).row(0, named=True)
    assert (row["answered_judged"], row["answered_late"]) == (known, late)


def test_half_open_has_no_median_and_few_customers_no_row() -> None:
    cases = cases_of(5, rows=200).with_columns(
        age_hours=pl.lit(9_000.0), hours=pl.when(pl.int_range(pl.len()) < 80).then("hours")
    )
    told = measures(judged(cases, promises_of(PROMISED)))
    assert told[0]["by"] == "all"
    assert told[0]["solve_hours"] is None
    assert told[0]["answer_hours"] > 0
    assert told[0]["solved"]["of"] == 200
    assert measures(judged(cases.with_columns(pseudonym=pl.lit(b"1")), promises_of(PROMISED))) == []


def test_no_level_of_few_is_told_by_what_is_left_of_all_and_no_share_of_few_that_can_be_judged() -> None:
    cases = cases_of(5, rows=200).with_columns(
        age_hours=pl.lit(9_000.0),
        pseudonym=pl.int_range(pl.len()),
        category=pl.Series(["wish"] * 3 + ["price"] * 30 + ["delivery"] * 167),
        priority=pl.when(pl.int_range(pl.len()) < 9).then(pl.lit("high")),
    )
    told = measures(judged(cases, promises_of(PROMISED)))
    assert {one["level"] for one in told if one["by"] == "category"} == {"delivery"}
    assert {one["answered"]["of"] for one in told} == {0}


@pytest.mark.parametrize("nameless", ["other", None])
def test_a_team_that_the_view_does_not_name_is_told_nowhere_nor_had_by_subtraction(nameless: str | None) -> None:
    """It may be of two people, however many customers and however much trouble it has."""
    cases = cases_of(8, rows=900)
    place = pl.int_range(pl.len()) % 3
    team = pl.when(place == 0).then(pl.lit("desk")).when(place == 1).then(pl.lit("lab")).otherwise(pl.lit(nameless))
    told = cases.with_columns(team=team, escalated=(place == 2).cast(pl.Int64))
    found = studied({"cases": told}, Question(as_of=AS_OF, promises=promises_of(PROMISED), seed=7, ear=shipped_ear()))
    assert len([one for one in found["service"] if one["by"] == "team"]) == 1
    assert {one["level"] for one in found["service"] if one["by"] == "team"} < {"desk", "lab"}
    assert not [one for one in found["findings"] if "team" in one["levels"]]


def test_a_case_of_which_nobody_said_whether_it_was_escalated_stops_no_study() -> None:
    cases = cases_of(1).with_columns(escalated=pl.when(pl.int_range(pl.len()) > 0).then("escalated"))
    told = studied({"cases": cases}, Question(as_of=AS_OF, promises=promises_of(PROMISED), seed=7, ear=shipped_ear()))
    assert told["findings"] == []


@pytest.mark.parametrize("hours", [{"high": [4]}, {"high": ["soon", 3]}, {"high": [9, 4]}, {"high": 4}])
def test_promises_that_make_no_sense_are_refused(hours: dict[str, Any]) -> None:
    with pytest.raises(RuleRefused, match="promise"):
        promises_of(hours)


def test_cases_of_the_future_are_refused() -> None:
    with pytest.raises(FrameRefused, match="age_hours"):
        judged(waiting("high", 1.0, -2), {"high": Promise(answered=4, solved=24)})


RULES = rules_from(shipped_rules())


def rule(**changed: Any) -> dict[str, Any]:
    """Write a rule."""
    plain = {"name": "one", "when": {"worse": "csat"}, "do": "Look.", "owner": "support", "days": 3}
    return plain | {"escalate": {"to": "head", "after_days": 2}} | changed


def test_shipped_rules_ask_for_what_was_told() -> None:
    parts = {"answers": answers_of_a_year(1), "cases": cases_of(1, trouble=0.6)}
    tasks = json.loads(asked(parts, rules=RULES)[1].part("tasks"))
    assert {one["rule"] for one in tasks} >= {"csat_fell", "goes_wrong"}
    assert json.loads(asked(parts, rules=RULES)[1].part("tasks")) == tasks
    assert json.loads(asked({"cases": cases_of(2)}, rules=RULES)[1].part("tasks")) == []


SHARE = {"figure": 0.7, "low": 0.65, "high": 0.75, "of": 300}
TOLD = {
    "changes": [
        {"kind": "csat", "channel": name, "alarming": name == "chat", "gap": {"figure": -0.2}}
        for name in ("chat", "web")
    ],
    "steps": [{"step": "delivery", "slower": True}, {"step": "order", "slower": False}],
    "service": [{"by": "priority", "level": "high", "answered": SHARE, "solved": SHARE | {"of": 0}}],
}
PROPOSED = [
    {"key": "a", "levels": {"team": "technical", "channel": "chat"}, "verdict": "proposed"},
    {"key": "b", "levels": {"team": "technical"}, "verdict": "refuted"},
]


@pytest.mark.parametrize(
    ("when", "subjects"),
    [
        ({"worse": "csat"}, ["csat chat"]),
        ({"worse": "csat", "channel": "web"}, []),
        ({"worse": "nps"}, []),
        ({"slower": "any"}, ["delivery"]),
        ({"slower": "order"}, []),
        ({"proposed": {}}, ["a"]),
        ({"proposed": {"channel": "chat"}}, ["a"]),
        ({"proposed": {"channel": "email"}}, []),
        ({"late": {"of": "answered", "by": "priority", "level": "high", "below": 0.8}}, ["answered priority high"]),
        ({"late": {"of": "answered", "by": "priority", "level": "high", "below": 0.74}}, []),
        ({"late": {"of": "solved", "by": "priority", "level": "high", "below": 0.8}}, []),
    ],
)
def test_a_rule_asks_where_its_condition_is_told(when: dict[str, Any], subjects: list[str]) -> None:
    found = tasks_of(TOLD, PROPOSED, rules_of([rule(when=when)]))
    assert [one.subject for one in found] == subjects
    assert len({one.key for one in found}) == len(found)


@pytest.mark.parametrize(
    "broken",
    [
        rule(days=0),
        rule(days="soon"),
        rule(owner=" "),
        rule(escalate={"to": "head"}),
        rule(when={"worse": "mood"}),
        rule(when={"better": "csat"}),
        rule(when={"late": {"of": "answered", "by": "priority", "level": "high"}}),
        rule(when={"late": {"of": "read", "by": "priority", "level": "high", "below": 0.5}}),
        rule(when="csat"),
        rule(colour="red"),
    ],
)
def test_rules_that_make_no_sense_are_refused_by_name(broken: dict[str, Any]) -> None:
    with pytest.raises(RuleRefused, match="one"):
        rules_of([rule(name="another"), broken])


def test_two_rules_of_one_name_are_refused() -> None:
    with pytest.raises(RuleRefused, match="two rules"):
        rules_of([rule(), rule()])
    with pytest.raises(ChildFailed, match="the file"):
        rules_from("worse: csat")


def test_what_came_between_two_studies_of_one_stretch_is_in_no_figure_of_service() -> None:
    """Else the difference of two studies would be one customer's case."""
    first = period_end(AS_OF, SERVICE_DAYS)
    cases = cases_of(3).with_columns(hours=pl.when(pl.col("age_days") < 9).then(None).otherwise("hours"))
    later = cases.with_columns(pl.col("age_days") + STUDY_DAYS, hours=pl.col("hours").fill_null(300.0))
    fresh = cases_of(4, rows=1).with_columns(age_days=pl.lit(3.0))
    question = Question(as_of=first, promises=promises_of(PROMISED), seed=7, ear=shipped_ear())
    then = studied({"cases": cases}, question)
    next_study = replace(question, as_of=first + timedelta(days=STUDY_DAYS))
    now = studied({"cases": pl.concat([later, fresh])}, next_study)
    assert then["service"] == now["service"] != []
    assert then["service_until"] == now["service_until"] == first.date().isoformat()


@given(st.datetimes(datetime(2023, 1, 1), datetime(2035, 1, 1)))  # noqa: DTZ001 - made UTC below
def test_a_study_ends_on_a_monday_of_the_grid_and_four_weeks_after_the_last(naive: datetime) -> None:
    at = naive.replace(tzinfo=UTC)
    end = period_end(at)
    assert end <= at < end + timedelta(days=STUDY_DAYS)
    assert (end.weekday(), end.hour, period_end(end)) == (0, 0, end)
    assert (end - period_end(at, SERVICE_DAYS)).days % STUDY_DAYS == 0


@pytest.mark.parametrize("trouble", [0.0, 0.6])
def test_a_cause_is_a_product_in_a_step_of_the_process_where_cases_tell_them(trouble: float) -> None:
    rng, cases = np.random.default_rng(80), cases_of(8, rows=1_500)
    product = rng.choice(["desks", "mobile", "reports"], cases.height)
    step = rng.choice(["order", "delivery"], cases.height)
    bad = (product == "desks") & (step == "delivery") & (rng.random(cases.height) < trouble)
    escalated = (pl.col("escalated") > 0) | pl.Series(bad)
    told = cases.with_columns(product=product, step=step, escalated=escalated.cast(pl.Int64))
    found = studied({"cases": told}, Question(as_of=AS_OF, promises=promises_of(PROMISED), seed=7, ear=shipped_ear()))[
        "findings"
    ]
    assert [one["levels"] for one in found] == ([{"product": "desks", "step": "delivery"}] if trouble else [])
    assert all(one["customers"] % 10 == one["texts"] % 10 == 0 for one in found)
