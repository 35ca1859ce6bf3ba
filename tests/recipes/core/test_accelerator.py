"""A job on paid hardware ends at once if PyTorch cannot use it."""

from __future__ import annotations

import pytest

from recipes import cli
from recipes.core.accelerator import check_accelerator

pytestmark = pytest.mark.xdist_group("torch")  # most import PyTorch


@pytest.mark.parametrize("name", [None, "", "none", "cpu"])
def test_without_an_accelerator_the_cpu_is_used(name: str | None) -> None:
    check_accelerator({} if name is None else {"ACCELERATOR": name})


@pytest.mark.parametrize("command", ["train", "evaluate"])
def test_a_paid_accelerator_without_cuda_is_refused(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setenv("ACCELERATOR", "h200")
    arguments = ["--config", "practice", "--org", "practice", "--language", "epo_Latn"]
    models = ["--base", "a/b", "--into", "a/c", "--dataset", "a/d"]
    models += ["--adapter", "a/e"] if command == "evaluate" else []
    assert cli.main([command, *arguments, *models]) == 2
    assert "This job pays for h200, but PyTorch finds no CUDA device" in capsys.readouterr().err
