"""From settled rows to the dataset's folder: parquet files, certificate, picture and card.

It is done in a process of its own (`recipes.core.isolated`), whose libraries and tables would
otherwise be in memory beside what asking has left there. Nothing is asked or pushed here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from recipes.generate.data.jsonl import Stored
from recipes.generate.dedup.finalize import Outcome
from recipes.generate.publish import audit, card, parquet, plot, stats
from recipes.generate.settings import GenerateSettings


def finish(
    folder: Path,
    settings: GenerateSettings,
    outcome: Outcome,
    origin: parquet.Origin,
    script: str,
    benchmarks: Sequence[tuple[str, Stored[str]]],
    commits: Mapping[str, str],
    facts: Callable[..., card.Facts],
) -> None:
    """Write all of it; `facts` lacks what is only known here. Raises RuntimeError when a row has
    text of a benchmark, and OSError when the disk is full."""
    configs = parquet.write(folder, outcome.verdicts(), settings.test_share, origin)
    certified = audit.certify(
        folder,
        parquet.paths(configs),
        audit.Witness(benchmarks, settings.ngrams, script),
        [
            {**corpus.where_from, "revision": commits.get(corpus.repo)}
            for corpus in settings.benchmarks
        ],
        outcome.dropped.get("benchmark_overlap", 0),
    )
    (folder / audit.NAME).write_text(certified.to_json(), encoding="utf-8")
    counted = stats.count(outcome.verdicts(), settings.samples)
    plot.draw(counted, folder / plot.NAME)
    told = card.write(facts(configs=configs, tally=counted, certificate=certified))
    (folder / "README.md").write_text(told, encoding="utf-8")
