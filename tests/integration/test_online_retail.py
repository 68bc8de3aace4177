"""The walk-through of docs/guides/online-retail.md: on a made-up shop always, on Online Retail II where it is."""

import os
import shlex
import shutil
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from sqlalchemy import text
from typer.testing import CliRunner, Result

from hub.cli.app import make_app
from hub.cli.launch import Invocation
from hub.errors import AccessRefused, ChildFailed
from hub.predictions.service import score, train
from hub.views.load import catalogue_text
from hub.views.registry import approve, submit
from ingest.contract.load import contract_of_yaml
from ingest.store.batch import quarantined
from tests.builders import FixedClock
from tests.integration.retail_shop import (
    AT,
    CONTRACT,
    LAST_CUT,
    ON_CONSENT,
    ON_NOTHING,
    VIEW,
    Shop,
    commands,
    order_lines,
    shop,
)
from tests.view_builders import WITHOUT_CHECK

CORPORA = Path(os.environ.get("VARDE_CORPORA", Path(__file__).resolve().parents[3] / "shared" / "data" / "predict"))
RETAIL = CORPORA / "online_retail_ii" / "online_retail_ii_to_2011_06.parquet"
LONDON = ZoneInfo("Europe/London")
CUSTOMERS = 1150  # enough for a model: below 1,000 a rule stands in


@pytest.fixture(scope="module")
def lines() -> pl.DataFrame:
    return order_lines(CUSTOMERS)


