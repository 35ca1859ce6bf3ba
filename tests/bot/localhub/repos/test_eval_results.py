"""Evaluation results that a model publishes in `.eval_results`."""

from __future__ import annotations

from huggingface_hub import HfApi

VALID = b"- dataset: {id: practice/bench, task_id: eng_Latn-epo_Latn}\n  value: 12.5\n"


def test_model_info_lists_valid_results(alice: HfApi, repo: str) -> None:
    files = (VALID, b"[", b"- 7", b"- {dataset: {id: a}, value: 1}", b"a: b", b"\xff")
    for number, content in enumerate(files):
        alice.upload_file(
            path_or_fileobj=content, path_in_repo=f".eval_results/{number}.yaml", repo_id=repo
        )
    info = alice.model_info(repo, expand=["evalResults"])
    assert info.eval_results is not None
    results = [(result.dataset_id, result.value) for result in info.eval_results]
    assert results == [("practice/bench", 12.5)]
