"""Two runs never write to one folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from recipes.core.errors import UserError
from recipes.generate.options import reserved


def test_folder_of_a_run_is_refused_to_another_until_the_run_ends(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "out"
    with reserved(folder):
        with pytest.raises(UserError, match="Another run writes to .*/new/out: wait until it"):
            with reserved(folder):
                raise AssertionError
        with reserved(tmp_path):
            pass
    with pytest.raises(ZeroDivisionError), reserved(folder):
        raise ZeroDivisionError
    with reserved(folder):
        pass