@pytest.fixture(scope="module")
def made_file(lines: pl.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("made") / "lines.parquet"
    lines.write_parquet(path)
    return path


@pytest.fixture(scope="module")
def made(made_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with shop(tmp_path_factory.mktemp("made-home"), made_file) as opened:
        yield opened


def test_a_line_of_nobody_is_sealed_in_quarantine_under_a_named_rule(made: Shop, lines: pl.DataFrame) -> None:
    nobodys = lines["CustomerID"].null_count()
    assert nobodys > 100
    assert made.summary.rules == {"the key is null": nobodys}
    assert (made.summary.counts.read, made.summary.counts.quarantined) == (lines.height, nobodys)
    with made.hub.reading() as session:
        rows = [row for row, _ in quarantined(session)]
        assert {(row.column_name, row.rule) for row in rows} == {("CustomerID", "the key is null")}
        numbers = lines.with_row_index("line", offset=1).filter(pl.col("CustomerID").is_null())["line"]
        assert [row.line for row in rows] == numbers.to_list()
        assert all(b"WHITE" not in row.sealed for row in rows)
        assert session.execute(text("SELECT count(subject_index) FROM quarantine_row")).scalar_one() == 0


def test_the_view_says_what_a_plain_count_says(made: Shop, lines: pl.DataFrame) -> None:
    frame = made.read(made.scientist).frame
    told = frame.select("orders_365d", "returns_365d", "amount_365d", "days_since_last_order").rows()
    assert Counter(told) == Counter(_expected(lines))


def _expected(lines: pl.DataFrame) -> Iterator[tuple[int, int, int, int]]:
    """Count customer by customer in plain Python: orders, returns, amount to the nearest pound, days of silence."""
    by_customer: dict[int, list[dict[str, object]]] = {}
    for row in lines.filter(pl.col("CustomerID").is_not_null()).to_dicts():
        at = row["InvoiceDate"].replace(tzinfo=LONDON)
        if at < LAST_CUT:
            by_customer.setdefault(row["CustomerID"], []).append({**row, "at": at})
    for rows in by_customer.values():
        bought = [row for row in rows if row["Quantity"] > 0]
        year = [row for row in rows if row["at"] >= LAST_CUT - timedelta(days=365)]
        if not any(row["at"] >= LAST_CUT - timedelta(days=180) for row in bought):
            continue
        amounts = [
            int((Decimal(str(row["UnitPrice"])) * row["Quantity"] * 100).quantize(Decimal(1), ROUND_HALF_EVEN))
            for row in year
            if row["Quantity"] > 0
        ]
        yield (
            len({row["Invoice"] for row in year if row["Quantity"] > 0}),
            len({row["Invoice"] for row in year if row["Quantity"] < 0}),
            (sum(amounts) + 50) // 100 * 100,
            (LAST_CUT - max(row["at"] for row in bought)).days,
        )


def test_a_model_is_trained_scored_and_the_log_verifies(made: Shop) -> None:
    trained = train(made.hub, made.scientist, "churn", view=VIEW)
    assert max(trained.cuts) == LAST_CUT
    assert trained.report["figures"]["model"]["auc"]["figure"] > 0.55
    assert trained.report["figures"]["baseline"]["column"] == "days_since_last_order"
    scored = score(made.hub, made.scientist, "churn")
    assert scored.written == scored.released.frame.height > 100
    assert scored.reasons["reason_1"].drop_nulls().len() > 50
    assert made.verdict().size > 10


def test_a_small_shop_is_told_what_to_collect(tmp_path: Path) -> None:
    file = tmp_path / "lines.parquet"
    order_lines(30).write_parquet(file)
    with shop(tmp_path, file) as small, pytest.raises(ChildFailed, match="even a rule 50"):
        train(small.hub, small.scientist, "churn", view=VIEW)


@pytest.mark.parametrize("contract", [ON_CONSENT, ON_NOTHING], ids=["on consent", "without basis"])
def test_without_the_purposes_ground_there_is_nobody(
    contract: str, made_file: Path, lines: pl.DataFrame, tmp_path: Path
) -> None:
    assert contract_of_yaml(contract).basis != contract_of_yaml(CONTRACT).basis
    with shop(tmp_path, made_file, contract) as refused:
        _nobody(refused, lines["CustomerID"].drop_nulls().n_unique())


def _nobody(refused: Shop, people: int) -> None:
    assert refused.summary.counts.accepted > 0
    released = refused.read(refused.scientist)
    assert released.frame.is_empty()
    assert released.absent == {"ground_not_declared": people}
    with pytest.raises(ChildFailed, match="too few customers: 0"):
        train(refused.hub, refused.scientist, "churn", view=VIEW)
    assert refused.verdict().size > 5


def test_the_scientist_cannot_approve_the_next_version_either(made: Shop) -> None:
    submit(made.hub, catalogue_text(VIEW).replace("version: 1", "version: 2"), made.scientist)
    with pytest.raises(AccessRefused, match="DPO"):
        approve(made.hub, VIEW, made.scientist, WITHOUT_CHECK)


def test_every_command_of_the_guide_does_what_the_guide_says(
    made_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(made_file, "online_retail.parquet")
    Path("online_retail.yaml").write_text(CONTRACT, encoding="utf-8")
    ends = {command: _typed(command) for command in commands()}
    refused_rows = {"source check", "ingest online_retail.yaml"}
    for command, ended in ends.items():
        expected = 3 if any(words in command for words in refused_rows) else 0
        assert ended.exit_code == expected, (command, ended.stderr)
    assert {path.name for path in tmp_path.iterdir()} >= {"report.html", "scores.parquet", "varde-home"}
    assert len(ends) > 12


def _typed(command: str) -> Result:
    """Type one line of the guide as a shell would: a token from a file, a result into a file."""
    line, _, into = command.partition(" > ")
    environment = {}
    words = shlex.split(line)
    if words[0].startswith("VARDE_TOKEN="):
        token_file = line.removeprefix("VARDE_TOKEN=$(cat ").partition(")")[0]
        environment["VARDE_TOKEN"] = Path(token_file).read_text(encoding="utf-8")
        words = shlex.split(line.partition(") ")[2])
    ended = CliRunner().invoke(make_app(), words[1:], obj=Invocation(environment=environment, clock=FixedClock(AT)))
    if into:
        Path(into).write_text(ended.stdout, encoding="utf-8")
    return ended


@pytest.fixture(scope="module")
def retail(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with shop(tmp_path_factory.mktemp("retail-home"), _retail()) as opened:
        yield opened


def _retail() -> Path:
    if not RETAIL.exists():
        pytest.skip("Online Retail II is absent: set VARDE_CORPORA to the folder that holds online_retail_ii/")
    return RETAIL


@pytest.mark.real_data
def test_online_retail_is_taken_in_as_the_guide_says(retail: Shop) -> None:
    counts = retail.summary.counts
    assert (counts.read, counts.accepted, counts.quarantined, counts.duplicate) == (748_841, 579_620, 169_221, 0)
    assert retail.summary.rules == {"the key is null": 169_221}
    assert retail.summary.breaches == []
    released = retail.read(retail.scientist)
    assert (released.frame.height, released.absent) == (3304, {})


@pytest.mark.real_data
def test_online_retail_is_ranked_clearly_better_than_by_recency(retail: Shop) -> None:
    trained = train(retail.hub, retail.scientist, "churn", view=VIEW)
    figures = trained.report["figures"]
    assert (figures["cuts"]["test"], figures["split"]) == (LAST_CUT.isoformat(), "temporal")
    assert figures["model"]["auc"]["figure"] - figures["baseline"]["auc"] >= 0.08
    assert figures["baseline"]["gain"]["low"] > 0.05
    assert figures["model"]["brier"]["figure"] < figures["baseline"]["brier"] < figures["base_rate_brier"]
    assert score(retail.hub, retail.scientist, "churn").written == 2724
    assert retail.verdict().size > 8


@pytest.mark.real_data
def test_online_retail_on_a_consent_basis_gives_nobody(tmp_path: Path) -> None:
    with shop(tmp_path, _retail(), ON_CONSENT) as refused:
        _nobody(refused, 5106)
