"""The dataset on disk and on the Hub: parquet by source and split, one commit for all of it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recipes.generate.reasons import gate_of
from recipes.generate.row import Row

if TYPE_CHECKING:
    import datasets
    from huggingface_hub import HfApi

SOURCES = ("topics", "scenarios", "contexts", "pairs", "translation")
REJECTED = "rejected"
SPLITS = ("train", "test")


def write(
    folder: Path, rows: Sequence[Row], rejected: Sequence[tuple[Row, str]], test_share: float
) -> list[dict[str, Any]]:
    """Write parquet files and return the `configs` of the card, `default` being all sources."""
    for old in folder.glob("*/*.parquet"):
        old.unlink()
    files: dict[str, dict[str, str]] = {}
    for source in SOURCES:
        ours = [row for row in rows if row.source == source]
        for split in SPLITS:
            chosen = [row for row in ours if in_test(row, test_share) == (split == "test")]
            if chosen:
                path = f"{source}/{split}.parquet"
                _table([_wire(row) for row in chosen], _features()).to_parquet(folder / path)
                files.setdefault(source, {})[split] = path
    if rejected:
        path = f"{REJECTED}/train.parquet"
        dropped = [
            {**_wire(row), "gate": gate_of(reason), "reason": reason} for row, reason in rejected
        ]
        _table(dropped, _features(rejected=True)).to_parquet(folder / path)
        files[REJECTED] = {"train": path}
    return _configs(files)


def push(api: HfApi, folder: Path, repo: str, message: str) -> str:
    """Replace what the repo holds by the folder, in one commit; returns its sha."""
    api.create_repo(repo, repo_type="dataset", exist_ok=True)
    commit = api.upload_folder(
        repo_id=repo,
        repo_type="dataset",
        folder_path=folder,
        commit_message=message,
        allow_patterns=["README.md", "decontamination.json", "*.png", "*/*.parquet"],
        delete_patterns=["run.json", "*/*.parquet"],
    )
    return str(commit.oid)


def paths(configs: Sequence[dict[str, Any]]) -> list[str]:
    """The files that hold rows to learn from, as `write` told of them."""
    default = next(config for config in configs if config["config_name"] == "default")
    return [path for split in default["data_files"] for path in split["path"]]


def in_test(row: Row, share: float) -> bool:
    """Whether the row is in the test split: decided by what was asked, so equals stay together."""
    asked = row.turns[0]["content"]
    return int(hashlib.sha256(asked.encode()).hexdigest()[:8], 16) / 2**32 < share


def _configs(files: dict[str, dict[str, str]]) -> list[dict[str, Any]]:
    sources = [files[source] for source in SOURCES if source in files]
    everything = {split: [paths[split] for paths in sources if split in paths] for split in SPLITS}
    named: dict[str, dict[str, Any]] = {"default": everything, **files}
    return [
        {
            "config_name": name,
            "data_files": [{"split": split, "path": path} for split, path in paths.items() if path],
        }
        for name, paths in named.items()
    ]


def _wire(row: Row) -> dict[str, Any]:
    return {
        "messages": list(row.messages),
        "source": row.source,
        "id": row.id,
        "prompt_id": row.prompt_id,
        "teacher": row.teacher,
    }


def _table(rows: list[dict[str, Any]], features: datasets.Features) -> datasets.Dataset:
    import datasets

    datasets.disable_progress_bars()
    return datasets.Dataset.from_list(rows, features=features)


def _features(rejected: bool = False) -> datasets.Features:
    from datasets import Features, Value

    text = Value("string")
    columns: dict[str, Any] = {"messages": [{"role": text, "content": text}]}
    columns |= dict.fromkeys(("source", "id", "prompt_id", "teacher"), text)
    return Features({**columns, "gate": text, "reason": text} if rejected else columns)
