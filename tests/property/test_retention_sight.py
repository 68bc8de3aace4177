"""What a read may see, asked of the scan and asked of every row by itself: one answer."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update
from sqlmodel import col

from hub.compose import Hub
from hub.lake import catalogue
from hub.lake.reading import reading
from hub.lake.terms import FileState
from hub.retention.sight import Sight
from ingest.canonical.catalogue import lake_table_of
from ingest.tables.identity import Crosswalk
from privacy.purposes import Policy
from privacy.retention import Bookkeeping, HoldStart, RetentionRule, RetentionStart, StatutoryHold
from privacy.store.epoch import bump_epoch
from privacy.terms import DataCategory, EntityKind
from tests.builders import Named, an_id, name_all
from tests.retention_builders import NOW, days_ago, is_held, is_over, land, rows_of

PEOPLE = (1, 2, 3)  # 1 and 2 are one person; a row of nobody's is an organisation's: 4
BEHAVIOUR, TEXT = DataCategory.BEHAVIOUR, DataCategory.REDACTED_TEXT
AGES = st.sampled_from([0, 1, 29, 30, 31, 89, 90, 91, 364, 365, 366, 730, 731, 1095, 1096, 2000, 3000])
PERIODS = st.sampled_from([{"days": 30}, {"days": 365}, {"months": 1}, {"months": 3}, {"months": 24}])
STARTS = st.sampled_from([RetentionStart.EVENT_TIME, RetentionStart.LAST_CONTACT, RetentionStart.RELATION_END])
LAW = StatutoryHold(
    name="books",
    country="NO",
    tables=frozenset({"messages"}),
    months=60,
    after=HoldStart.FINANCIAL_YEAR,
    purpose="bookkeeping",
    source="section 13",
)
FLAG = st.booleans()
WHO = st.sampled_from(PEOPLE)
ANYBODY = st.sampled_from((*PEOPLE, 4, 0))
MESSAGE = st.fixed_dictionaries(
    {"who": ANYBODY, "age": AGES, "direction": st.sampled_from(["in", "out"]), "hours": st.integers(0, 23)}
)


def a_rule(category, purpose, starts, period) -> RetentionRule:
    return RetentionRule(table="messages", data_category=category, purpose=purpose, starts=starts, **period)


@st.composite
def policies(draw) -> Policy:
    pairs = [(category, purpose) for category in (BEHAVIOUR, TEXT) for purpose in (None, "churn")]
    rules = [a_rule(category, purpose, draw(STARTS), draw(PERIODS)) for category, purpose in pairs if draw(FLAG)]
    laws = (LAW,) if draw(FLAG) else ()
    return Policy(
        version=1,
        purposes=(),
        retention=tuple(rules),
        statutory_holds=laws,
        bookkeeping=Bookkeeping(countries=frozenset({"NO"}), financial_year_starts=draw(st.sampled_from([1, 7]))),
    )


@pytest.fixture
def people(hub_factory) -> Hub:
    hub = hub_factory()
    with hub.unit_of_work() as session:
        name_all(session, [Named(1, 1), Named(2, 1), Named(3, 3)], EntityKind.PERSON)
    return hub


def as_rows(messages) -> list[dict]:
    return [
        {
            "person": an_id(each["who"]) if each["who"] in PEOPLE else None,
            "organisation": an_id(4) if each["who"] == 4 else None,
            "event_time": days_ago(each["age"]) - timedelta(hours=each["hours"]),
            "event_id": number,
            "direction": each["direction"],
            "text_redacted": "hei",
        }
        for number, each in enumerate(messages)
    ]


class Oracle:
    """Answers for one row at a time."""

    def __init__(self, policy: Policy, purpose: str, rows: list[dict], orders: list[dict]) -> None:
        self.policy, self.purpose, self.on = policy, purpose, NOW.date()
        self.contact: dict[int, datetime] = defaultdict(lambda: datetime.min.replace(tzinfo=UTC))
        self.end = self.contact.copy()
        for row in rows:
            if row["direction"] == "in" and self._entity(row):
                self._later(self.contact, row)
        for row in orders:
            self._later(self.contact, row)
            self._later(self.end, row)

    @staticmethod
    def _entity(row: dict) -> int:
        """Return 1 for the person of two records, 4 for the organisation, 0 for nobody."""
        return {an_id(1): 1, an_id(2): 1, an_id(3): 3, an_id(4): 4}.get(row["person"] or row.get("organisation"), 0)

    def _later(self, known: dict[int, datetime], row: dict) -> None:
        known[self._entity(row)] = max(known[self._entity(row)], row["event_time"])

    def _rules(self, category: DataCategory) -> list[RetentionRule]:
        said = [rule for rule in self.policy.retention if rule.data_category is category]
        every = [rule for rule in said if rule.purpose is None] or [
            RetentionRule(table="messages", data_category=category, days=730)
        ]
        return every + [rule for rule in said if rule.purpose == self.purpose]

    def _start(self, rule: RetentionRule, row: dict) -> datetime:
        known = {RetentionStart.LAST_CONTACT: self.contact, RetentionStart.RELATION_END: self.end}.get(rule.starts, {})
        found = known.get(self._entity(row))
        return row["event_time"] if found is None or found.year == 1 else found

    def over(self, category: DataCategory, row: dict) -> bool:
        return any(is_over(rule, self._start(rule, row), self.on) for rule in self._rules(category))

    def seen(self, row: dict) -> tuple | None:
        gone = self.over(BEHAVIOUR, row) and self.over(TEXT, row)
        if gone and self.purpose == "bookkeeping" and self.policy.statutory_holds:
            gone = not is_held(LAW, self.policy, row["event_time"], self.on)
        if gone:
            return None
        direction = None if self.over(BEHAVIOUR, row) else row["direction"]
        return (row["event_id"], direction, None if self.over(TEXT, row) else row["text_redacted"])


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    policies(),
    st.lists(MESSAGE, max_size=12),
    st.lists(st.fixed_dictionaries({"who": WHO, "age": AGES}), max_size=3),
    st.fixed_dictionaries(
        {
            "purpose": st.sampled_from(["churn", "winback", "bookkeeping"]),
            "few": st.sampled_from([0.0, 0.1, 1.0]),
            "until_age": AGES,
        }
    ),
)
def test_the_scan_shows_what_each_row_by_itself_would_show(people: Hub, policy, messages, orders, how) -> None:
    """Each example is asked of one hub, which remembers what it worked out for the examples before."""
    purpose, until = how["purpose"], days_ago(how["until_age"]) + timedelta(hours=1)
    every = as_rows(messages)
    bought = [{"person": an_id(o["who"]), "event_time": days_ago(o["age"]), "status": "placed"} for o in orders]
    empty(people)
    if every:
        land(people, "messages", every)
    if bought:
        land(people, "orders", bought)
    oracle = Oracle(policy, purpose, every, bought)
    rows = [row for row in every if row["event_time"] < until]
    expected = sorted(seen for row in rows if (seen := oracle.seen(row)) is not None)
    with reading(people.lake) as reader, pytest.MonkeyPatch.context() as patched:
        patched.setattr("hub.retention.sight._FEW", how["few"])  # both ways, however few owners there are
        sight = Sight(reader, policy, purpose, at=NOW)
        with people.reading() as session:
            sight.know_records(session, ("messages",))
        frame = reader.collect(sight.scan("messages", until=until))
        parts = reader.collect(pl.concat(sight.parts("messages", until=until)))
        assert parts.sort("event_id").equals(frame.sort("event_id"))
        assert frame.schema == lake_table_of("messages").schema
        found = sorted(frame.select("event_id", "direction", "text_redacted").iter_rows())
        subjects = pl.DataFrame({"record": [an_id(p) for p in PEOPLE], "subject": [0, 0, 1]})
        of_people = [row for row in rows if row["person"]]
        there = {0 if Oracle._entity(row) == 1 else 1 for row in of_people if oracle.seen(row)}
        had = {0 if Oracle._entity(row) == 1 else 1 for row in of_people}
        sight = Sight(reader, policy, purpose, at=NOW)  # whom one scan left out, whichever way it scanned
        with people.reading() as session:
            sight.know_records(session, ("messages",))
        sight.parts("messages", until=until)
        seen = pl.DataFrame({"subject": sorted(there)}, schema={"subject": pl.Int64})
        assert sight.withheld(subjects, seen, "person") == len(had - there)
    assert found == expected


def empty(hub: Hub) -> None:
    """Take all files out of the catalogue, so that each example has its own rows."""
    with hub.unit_of_work() as session:
        for file in catalogue.files_of(session, states=[FileState.LIVE]):
            catalogue.declare_lost(session, file.file_id, operation_id=an_id(1), at=NOW)


def test_a_table_without_old_rows_is_scanned_as_it_is(people: Hub) -> None:
    """No rule bites, so the plan of the scan is the plain one."""
    land(people, "messages", as_rows([{"who": 1, "age": 1, "direction": "in", "hours": 0}]))
    policy = Policy(version=1, purposes=())
    with reading(people.lake) as reader:
        sight = Sight(reader, policy, "churn", at=NOW)
        assert sight.scan("messages", until=NOW).explain() == reader.scan("messages", until=NOW).explain()


def test_no_rows_are_no_rows(people: Hub) -> None:
    with reading(people.lake) as reader:
        frame = Sight(reader, Policy(version=1, purposes=()), "churn", at=NOW).scan("messages", until=NOW)
        assert reader.collect(frame).equals(rows_of("messages", []))


def test_who_becomes_one_person_is_one_at_the_very_next_read(people: Hub) -> None:
    """What was remembered for the same files is of another epoch."""
    rules = tuple(a_rule(each, None, RetentionStart.LAST_CONTACT, {"days": 365}) for each in (BEHAVIOUR, TEXT))
    policy = Policy(version=1, purposes=(), retention=rules)
    told = [{"who": 3, "age": 400, "direction": "in", "hours": 0}, {"who": 1, "age": 1, "direction": "in", "hours": 0}]
    empty(people)
    land(people, "messages", as_rows(told))

    def seen() -> list[int]:
        with reading(people.lake) as reader:
            sight = Sight(reader, policy, "churn", at=NOW)
            with people.reading() as session:
                sight.know_records(session, ("messages",))
            return sorted(reader.collect(sight.scan("messages", until=NOW))["event_id"])

    assert seen() == seen() == [1]
    with people.unit_of_work() as session:
        first = select(col(Crosswalk.entity_id)).where(col(Crosswalk.record_id) == an_id(1))
        entity = session.execute(first).scalar_one()
        session.execute(update(Crosswalk).where(col(Crosswalk.record_id) == an_id(3)).values(entity_id=entity))
        bump_epoch(session, [an_id(3)], kind="crosswalk")
    assert seen() == [0, 1]
