"""The demo's path and what goes wrong beside it, as steps for `canary_child`: name, words, standard input, codes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from hub.demo.exports import CONTRACTS
from tests.integration.canary_company import Planted, Spares
from tests.integration.canary_hostile import contracts, deliveries, row

DONE, UNEXPECTED, USAGE, REJECTS, REFUSED, UNREACHABLE = range(6)
KILLED: Final = -1
ANY: Final = frozenset(range(6))
HARMLESS: Final = frozenset({"csv-formula"})
"""Deliveries that look hostile and are taken in: a formula is a name like any other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One run of a command; `codes` are the exit codes it may end with."""

    name: str
    words: tuple[str, ...]
    codes: frozenset[int]
    stdin: str = ""
    actor: Path | None = None
    home: Path | None = None

    def written(self, environment: dict[str, str]) -> dict[str, Any]:
        """Write the step as the child reads it."""
        home = {} if self.home is None else {"VARDE_HOME": str(self.home)}
        step = {"name": self.name, "words": self.words, "stdin": self.stdin, "environment": environment | home}
        return step if self.actor is None else step | {"actor": str(self.actor)}


@dataclass(frozen=True, slots=True)
class Rooms:
    """Where everything of one run is: the hub's home, what it hands out, and what the test itself needs."""

    home: Path
    out: Path
    made: Path  # exports, broken files: full of tokens, never scanned
    notes: Path
    planted: Planted
    spares: Spares = field(default_factory=Spares)


def step(name: str, *words: str | Path, codes: int | frozenset[int] = DONE, **more: Any) -> Step:
    """Make a step from words."""
    wanted = codes if isinstance(codes, frozenset) else frozenset({codes})
    return Step(name=name, words=tuple(map(str, words)), codes=wanted, **more)


def person(rooms: Rooms, number: int) -> dict[str, str]:
    """Return the CRM's row of somebody who has an e-mail address and a telephone of their own."""
    people = rooms.planted.people
    alone = people.filter(people["epost"].is_unique() & people["telefon"].is_unique()).drop_nulls(["epost", "telefon"])
    return alone.row(number, named=True)


def good_path(rooms: Rooms) -> Iterator[Step]:
    """Go the way of the demo, through every command."""
    yield step("init", "init")
    yield step("init again", "init")
    yield step("doctor new", "doctor", "--format", "json", codes=ANY)
    pairs = [path for export in rooms.planted.exports for path in (export.contract_path, export.file_path)]
    yield step("check json", "source", "check", *pairs, "--format", "json", codes=REJECTS)
    yield step("check table", "source", "check", *pairs, codes=REJECTS)
    first = rooms.planted.exports[0]
    yield step("rehearse", "ingest", first.contract_path, first.file_path, "--dry-run", codes=REJECTS)
    for export in rooms.planted.exports:
        name = export.contract_path.stem
        yield step(f"ingest {name}", "ingest", export.contract_path, export.file_path, codes=REJECTS)
    yield step("ingest again", "ingest", first.contract_path, first.file_path, codes=ANY)
    yield from _after_ingest(rooms)
    yield from _people(rooms)
    yield from _views(rooms)
    yield from _predictions(rooms)
    yield from _acts(rooms)
    yield from _upkeep(rooms)


def _after_ingest(rooms: Rooms) -> Iterator[Step]:
    for form in ("table", "json", "csv"):
        yield step(f"quarantine {form}", "quarantine", "list", "--format", form)
        yield step(f"batches {form}", "batch", "list", "--format", form)
    yield step("batch", "batch", "show", "crm_people", "--format", "json")
    yield step("quarantine export", "quarantine", "export", "--out", rooms.out / "rejects.jsonl")
    yield step("quarantine retry", "quarantine", "retry", CONTRACTS / "crm_people.yaml", codes=REJECTS)


