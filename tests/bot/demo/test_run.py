"""A demo deletes only the data of a demo that has ended."""

from __future__ import annotations

import fcntl
import subprocess
from pathlib import Path

import pytest

from bot.demo import run


def folder(path: Path, *names: str) -> Path:
    for name in names:
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).touch()
    return path


def test_exports_are_for_a_shell_of_the_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "environment.sh"
    run.write_exports(path, {"KAKUGO_A": "it's $HOME", "KAKUGO_B": ""})
    command = f'. {path}; printf "%s|%s" "$KAKUGO_A" "$KAKUGO_B"'
    assert subprocess.check_output(["sh", "-c", command], text=True) == "it's $HOME|"
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "names", [(), ("seed.yaml",), ("seed.yaml", "config.json", "hub/lock", "hub/hub.db")]
)
def test_fresh_deletes_what_an_earlier_demo_has_kept(
    tmp_path: Path, names: tuple[str, ...]
) -> None:
    data = folder(tmp_path / "demo", *names)
    run._delete(data)
    assert not data.exists()


def test_fresh_deletes_nothing_while_a_demo_is_running(tmp_path: Path) -> None:
    data = folder(tmp_path, "seed.yaml", "hub/lock", "hub/hub.db")
    with (data / "hub/lock").open("a+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(run.DemoError, match="a demo is running in"):
            run._delete(data)
    assert (data / "hub/hub.db").exists()


def test_a_second_demo_in_the_same_folder_is_told_of_the_first(tmp_path: Path) -> None:
    data = folder(tmp_path, "seed.yaml", "hub/lock")
    assert not run._is_running(data)
    with (data / "hub/lock").open("a+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert run._is_running(data)


def test_fresh_deletes_no_other_folder_and_none_before_the_other_arguments_are_right(
    tmp_path: Path,
) -> None:
    mine = folder(tmp_path / "mine", "thesis.md")
    with pytest.raises(run.DemoError, match="is not the folder of a demo, so nothing was deleted"):
        run._delete(mine)
    with pytest.raises(run.DemoError, match="cannot delete .* \\(.*Not a directory"):
        run._delete(mine / "thesis.md")
    assert (mine / "thesis.md").exists()
    data = folder(tmp_path / "demo", "seed.yaml")
    with pytest.raises(run.DemoError, match="there is no such folder"):
        run.run(data, 0, False, True, tmp_path / "no" / "result.json")
    assert (data / "seed.yaml").exists()
