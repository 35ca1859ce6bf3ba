"""Read the first rows of a parquet file."""

from __future__ import annotations

from collections.abc import Sequence

REPLAY_FOLDER = "replay"  # of a dataset: English conversations, which keep the model's English


def first_rows(path: str, limit: int, columns: Sequence[str]) -> dict[str, list[object]]:
    """Return the first rows by column. Raises ValueError if the file or a column is unreadable."""
    from pyarrow import ArrowException
    from pyarrow.parquet import ParquetFile

    try:
        batches = ParquetFile(path).iter_batches(limit, columns=columns)
        rows: dict[str, list[object]] = next((batch.to_pydict() for batch in batches), {})
        return {column: rows[column] if rows else [] for column in columns}
    except (ArrowException, KeyError) as error:
        raise ValueError(f"{path} has no readable columns {', '.join(columns)}") from error