def _people(rooms: Rooms) -> Iterator[Step]:
    for name in ("scientist", "dpo", "service"):
        words = ("principal", "add", "-", "--role", name, "--purpose", "*", "--view", "*")
        yield step(f"add {name}", *words, "--token-file", rooms.made / name, stdin=rooms.spares.word() + "\n")
    yield step("principals", "principal", "list", "--format", "json")


def _views(rooms: Rooms) -> Iterator[Step]:
    spec = Path(CONTRACTS).parent.parent / "views" / "catalogue" / "churn_signals.yaml"
    yield step("view new", "view", "new", "churn_signals")
    yield step("view submit", "view", "submit", spec, actor=rooms.made / "scientist")
    yield step("view check", "view", "check", "churn_signals", actor=rooms.made / "dpo")
    yield step("view check json", "view", "check", "churn_signals", "--last", "--format", "json")
    yield step("view approve", "view", "approve", "churn_signals", actor=rooms.made / "dpo")
    yield step("view diff", "view", "diff", "churn_signals")
    yield step("view list", "view", "list", "--format", "json")
    yield step("view show", "view", "show", "churn_signals")
    read = ("view", "read", "churn_signals", "--purpose", "churn")
    for form in ("table", "json", "csv"):
        yield step(f"view {form}", *read, "--format", form)
    for ending in ("parquet", "arrow", "csv", "json"):
        out = ("--use", "help_offered", "--out", rooms.out / f"view.{ending}")
        yield step(f"view to {ending}", *read, *out, actor=rooms.made / "scientist")
    yield step("view for another purpose", "view", "read", "churn_signals", "--purpose", "winback", codes=REFUSED)


def _predictions(rooms: Rooms) -> Iterator[Step]:
    yield step("ready", "predict", "readiness", "churn", actor=rooms.made / "scientist")
    yield step("train", "predict", "train", "churn", actor=rooms.made / "scientist")
    yield step("score", "predict", "score", "churn", "--format", "json")
    yield step("card", "predict", "card", "churn")
    yield step("drift", "predict", "drift", "churn", "--format", "json")
    yield step("report", "predict", "report", "churn", "--format", "html")


def _acts(rooms: Rooms) -> Iterator[Step]:
    one, two, three, gone = (person(rooms, number) for number in range(4))
    yield step("show by e-mail", "consent", "show", f"email:{one['epost']}", "--format", "json")
    yield step("object by e-mail", "consent", "object", f"email:{one['epost']}", "churn")
    yield step("withdraw by telephone", "consent", "withdraw", f"phone:{two['telefon']}", "winback", codes=ANY)
    yield step("restrict by key", "consent", "restrict", f"crm:{three['kontakt_id']}")
    yield step("lift by key", "consent", "lift", "restriction", f"crm:{three['kontakt_id']}")
    yield step("give from standard input", "consent", "give", "-", "winback", stdin=f"email:{three['epost']}\n")
    yield step("show in a table", "consent", "show", "-", stdin=f"crm:{three['kontakt_id']}\n")
    yield step("erase rehearsed", "erase", f"email:{gone['epost']}", "--dry-run")
    yield step("erase", "erase", f"email:{gone['epost']}", "--yes")
    yield step("erased twice", "erase", f"email:{gone['epost']}", "--yes", codes=USAGE)
    yield step("show the erased", "consent", "show", f"crm:{gone['kontakt_id']}", codes=USAGE)
    yield step("choices", "subject-token", rooms.made / "choices", stdin=f"email:{two['epost']}")


def _upkeep(rooms: Rooms) -> Iterator[Step]:
    for form in ("table", "json"):
        yield step(f"audit log {form}", "audit", "log", "--limit", "500", "--format", form)
        yield step(f"doctor {form}", "doctor", "--format", form, codes=ANY)
    for words in (
        "audit verify",
        "audit checkpoint",
        "audit key",
        "lake fsck",
        "lake compact",
        "lake purge",
        "text redact-again",
    ):
        yield step(words, *words.split())
    yield step("lake sweep", "lake", "sweep")
    yield step("policy show", "policy", "show", "--format", "json")
    yield step("read after erasure", "view", "read", "churn_signals", "--purpose", "churn", "--format", "csv")


