"""What a check of sources counted reaches readiness by itself, until a later check finds something else."""

from pathlib import Path

from hub.predictions.source_checks import SourceCheck, find_faults, keep_checks
from predict.quality import Finding

EARLY = Finding(rule="event_before_start", column="at", rows=3, of=4, advice="check the clock")


def check(*findings: Finding, contracts: tuple[str, ...] = ("use", "plans")) -> SourceCheck:
    return SourceCheck(contracts=contracts, tables=("usage", "subscriptions"), findings=findings)


def test_faults_reach_the_views_that_read_every_table_of_the_check(tmp_path: Path) -> None:
    keep_checks(tmp_path / "checks", [check(EARLY)])
    assert find_faults(tmp_path / "checks", ["orders", "subscriptions", "usage"]) == [EARLY.as_mapping()]
    assert find_faults(tmp_path / "checks", ["usage"]) == []
    assert find_faults(tmp_path / "nowhere", ["usage"]) == []


def test_a_later_check_of_the_same_contracts_takes_the_place_of_the_earlier(tmp_path: Path) -> None:
    keep_checks(tmp_path, [check(EARLY), check(EARLY, contracts=("use",))])
    keep_checks(tmp_path, [check(contracts=("plans", "use"))])
    assert len(find_faults(tmp_path, ["subscriptions", "usage"])) == 1


def test_only_the_owner_may_read_what_was_counted(tmp_path: Path) -> None:
    keep_checks(tmp_path / "checks", [check(EARLY)])
    (path,) = (tmp_path / "checks").iterdir()
    assert (path.parent.stat().st_mode & 0o777, path.stat().st_mode & 0o777) == (0o700, 0o600)
