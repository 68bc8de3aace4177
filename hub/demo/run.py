"""The whole house in one go.

Messy exports of seven systems in, audited churn scores out, through the very doors that real data uses.

Nothing here is special: the same contracts, pipeline, gate, child process and log as in production. Only the
company is made up, and two persons (a scientist who submits the view, a DPO who approves it) act from one OS
account, which the summary says.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC
from pathlib import Path
from typing import Any, Final

import polars as pl

from hub.authentication import Scope, acting_principal, add, authenticate
from hub.compose import Clock, Hub, open_hub
from hub.consents import Subject, Wish, record_wish
from hub.demo.company import Company, generate
from hub.demo.exports import write_exports
from hub.demo.truth import MergeQuality, merge_quality
from hub.errors import HomeUnsafe
from hub.home import make_home
from hub.inspection.check import check
from hub.predictions.service import Scored, Trained, score, train
from hub.settings import Settings
from hub.views.gateway import PSEUDONYM, Gateway
from hub.views.load import catalogue_text
from hub.views.registry import Approval, approve, submit
from ingest.contract.load import load_contract
from ingest.pipeline.delivery import Summary, ingest_file
from ingest.store.identity import count_entities, records_of_entity
from privacy.pseudonym import entity_of
from privacy.store.audit_verify import Verdict, verify_log
from privacy.store.principal import EVERYTHING, Principal
from privacy.terms import ActChannel, ConsentAct, EntityId, Pseudonym, Role

VIEW: Final = "churn_signals"
MARKER: Final = ".varde-demo"
Tell = Callable[[str, int, int], None]
"""Told a step's plain name, how many units of it are done, and how many there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoResult:
    """What the demo shows at its end.

    - `summaries`: one per delivered file; `entities`: resolved customers by kind; `merge`: against the known truth;
    - `approval`, `absent`: the view's approval, and customers left out of its read by rule;
    - `trained`, `scored`: the model with its report, the scores with reasons;
    - `opted_out_gone`: a customer at risk opted out, and the very next read did not return them;
    - `verdict`: the audit log recomputed from its bodies.
    """

    home: Path
    summaries: list[Summary]
    entities: dict[str, int]
    merge: MergeQuality
    approval: Approval
    absent: dict[str, int]
    trained: Trained
    scored: Scored
    opted_out_gone: bool
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How large a company to make up, from which seed."""

    people: int
    organisations: int
    seed: int


def run(folder: Path, size: Size, *, clock: Clock, tell: Tell) -> DemoResult:
    """Run the demo in a folder of its own: `home` and the made-up `exports` below it.

    Raises:
        HomeUnsafe: the folder exists and is not an earlier demo.

    """
    _fresh(folder)
    settings = replace(Settings.load({}, folder / "home"), token=None)
    tell("Making a home: keys, databases, lake, policy", 0, 1)
    make_home(settings, clock=clock)
    hub = open_hub(settings, clock=clock)
    me = acting_principal(hub)
    until = clock().astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    tell("Making up a Nordic company and its systems' exports", 0, 1)
    company = generate(size.seed, size.people, organisations=size.organisations, until=until)
    summaries = _deliver(hub, me, company, folder / "exports", tell)
    scientist, dpo = _colleague(hub, me, "scientist", Role.SCIENTIST), _colleague(hub, me, "dpo", Role.DPO)
    tell("Feature view: submitted by one person, checked on the data and approved by another", 0, 1)
    submit(hub, catalogue_text(VIEW), scientist)
    check(hub, VIEW, dpo)
    approval = approve(hub, VIEW, dpo)
    tell("Training churn in a process without keys or network", 0, 1)
    trained = train(hub, scientist, "churn", seed=size.seed)
    tell("Scoring, with reasons in words", 0, 1)
    scored = score(hub, me, "churn")
    tell("A customer at risk opts out; reading again", 0, 1)
    gone = _opt_out_shows(hub, me, dpo, scored)
    tell("Recomputing the audit log", 0, 1)
    hub.checkpoint()
    with hub.reading() as session:
        verdict = verify_log(session, hub.verifier_key())
        entities = count_entities(session)
    return DemoResult(
        home=settings.home,
        summaries=summaries,
        entities=entities,
        merge=merge_quality(hub, company.truth.entities),
        approval=approval,
        absent=scored.released.absent,
        trained=trained,
        scored=scored,
        opted_out_gone=gone,
        verdict=verdict,
    )


def at_risk(scored: Scored, count: int = 10) -> list[dict[str, Any]]:
    """Return the customers most at risk with their reasons: pseudonym (hex), probability, low, high, reasons."""
    joined = (
        scored.scores.select(PSEUDONYM, "probability", "low", "high")
        .join(scored.reasons, on=PSEUDONYM, how="left")
        .sort("probability", PSEUDONYM, descending=[True, False])
        .head(count)
    )
    return [
        {
            "pseudonym": row[PSEUDONYM].hex(),
            "probability": row["probability"],
            "low": row["low"],
            "high": row["high"],
            "reasons": [row[f"reason_{n}"] for n in (1, 2, 3) if row[f"reason_{n}"]],
        }
        for row in joined.to_dicts()
    ]


def _fresh(folder: Path) -> None:
    """Start from nothing; take away an earlier demo, and nothing else."""
    if folder.exists() and any(folder.iterdir()):
        if not (folder / MARKER).exists():
            raise HomeUnsafe(
                f"the folder {folder.name!r}", "it is not empty and holds no demo", "Name another with --folder"
            )
        shutil.rmtree(folder)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / MARKER).write_text("made by `varde demo`; safe to delete\n", encoding="ascii")


def _deliver(hub: Hub, me: Principal, company: Company, folder: Path, tell: Tell) -> list[Summary]:
    exports = write_exports(company, folder)
    summaries = []
    for done, export in enumerate(exports):
        contract = load_contract(export.contract_path)
        tell(f"Taking in {contract.name}: check, seal, pseudonymise, merge", done, len(exports))
        summaries.append(ingest_file(contract, export.file_path, hub.ports(me.principal_id)))
    return summaries


def _colleague(hub: Hub, me: Principal, label: str, role: Role) -> Principal:
    scope = Scope(role=role, purposes=frozenset({EVERYTHING}), views=frozenset({EVERYTHING}))
    _, token = add(hub, label, scope, me)
    return authenticate(hub, token)


def _opt_out_shows(hub: Hub, me: Principal, dpo: Principal, scored: Scored) -> bool:
    """Let the customer most at risk object, and look whether the next read returns them."""
    pseudonym = scored.scores.sort("probability", descending=True)[PSEUDONYM][0]
    purpose = hub.policy().purpose("churn")
    entity = entity_of(hub.domain(purpose.domain), Pseudonym(pseudonym))
    with hub.reading() as session:
        records = records_of_entity(session, EntityId(entity))
    wish = Wish(act=ConsentAct.OBJECTED, purpose=purpose.id, channel=ActChannel.AGENT)
    record_wish(hub, Subject(records=tuple(records)), wish, dpo)
    again = Gateway(hub).read(me, VIEW, purpose=purpose.id, as_of=scored.as_of)
    return bool(again.frame.filter(pl.col(PSEUDONYM) == pseudonym).is_empty())
