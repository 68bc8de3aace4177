"""Every error of the house has a meaning outside; a new class without one fails here."""

import importlib
import pkgutil
from collections.abc import Iterator
from http import HTTPStatus

import pytest
from sqlalchemy.exc import OperationalError

import hub
import ingest
import predict
import privacy
from hub.errors import AccessRefused, HomeUnsafe, NotAuthenticated, ServiceUnreachable, WriteUnknown
from hub.exit_code import ExitCode
from hub.ours import OURS
from hub.problems import PROBLEMS, UNEXPECTED, problem_of, said, slug_of
from ingest.errors import FileRefused
from privacy.errors import PrivacyError, PurposeUnknown
from privacy.verifier import ProofRejected

_PACKAGES = (hub, ingest, predict, privacy)


def _every_error() -> Iterator[type[Exception]]:
    """Import every module of the house, then walk down from the four bases."""
    for package in _PACKAGES:
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith("__main__") and ".migrations." not in module.name:
                importlib.import_module(module.name)
    pending = list(OURS)
    while pending:
        kind = pending.pop()
        yield kind
        pending += kind.__subclasses__()


def test_every_error_class_stands_in_the_table_by_name() -> None:
    kinds = {
        kind for kind in _every_error() if kind.__module__.split(".")[0] in {"hub", "ingest", "predict", "privacy"}
    }
    assert len(kinds) > 30
    missing = sorted(f"{kind.__module__}.{kind.__name__}" for kind in kinds - set(PROBLEMS))
    assert not missing, f"give these an exit code and a status in hub/problems.py: {missing}"


@pytest.mark.parametrize(
    ("error", "exit_code", "status"),
    [
        (AccessRefused("four_eyes"), ExitCode.REFUSED, HTTPStatus.FORBIDDEN),
        (NotAuthenticated(), ExitCode.REFUSED, HTTPStatus.UNAUTHORIZED),
        (WriteUnknown(), ExitCode.UNREACHABLE, HTTPStatus.SERVICE_UNAVAILABLE),
        (ServiceUnreachable("the key store", "it is down"), ExitCode.UNREACHABLE, HTTPStatus.SERVICE_UNAVAILABLE),
        (HomeUnsafe("the home", "open", "close it"), ExitCode.USAGE, HTTPStatus.INTERNAL_SERVER_ERROR),
        (FileRefused("orders", "is empty", "deliver rows"), ExitCode.USAGE, HTTPStatus.UNPROCESSABLE_ENTITY),
        (PurposeUnknown("x"), ExitCode.USAGE, HTTPStatus.NOT_FOUND),
        (ProofRejected("leaf 1"), ExitCode.UNEXPECTED, HTTPStatus.INTERNAL_SERVER_ERROR),
    ],
)
def test_meaning_of_an_error(error: Exception, exit_code: ExitCode, status: HTTPStatus) -> None:
    assert (problem_of(error).exit_code, problem_of(error).status) == (exit_code, status)


def test_stranger_is_unexpected_and_unnamed() -> None:
    assert problem_of(ValueError("ola@example.org")) is UNEXPECTED
    assert slug_of(ValueError("ola@example.org")) == "unexpected"


def test_class_that_nobody_listed_means_what_its_nearest_base_means() -> None:
    class BrandNew(AccessRefused):
        pass

    try:
        assert problem_of(BrandNew("x")).exit_code is ExitCode.REFUSED
        assert slug_of(BrandNew("x")) == "brand-new"
    finally:
        del BrandNew  # the walk over all classes must not meet it


def test_drivers_error_loses_its_parameters() -> None:
    error = OperationalError("SELECT ?", {"email": "ola@example.org"}, Exception("ola@example.org"))
    told = said(error)
    assert problem_of(told).exit_code is ExitCode.UNREACHABLE
    assert "ola" not in str(told)
    assert told.__cause__ is None


def test_bases_are_in_the_table_so_that_nothing_falls_through() -> None:
    assert all(base in PROBLEMS for base in OURS)
    assert PROBLEMS[PrivacyError] is UNEXPECTED
