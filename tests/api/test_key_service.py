"""A key service that is down: no row leaves, the answer is 503, and nothing of the service's words is in it."""

from collections.abc import Iterator

import pytest

from privacy.errors import KekRefused, KekUnavailable
from tests.api.conftest import Caller
from tests.keystore_builders import Provider


@pytest.fixture
def provider(caller: Caller) -> Iterator[Provider]:
    """Stands in the place of the home's KEK, in trouble; nothing is held any more."""
    generations = caller.world.hub.keystore.generations
    kept, generations._kek = generations._kek, Provider()
    generations._held.clear()
    yield generations._kek
    generations._kek = kept
    generations._held.clear()


@pytest.mark.parametrize("trouble", [KekUnavailable("Vault is sealed"), KekRefused("AWS KMS refuses")])
def test_without_the_key_service_nothing_is_released(caller: Caller, provider: Provider, trouble: Exception) -> None:
    provider.trouble = trouble
    answer = caller.read()
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert caller.call("GET", "/health").status_code == 503


def test_what_is_held_goes_on_without_the_key_service(caller: Caller) -> None:
    generations = caller.world.hub.keystore.generations
    assert caller.read().status_code == 200
    kept, generations._kek = generations._kek, Provider()
    generations._kek.trouble = KekUnavailable("no answer")
    assert caller.read().status_code == 200
    generations._kek = kept