def bad_path(rooms: Rooms) -> Iterator[Step]:
    """Provoke an error of every kind."""
    yield from _mistyped(rooms)
    for hostile in deliveries(rooms.made / "hostile", rooms.spares):
        yield step(f"check {hostile.name}", "source", "check", hostile.contract, hostile.file, codes=ANY)
        codes = frozenset({DONE} if hostile.name in HARMLESS else {USAGE, REJECTS})
        yield step(f"ingest {hostile.name}", "ingest", hostile.contract, hostile.file, codes=codes)
    yield step("quarantine of the hostile", "quarantine", "list", "--format", "json")
    yield step("batches of the hostile", "batch", "list", "--format", "json")
    for name, path in contracts(rooms.made / "contracts", rooms.spares).items():
        yield step(f"contract {name}", "source", "check", path, rooms.made / "hostile" / "short.csv", codes=USAGE)
    yield from _inside(rooms)
    yield from _broken_homes(rooms)


def _mistyped(rooms: Rooms) -> Iterator[Step]:
    """Make the mistakes that people make with an address on the command line."""
    word = rooms.spares.word
    address = [f"email:{word()}@a.example" for _ in range(8)]
    lines: dict[str, Sequence[str]] = {
        "unknown person": ("consent", "show", address[0]),
        "unknown key": ("consent", "show", f"crm:{word()}"),
        "unknown kind": ("erase", f"{word()}:{word()}", "--yes"),
        "no kind": ("erase", word(), "--yes"),
        "unknown option": ("consent", "withdraw", address[1], "winback", "--purpose", word()),
        "option with a name": ("consent", "withdraw", address[2], "winback", f"--{word()}"),
        "option with a value": ("consent", "show", address[3], f"--format={word()}"),
        "one word too many": ("consent", "withdraw", address[4], "winback", word(), word()),
        "unknown purpose": ("consent", "withdraw", f"email:{person(rooms, 5)['epost']}", word()),
        "turned round": ("consent", "withdraw", "winback", address[5]),
        "unknown command": (word(),),
        "unknown noun": ("consent", word(), address[6]),
        "option before": (f"--{word()}", "consent", "show", address[7]),
        "lift what": ("consent", "lift", word(), word()),
    }
    for name, words in (lines | _mistyped_options(rooms)).items():
        code = frozenset({USAGE, REFUSED}) if name != "contract" else ANY
        yield step(f"mistyped {name}", *words, codes=code)
    yield step("mistyped on standard input", "consent", "show", "-", stdin=f"email:{word()}@a.example", codes=USAGE)


def _mistyped_options(rooms: Rooms) -> dict[str, Sequence[str]]:
    """Give each kind of argument and option a name where something else is meant."""
    word = rooms.spares.word
    return {
        "an instant": ("consent", "give", "crm:x", "winback", "--until", word()),
        "a number": ("audit", "log", "--limit", word()),
        "since": ("audit", "log", "--since", word()),
        "contract": ("quarantine", "list", "--contract", word()),
        "batch": ("batch", "show", word()),
        "view": ("view", "read", word(), "--purpose", "churn"),
        "view purpose": ("view", "read", "churn_signals", "--purpose", word()),
        "view shown": ("view", "show", word()),
        "view approved": ("view", "approve", word()),
        "view catalogue": ("view", "new", word()),
        "out": ("view", "read", "churn_signals", "--purpose", "churn", "--out", str(rooms.out / word() / "a.csv")),
        "ending": ("view", "read", "churn_signals", "--purpose", "churn", "--out", f"{word()}.doc"),
        "module": ("predict", "train", word()),
        "language": ("predict", "score", "churn", "--language", word()),
        "table": ("lake", "compact", word()),
        "pack": ("policy", "plan", f"{word()}.yaml"),
        "principal": ("principal", "revoke", word()),
        "role": ("principal", "add", word(), "--role", word()),
        "bytes that are no text": ("consent", "show", f"{word()}\udcff", word()),
        "folder": ("--home", str(rooms.made / word()), "audit", "log"),
    }


