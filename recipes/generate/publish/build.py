"""Write the dataset's folder from the final rows.

This runs in a process of its own (`recipes.core.isolated`), so that its libraries and tables are
not in memory together with what generating has left there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from recipes.generate.data.jsonl import JsonlItems
from recipes.generate.dedup.finalize import FinalRows
from recipes.generate.publish import audit, card, parquet, plot, stats
from recipes.generate.settings import GenerateSettings


def write_rejected(
    folder: Path, settings: GenerateSettings, rows: FinalRows, origin: parquet.RunColumns
) -> None:
    """Write the table of rejected rows alone, of a run that kept none."""
    parquet.write(folder, rows.with_reasons(), settings.test_share, origin)


def build(
    folder: Path,
    settings: GenerateSettings,
    rows: FinalRows,
    origin: parquet.RunColumns,
    script: str,
    benchmarks: Sequence[tuple[str, JsonlItems[str]]],
    commits: Mapping[str, str],
    facts: Callable[..., card.CardFacts],
) -> None:
    """Write parquet files, audit, plot and card; `facts` gets what is only known here.

    Raises RuntimeError when a row still overlaps with a benchmark, and OSError when the disk is
    full.
    """
    configs = parquet.write(folder, rows.with_reasons(), settings.test_share, origin)
    report = audit.audit_files(
        folder,
        parquet.kept_paths(configs),
        audit.BenchmarkAuditor(benchmarks, settings.ngrams, script),
        [{**corpus.origin, "revision": commits.get(corpus.repo)} for corpus in settings.benchmarks],
        rows.dropped.get("benchmark_overlap", 0),
    )
    (folder / audit.NAME).write_text(report.to_json(), encoding="utf-8")
    dataset_stats = stats.count_rows(rows.with_reasons(), settings.samples)
    plot.draw(dataset_stats, folder / plot.NAME)
    text = card.render(facts(configs=configs, stats=dataset_stats, audit=report))
    (folder / "README.md").write_text(text, encoding="utf-8")
