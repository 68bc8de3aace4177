"""Whatever breaks the audit log, no command hands out customer data: every command of the program is tried or excused.

A new command fails `test_every_command_is_tried_or_excused` until somebody says which it is.
"""

import re
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import polars as pl
import pytest
import typer
from sqlalchemy import event
from sqlalchemy.engine import Engine
from typer.testing import Result

from hub.cli.app import make_app
from hub.compose import open_hub
from hub.consents import find_subject
from hub.predictions import service
from hub.settings import Settings
from ingest.match.saved import shipped
from ingest.store.match_edge import put_edges
from predict.wire import Message, arrow
from privacy.store.bulk import Columns, Same
from tests import audit_faults
from tests.audit_faults import broken
from tests.integration.cli_desk import VIEW, Desk, stocked

ID: Final = r"\b[0-9a-f]{32}\b"
TAUGHT: Final = (
    VIEW.replace("name: shopping", "name: taught")
    + """label:
  name: churned
  horizon_days: 30
  any_of:
    - {none_within: [{table: orders}]}
"""
)


@dataclass(frozen=True)
class Tried:
    """A call that succeeds in a healthy hub, and what of its output must not leave a broken one."""

    words: str
    canary: str
    role: str | None = None


TRIED: Final = {
    "view read": Tried("view read shopping --purpose churn --as-of 2025-06-01 --format csv", ID, "scientist"),
    "view read --out": Tried(
        "view read shopping --purpose churn --as-of 2025-06-01 --use model_trained --out {out}", ID, "scientist"
    ),
    "view check": Tried("view check shopping --format csv", "unlike any other", "dpo"),
    "view explain": Tried("view explain shop:1 shopping --format csv", "in_view", "dpo"),
    "quarantine export": Tried("quarantine export --out {out}", "Eva Eng"),
    "source check": Tried(
        "source check {folder}/people.yaml {folder}/people.csv --format csv", "customer is on record"
    ),
    "consent show": Tried("consent show shop:1 --format json", ID, "agent"),
    "contact show": Tried("contact show shop:1 --format json", "time_zone", "agent"),
    "principal list": Tried("principal list --format csv", "the scientist", "dpo"),
    "subject token list": Tried("subject token list shop:1 --format csv", ID, "dpo"),
    "subject accesses": Tried("subject accesses shop:1 --format csv", "churn", "dpo"),
    "reveal open": Tried(
        "reveal open {pseudonym} --purpose churn --reason help_offered --format csv", "example.org", "success"
    ),
    "reveal open --sources": Tried(
        "reveal open {pseudonym} --purpose churn --reason help_offered --sources", "example.org", "success"
    ),
    "match open": Tried("match open shop:1 shop:2 --reason household --format csv", "example.org"),
    "request export": Tried("request export {request} --to {out} --form json", "astrid.aas@example.org", "dpo"),
    "predict readiness": Tried("predict readiness churn --view taught --format json", "enough", "scientist"),
    "predict train": Tried("predict train churn --view taught", ID, "scientist"),
    "predict score": Tried("predict score churn --as-of 2025-06-01 --format csv", ID, "scientist"),
    "audit export": Tried("audit export", r'"log":|"body":|"entry":', "dpo"),
}

COUNTS: Final = "says how many, of which rule or column; no value and nobody's id leaves"
RULES: Final = "shows or changes rules: specs, purposes, domains, contracts; nothing about a customer"
LOG: Final = "shows or proves the log itself: random references, hashes, signatures; it has to work on a broken log"
UPKEEP: Final = "keeps the house: files, schemas, keys; prints counts"
STEP: Final = "a step of a subject request: its random id, its right and its deadline, never who asked"
ACT: Final = "records what a person or a colleague wants; prints how many records or the new credential, this once"

