"""A company whose pseudonyms can be led back, made once a session and copied for each test."""

import pytest

from hub.compose import open_hub
from hub.home import make_home
from hub.settings import Settings
from tests.builders import FixedClock
from tests.reveal_builders import Company, company, copied


@pytest.fixture(scope="session")
def _company_template(tmp_path_factory: pytest.TempPathFactory) -> Company:
    folder, clock = tmp_path_factory.mktemp("company"), FixedClock()
    settings = Settings.load({}, folder / "home")
    make_home(settings, clock=clock)
    made = company(open_hub(settings, clock=clock), folder)
    made.hub.engine.dispose()
    return made


@pytest.fixture
def here(_company_template: Company, tmp_path, clock: FixedClock) -> Company:
    """The company on SQLite."""
    return copied(_company_template, tmp_path, clock)
