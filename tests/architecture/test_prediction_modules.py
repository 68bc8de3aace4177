"""Every prediction module is a folder and one registration: what it declares is light, what it does is loaded late."""

import subprocess
import sys
from pathlib import Path

import pytest

import predict
from hub.views.load import catalogue_spec
from predict.declaration import Declaration, Label, LabelKind
from predict.registry import DECLARED, load

ROOM = Path(predict.__file__).parent


def test_every_folder_that_declares_is_registered() -> None:
    folders = {path.parent.name for path in ROOM.glob("*/declaration.py")}
    assert folders == {one.folder or one.name for one in DECLARED.values()}


@pytest.mark.parametrize("name", DECLARED)
def test_a_module_does_what_it_declares(name: str) -> None:
    assert load(name).declared is DECLARED[name]
    assert DECLARED[name].name == name


@pytest.mark.parametrize("name", DECLARED)
def test_the_view_of_a_module_teaches_its_label(name: str) -> None:
    spec = catalogue_spec(DECLARED[name].view)
    assert spec.label is not None
    assert spec.label.name == DECLARED[name].label.name


def test_what_is_declared_is_read_without_loading_a_model_library() -> None:
    tried = "import sys; import predict.registry; print(sorted({'sklearn', 'scipy', 'lightgbm'} & set(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", tried], capture_output=True, text=True, cwd=ROOM.parent, check=True)
    assert ran.stdout == "[]\n"


def test_a_duration_names_its_event_and_nothing_else_does() -> None:
    assert Label(name="days", kind=LabelKind.DURATION, event="failed").columns == ("days", "failed")
    with pytest.raises(ValueError, match="duration"):
        Label(name="days", kind=LabelKind.DURATION)
    with pytest.raises(ValueError, match="duration"):
        Label(name="left", event="failed")


def test_one_folder_may_hold_several_modules() -> None:
    machines = Declaration(name="machines", folder="service", view="v", label=Label(name="failed"))
    assert machines.home == "predict.service.module"
