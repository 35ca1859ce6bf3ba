"""Evaluation results that a model publishes in `.eval_results`."""

from __future__ import annotations

import pytest
from huggingface_hub import HfApi

CARD = b"---\ntags: [benchmark:official]\n---\n"
VALID = b"- dataset: {id: %s, task_id: eng_Latn-epo_Latn}\n  value: 12.5\n"
OTHER_TASK = b"- dataset: {id: %s, task_id: other}\n  value: 12.5\n"


@pytest.fixture
def benchmark(alice: HfApi, repo: str) -> str:
    """A dataset that is a registered benchmark with one task."""
    name = f"{repo}-benchmark"
    alice.create_repo(name, repo_type="dataset")
    for path, content in (("README.md", CARD), ("eval.yaml", b"tasks: [{id: eng_Latn-epo_Latn}]")):
        alice.upload_file(
            path_or_fileobj=content, path_in_repo=path, repo_id=name, repo_type="dataset"
        )
    return name


def test_model_info_lists_valid_results_of_registered_benchmarks(
    alice: HfApi, repo: str, benchmark: str
) -> None:
    assert benchmark in {info.id for info in alice.list_datasets(benchmark=True)}
    name = benchmark.encode()
    files = (VALID % name, VALID % b"practice/other", OTHER_TASK % name)
    for number, content in enumerate(
        (*files, b"[", b"- 7", b"- {dataset: {id: a}, value: 1}", b"a: b", b"\xff")
    ):
        alice.upload_file(
            path_or_fileobj=content, path_in_repo=f".eval_results/{number}.yaml", repo_id=repo
        )
    info = alice.model_info(repo, expand=["evalResults"])
    assert info.eval_results is not None
    results = [(result.dataset_id, result.value) for result in info.eval_results]
    assert results == [(benchmark, 12.5)]
