"""From settled rows to the dataset's folder: parquet files, certificate, picture and card.

It is done in a process of its own (`recipes.apart`), whose libraries and tables would otherwise be
in memory beside what asking has left there. Nothing is asked or pushed here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from recipes.generate import card, certificate, plot, publish, tally
from recipes.generate.settings import Settings
from recipes.generate.settle import Outcome
from recipes.generate.stored import Stored


def finish(
    folder: Path,
    settings: Settings,
    outcome: Outcome,
    origin: publish.Origin,
    script: str,
    benchmarks: Sequence[tuple[str, Stored[str]]],
    commits: Mapping[str, str],
    facts: Callable[..., card.Facts],
) -> None:
    """Write all of it; `facts` lacks what is only known here. Raises RuntimeError when a row has
    text of a benchmark, and OSError when the disk is full."""
    configs = publish.write(folder, outcome.verdicts(), settings.test_share, origin)
    certified = certificate.certify(
        folder,
        publish.paths(configs),
        certificate.Witness(benchmarks, settings.ngrams, script),
        [
            {**corpus.where_from, "revision": commits.get(corpus.repo)}
            for corpus in settings.benchmarks
        ],
        outcome.dropped.get("benchmark_overlap", 0),
    )
    (folder / certificate.NAME).write_text(certified.to_json(), encoding="utf-8")
    counted = tally.count(outcome.verdicts(), settings.samples)
    plot.draw(counted, folder / plot.NAME)
    told = card.write(facts(configs=configs, tally=counted, certificate=certified))
    (folder / "README.md").write_text(told, encoding="utf-8")