def _inside(rooms: Rooms) -> Iterator[Step]:
    def words() -> str:
        return " ".join(rooms.spares.word() for _ in range(3))

    for how in ("unit", "twice", "raw", "while_handling", "parameters"):
        yield step(f"sql {how}", "sql", how, stdin=words(), codes=frozenset({UNEXPECTED, UNREACHABLE}))
    for how in ("cast", "column", "lazy", "udf", "key", "unicode", "file", "group", "note"):
        yield step(f"inside {how}", "inside", how, stdin=words(), codes=UNEXPECTED)
    yield step("quiet", "quiet", stdin=words())
    for how in ("full", "cast"):
        file = rooms.made / f"{how}.ndjson"
        file.write_text(_tickets(rooms, how), encoding="utf-8")
        words_ = ("delivery", how, CONTRACTS / "support_messages.yaml", file)
        yield step(f"delivery {how}", *words_, codes=frozenset({UNEXPECTED, UNREACHABLE}))


def _broken_homes(rooms: Rooms) -> Iterator[Step]:
    email = f"email:{person(rooms, 0)['epost']}"
    first = rooms.planted.exports[0]
    read = ("view", "read", "churn_signals", "--purpose", "churn")
    broken = rooms.home.parent / "broken"
    for how in ("kek", "lake", "database", "garbage"):
        home = broken / how
        yield step(f"break {how}", "break-home", how, home, stdin=rooms.spares.word())
        for name, words in {
            "read": read,
            "show": ("consent", "show", email),
            "object": ("consent", "object", email, "churn"),
            "erase": ("erase", f"email:{person(rooms, 1)['epost']}", "--yes"),
            "ingest": ("ingest", first.contract_path, _fresh_copy(rooms, how)),
            "export": ("quarantine", "export", "--out", str(rooms.made / f"{how}.jsonl")),
            "fsck": ("lake", "fsck"),
            "doctor": ("doctor",),
        }.items():
            yield step(f"broken {how} {name}", *words, home=home, codes=ANY)


def _fresh_copy(rooms: Rooms, name: str) -> str:
    """Write a delivery of companies that nobody has taken in before."""
    first = rooms.planted.exports[0].file_path
    path = rooms.made / f"{name}-{first.name}"
    path.write_bytes(first.read_bytes().rstrip() + b"\n" + first.read_bytes().splitlines()[1] + b"\n")
    return str(path)


def _tickets(rooms: Rooms, name: str) -> str:
    """Write tickets whose texts hold new tokens, from people who are known."""
    lines = rooms.planted.exports[-1].file_path.read_text(encoding="utf-8").splitlines()[20:60]
    return "".join(
        line.replace('"id":"', f'"id":"{name}').replace('"text":"', f'"text":"{rooms.spares.word()} ') + "\n"
        for line in lines
    )


def crash(rooms: Rooms, name: str) -> Step:
    """Die by kill -9 in the middle of a delivery; what was staged stays."""
    if name == "people":
        file = rooms.made / "dying.csv"
        file.write_text(
            "\n".join(["no;name;mail;born;group;since", *(row(rooms.spares) for _ in range(40)), ""]), "utf-8"
        )
        return step(
            "dying people",
            "delivery",
            "indexes_staged",
            rooms.made / "hostile" / "csv.yaml",
            file,
            codes=frozenset({KILLED}),
        )
    file = rooms.made / "dying.ndjson"
    file.write_text(_tickets(rooms, "dying"), encoding="utf-8")
    words = ("delivery", "lake_staged", CONTRACTS / "support_messages.yaml", file)
    return step("dying texts", *words, codes=frozenset({KILLED}))