EXCUSED: Final = {
    "demo": "invents its customers, in a home of its own",
    "init": UPKEEP,
    "migrate": UPKEEP,
    "doctor": UPKEEP,
    "version": UPKEEP,
    "serve": "its routes are enumerated in tests/api/test_routes_fail_closed.py",
    "ingest": COUNTS,
    **dict.fromkeys(("erase person", "erase verify", "erase certificate"), COUNTS),
    "backup": "copies what is sealed, without the key that opens it",
    "restore": UPKEEP,
    "quarantine list": COUNTS,
    "quarantine retry": COUNTS,
    "batch list": COUNTS,
    "batch show": COUNTS,
    "outbox list": COUNTS,
    **dict.fromkeys(("recipient add", "recipient remove", "recipient list", "recipient notices"), RULES),
    "recipient send": "hands over notices that the log was told of first; test_recipients breaks the log",
    "outbox send": "hands over letters that the log was told of first; test_outbox breaks the log",
    "request review": "a score in words to its human reviewer, audited by hub.me.scores before the lake is read",
    **dict.fromkeys(("predict report", "predict card"), "figures of a model over groups; its file names nobody"),
    **dict.fromkeys(
        ("predict drift", "predict recalibrate", "predict compare", "predict review", "predict worth"),
        "figures of a model over groups, from the audited reads of predict score and predict train",
    ),
    **dict.fromkeys(("winback playbook", "winback list", "winback size"), RULES),
    "service load": "figures of all cases by day and topic, of an audited read (test_view_catalogue_gate)",
    **dict.fromkeys(("service limits", "service visits"), "rows of a view, audited first (test_view_catalogue_gate)"),
    **dict.fromkeys(("winback template first", "winback template add", "winback template approve"), RULES),
    **dict.fromkeys(("winback template list", "winback template show"), RULES),
    **dict.fromkeys(("winback draw", "winback write", "winback letters", "winback note"), COUNTS),
    **dict.fromkeys(("winback edit", "winback propose", "winback approve", "winback refuse"), ACT),
    "winback show": "one letter's text, opened once the log was told; test_winback_letters breaks the log",
    "winback send": "hands over letters that the log was told of first; test_winback_letters breaks the log",
    **dict.fromkeys(("winback report", "winback stamps"), "figures of arms and of approvers; no customer is in them"),
    **dict.fromkeys(
        ("winback diagnose", "winback due"), "rows of two views, each release audited first (test_winback_campaigns)"
    ),
    **dict.fromkeys(
        ("voice study", "voice page", "voice findings"),
        "figures of ten customers and more; each view is released by the gate, audited first",
    ),
    **dict.fromkeys(("voice rules", "voice tasks"), "what is to be done about figures; names nobody"),
    **dict.fromkeys(("voice judge", "voice close", "voice answered"), ACT),
    "voice alerts list": "opened once the log was told; test_voice_alerts breaks the log",
    "voice alerts look": "reads through the gate, audited first, and tells a count; test_voice_alerts breaks the log",
    **dict.fromkeys(("voice alerts acknowledge", "voice alerts close"), ACT),
    "voice alerts rules": RULES,
    "voice library": "approved answers to start from; no customer is in them",
    "voice answers": "redacted threads of a view that the gate releases, audited first (test_voice)",
    "voice evidence": "what a colleague wrote, told to the log before it is opened (test_voice)",
    "predict texts": "what is heard in messages, from a view that the gate releases, audited first; no text leaves",
    "predict triggers": RULES,
    "predict suggest": "rows of two views, each release audited first (test_next_need_suggestions)",
    "predict next": "rows of a view, its release audited first (test_demo_catalogue); nothing is kept",
    "predict when": "rows of two views, their releases audited first (test_next_need_reaching); nothing is kept",
    "predict adopt": RULES,
    "predict act": ACT,
    **dict.fromkeys(("source schema", "policy default", "policy show", "policy plan", "policy apply"), RULES),
    **dict.fromkeys(("policy agree", "policy reconsent"), RULES),
    **dict.fromkeys(("survivorship default", "survivorship show", "survivorship apply"), RULES),
    **dict.fromkeys(("notice list", "notice show", "notice export", "notice keep"), RULES),
    **dict.fromkeys(("domain list", "domain show", "domain approve", "reveal rules"), RULES),
    "view recalls": "pseudonyms that their holder has already, each release audited first (test_routes_fail_closed)",
    "view materialise": "rows stay sealed in the lake; tells a count",
    **dict.fromkeys(
        ("view new", "view catalogue", "view submit", "view approve", "view revoke", "view list", "view show"), RULES
    ),
    **dict.fromkeys(("view refuse", "view diff"), RULES),
    **dict.fromkeys(("consent give", "consent withdraw", "consent object", "consent restrict", "consent lift"), ACT),
    **dict.fromkeys(("consent import", "consent ask", "contact set", "contact allow", "contact refuse"), ACT),
    **dict.fromkeys(("suppression import", "suppression lift", "suppression decide"), ACT),
    "suppression list": "counts and words; the ids of sets are random, and name nobody",
    **dict.fromkeys(("principal add", "principal grant", "principal revoke"), ACT),
    **dict.fromkeys(("subject token issue", "subject token revoke"), ACT),
    **dict.fromkeys(("reveal request", "reveal approve", "reveal list"), "names a pseudonym at most, nobody behind it"),
    **dict.fromkeys(("request open", "request list", "request show", "request ask", "request identify"), STEP),
    **dict.fromkeys(("request correct", "request restrict", "request balance", "request erase"), STEP),
    **dict.fromkeys(("request start", "request extend", "request refuse", "request fulfil"), STEP),
    **dict.fromkeys(("audit log", "audit verify", "audit checkpoint", "audit key", "audit continue"), LOG),
    **dict.fromkeys(("audit rebuild", "audit reconcile", "audit prove", "audit receipt", "audit verifier"), LOG),
    **dict.fromkeys(("audit anchor", "audit anchors", "audit accept-gap"), LOG),
    **dict.fromkeys(("retention plan", "retention run", "retention list"), COUNTS),
    **dict.fromkeys(("hold add", "hold lift", "hold list"), ACT),
    "text redact": "a message that whoever asks brings along; nothing of the hub is read",
    "text redact-again": UPKEEP,
    **dict.fromkeys(("receipt keys", "receipt verify"), "public keys, and a receipt that its holder brings along"),
    **dict.fromkeys(("lake fsck", "lake compact", "lake purge", "lake sweep"), UPKEEP),
    **dict.fromkeys(("keys status", "keys rotate-kek", "keys rotate-domain", "keys rotate-suppression"), UPKEEP),
    **dict.fromkeys(("keys retire", "keys rotate-matching"), UPKEEP),
    **dict.fromkeys(("match evaluate", "match explain"), "reads a file that it is given, and no home"),
    "match train": "reads a file, or opens people whom the log was told of first; writes shares, no value",
    **dict.fromkeys(("match use", "match models"), RULES),
    **dict.fromkeys(("match review", "match why"), "closeness and weights between random record ids; no value leaves"),
    "match find": "closeness and weights, as match why; the log is told first of whoever is opened (test_match_lookup)",
    **dict.fromkeys(("match decide", "match undo"), ACT),
    "match rebuild": COUNTS,
    **dict.fromkeys(
        ("witness init", "witness key", "witness trust", "witness logs", "witness serve"),
        "keeps other hubs' checkpoints; has no customers",
    ),
}
"""Commands that release no customer data, and why."""


def commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[str]:
    if not hasattr(command, "commands"):
        yield " ".join(path)
        return
    for name, inner in command.commands.items():
        yield from commands(inner, (*path, name))


def test_every_command_is_tried_or_excused() -> None:
    known = {name.partition(" --")[0] for name in TRIED} | EXCUSED.keys()
    assert set(commands(typer.main.get_command(make_app()))) - known == set()


class Child:
    """Stands for the process that learns and scores; a frame that reaches it has left the gate."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, action: str, _module: str, message: Message) -> Message:
        self.asked += 1
        if action == "train":
            return Message({}, {"artefact": b"{}", "report": b'{"summary": "learned"}'})
        if action == "readiness":
            return Message({}, {"readiness": b'{"grade": "enough", "findings": []}'})
        frame = message.frame("frame")
        scores = frame.select(
            "pseudonym",
            "as_of",
            pl.lit(0.5).alias("probability"),
            pl.lit(0.4).alias("low"),
            pl.lit(0.6).alias("high"),
            pl.lit("high").alias("band"),
            *(pl.lit("orders").alias(f"reason_{n}") for n in (1, 2, 3)),
        )
        return Message(
            {},
            {"scores": arrow(scores), "reasons": arrow(scores.select("pseudonym", "as_of"))},
            {"scores": "arrow", "reasons": "arrow"},
        )


@pytest.fixture(scope="module")
def child() -> Iterator[Child]:
    """Replaces the child process by one that only notes that it was asked."""
    with pytest.MonkeyPatch.context() as patch:
        stand_in = Child()
        patch.setattr(service, "ask", stand_in)
        yield stand_in


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, child: Child) -> Desk:
    """A hub that has something to show to every command that is tried."""
    return prepared(stocked(tmp_path_factory.mktemp("closed")))


def prepared(found: Desk) -> Desk:
    """Bring a stocked desk to where every command that is tried has something to show."""
    scope = ("--purpose", "*", "--view", "*")
    success = found.run("principal", "add", "the success", "--role", "success", *scope).stdout.strip()
    found = replace(found, tokens={**found.tokens, "success": success})
    found_alike(found, "shop:1", "shop:2")
    done(found.run("view", "submit", found.file("taught.yaml", TAUGHT), role="scientist"))
    for view in ("shopping", "taught"):
        done(found.run("view", "approve", view, "--unchecked", "no_data_yet", role="dpo"))
    done(found.run("subject", "token", "issue", "shop:1"))
    done(found.run("consent", "object", "shop:1", "winback"))
    request = REQUEST[found.folder] = done(found.run("request", "open", "access", role="dpo")).stdout.strip()
    done(found.run("request", "identify", request, "shop:1", "--proof", "one_time_code", role="dpo"))
    done(found.run("request", "start", request, role="dpo"))
    return found


def found_alike(desk: Desk, *names: str) -> None:
    """Note an edge between two records as matching by a model does: only who is alike is opened for review."""
    hub = open_hub(Settings.load(desk.environment, desk.home))
    smaller, larger = sorted(bytes(find_subject(hub, name).records[0]) for name in names)
    edge: Columns = {
        "record_id": [smaller],
        "other_record": [larger],
        "probability": [0.5],
        "weight": [0.0],
        "rule": [""],
    }
    numbers: Columns = {"closing": [False], "levels": [b""], "weights": [b""], "model": Same(shipped().digest)}
    with hub.unit_of_work() as session:
        put_edges(session, {**edge, **numbers})
    hub.engine.dispose()
    hub.keystore.engine.dispose()


def done(result: Result) -> Result:
    assert result.exit_code in {0, 3}, result.output
    return result


def call(desk: Desk, name: str) -> tuple[Result, Path]:
    """Type the words of an example; return the answer and the file that it may have written."""
    tried = TRIED[name]
    out = desk.folder / "out.csv"
    for left in out.parent.glob("out.csv*"):  # the file, and the one beside it that says what it is for
        left.unlink()
    known = {"pseudonym": PSEUDONYM.get(desk.folder, ""), "request": REQUEST[desk.folder]}
    words = tried.words.format(out=out, folder=desk.folder, **known)
    return desk.run(*words.split(), role=tried.role), out


PSEUDONYM: Final[dict[Path, str]] = {}
REQUEST: Final[dict[Path, str]] = {}


def healthy(desk: Desk, name: str) -> None:
    """Show that the example hands out its canary where the log is sound: else it would prove nothing."""
    if desk.folder not in PSEUDONYM:
        rows = done(desk.run(*TRIED["view read"].words.split(), role="scientist")).stdout.splitlines()
        PSEUDONYM[desk.folder] = max(rows[1:], key=lambda row: int(row.split(",")[1])).split(",")[0]
    result, out = call(desk, name)
    done(result)
    left = result.stdout + (out.read_text(encoding="utf-8") if out.exists() else "")
    assert re.search(TRIED[name].canary, left), left


@pytest.mark.parametrize("name", TRIED)
def test_no_command_hands_out_a_canary_while_the_log_takes_no_entry(desk: Desk, child: Child, name: str) -> None:
    if name == "predict score":
        healthy(desk, "predict train")
    healthy(desk, name)
    faults = audit_faults.STATEMENTS if name == "view read" else ("leaf_refused", "head_removed")
    for fault in faults:
        asked = child.asked
        with broken(desk.home / "control.db", fault):
            result, out = call(desk, name)
        assert result.exit_code not in {0, 3}, fault
        assert re.search(TRIED[name].canary, result.output) is None, fault
        assert not out.exists(), fault
        assert child.asked == asked, fault
    healthy(desk, name)


def test_nothing_is_handed_out_on_a_full_disk(desk: Desk) -> None:
    """A full disk refuses the first entry that needs a page; what was handed out until then has its entry."""
    healthy(desk, "view read")
    limit, told = audit_faults.limit_pages(desk.home / "control.db"), intents(desk)
    event.listen(Engine, "connect", refuse := lambda connection, _entry: limit(connection))
    try:
        results = [call(desk, "view read")[0] for _ in range(12)]
    finally:
        event.remove(Engine, "connect", refuse)
    refused = [result for result in results if result.exit_code != 0]
    assert refused, "the disk was never full"
    assert all(re.search(ID, result.output) is None for result in refused)
    assert intents(desk) - told >= len(results) - len(refused)


def test_nothing_is_handed_out_while_somebody_holds_the_log(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    healthy(desk, "view read")
    monkeypatch.setattr("hub.database.engine._PRAGMAS", short_of_patience())
    other = sqlite3.connect(desk.home / "control.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        result, _ = call(desk, "view read")
    finally:
        other.execute("ROLLBACK")
        other.close()
    assert result.exit_code == 5, result.output
    assert re.search(ID, result.output) is None


def short_of_patience() -> tuple[str, ...]:
    from hub.database import engine

    return tuple("PRAGMA busy_timeout = 50" if "busy_timeout" in each else each for each in engine._PRAGMAS)


def intents(desk: Desk) -> int:
    with sqlite3.connect(desk.home / "control.db") as connection:
        (count,) = connection.execute("SELECT count(*) FROM view_release").fetchone()
    connection.close()
    return int(count)


@pytest.fixture
def own(desk: Desk, tmp_path: Path) -> Desk:
    """A copy of the desk for a test that erases somebody: the others may run after it, in any order."""
    shutil.copytree(desk.folder, tmp_path / "own")
    copy = Desk(tmp_path / "own", desk.tokens)
    REQUEST[copy.folder] = REQUEST[desk.folder]
    return copy


def test_a_model_knows_whom_it_learned_from_until_they_are_erased(own: Desk) -> None:
    healthy(own, "predict train")
    hub = open_hub(Settings.load({}, own.home))
    people = {key: find_subject(hub, f"shop:{key}").records for key in ("1", "6")}
    learned = {key: bool(service.models_of(hub, records)) for key, records in people.items()}
    assert learned == {"1": True, "6": False}, "6 never ordered, so was in no cut"
    done(own.run("erase", "shop:1", "--yes"))
    assert service.models_of(hub, people["1"]) == []
    assert "train it anew by" in call(own, "predict score")[0].stderr
    hub.engine.dispose()
    hub.keystore.engine.dispose()
