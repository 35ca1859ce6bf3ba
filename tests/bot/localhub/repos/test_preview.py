"""A preview shows what anybody may have put into a parquet file, or nothing."""

from __future__ import annotations

import time
from pathlib import Path

import pyarrow
import pytest
from pyarrow import parquet

from bot.localhub.repos.preview import MAX_CHARACTERS, read_preview

MANY = 3_000_000


def write(path: Path, *columns: pyarrow.Array) -> Path:
    parquet.write_table(pyarrow.table(list(columns), names=["a"] * len(columns)), path)
    return path


@pytest.mark.parametrize(
    ("value", "stored_as", "shown_as"),
    [
        (2**31 - 1, pyarrow.int32(), pyarrow.date32()),
        (-(2**31), pyarrow.int32(), pyarrow.date32()),
        (2**62, pyarrow.int64(), pyarrow.timestamp("us")),
        (2**62, pyarrow.int64(), pyarrow.timestamp("ms", "UTC")),
        (0, pyarrow.int64(), pyarrow.timestamp("ms", "No/Where")),
        (2**62, pyarrow.int64(), pyarrow.duration("s")),
        (2**62, pyarrow.int64(), pyarrow.time64("us")),
    ],
)
def test_what_python_cannot_represent_has_no_preview(
    value: int, stored_as: pyarrow.DataType, shown_as: pyarrow.DataType, tmp_path: Path
) -> None:
    array = pyarrow.array([value], stored_as).cast(shown_as)
    assert read_preview(write(tmp_path / "file", array)) is None


def test_columns_of_one_name_keep_their_own_values(tmp_path: Path) -> None:
    preview = read_preview(write(tmp_path / "file", pyarrow.array([1]), pyarrow.array([2])))
    assert preview and preview.columns == ("a", "a") and preview.rows == (("1", "2"),)


def test_list_of_millions_is_cut_before_it_is_written(tmp_path: Path) -> None:
    values = pyarrow.ListArray.from_arrays([0, MANY], pyarrow.nulls(MANY, pyarrow.int8()))
    path = write(tmp_path / "file", values)
    started_at = time.process_time()
    preview = read_preview(path)
    assert time.process_time() - started_at < 0.5  # 1.3 s with all of them
    assert preview and len(preview.rows[0][0]) == MAX_CHARACTERS + 1
