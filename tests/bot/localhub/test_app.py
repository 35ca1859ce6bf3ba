"""Calls of the Hub's API that the local Hub does not serve."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from huggingface_hub import HfApi, get_session
from huggingface_hub.errors import HfHubHTTPError

from bot.localhub.testing import LocalHub
from tests.bot.localhub.helpers import auth_header, status_of

JOB = {"job_id": "0" * 24, "namespace": "practice"}
SCHEDULE = {"scheduled_job_id": "0" * 24, "namespace": "practice"}


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda api, repo: api.paper_info("2401.00001"), "GET /api/papers/2401.00001"),
        (lambda api, repo: api.get_user_overview("alice"), "GET /api/users/alice/overview"),
        (lambda api, repo: [*api.list_lfs_files(repo)], "/lfs-files"),
        (lambda api, repo: api.duplicate_repo(repo, "alice/copy"), "/duplicate"),
        (lambda api, repo: api.move_repo(repo, "alice/moved"), "POST /api/repos/move"),
        (lambda api, repo: api.unlike(repo), "/like"),
        (lambda api, repo: [*api.list_repo_likers(repo)], "/likers"),
        (lambda api, repo: [*api.list_user_repos("alice")], "/settings/repositories"),
        (lambda api, repo: api.get_dataset_leaderboard(repo), "/leaderboard"),
        (lambda api, repo: api.rename_discussion(repo, 1, "another title"), "/title"),
        (lambda api, repo: api.rerun_job(**JOB), "/duplicate"),
        (lambda api, repo: api.update_job_labels(labels={}, **JOB), "/labels"),
        (lambda api, repo: [*api.fetch_job_metrics(**JOB)], "/metrics"),
        (lambda api, repo: api.trigger_scheduled_job(**SCHEDULE), "/run"),
        (lambda api, repo: api.suspend_scheduled_job(**SCHEDULE), "/suspend"),
        (lambda api, repo: api.enable_space_dev_mode(repo), "/dev-mode"),
        (lambda api, repo: api.list_spaces_hardware(), "GET /api/spaces/hardware"),
        (lambda api, repo: api.list_space_templates(), "GET /api/spaces/templates"),
        (lambda api, repo: api.get_zero_gpu_quota(), "GET /api/spaces/zero-gpu/quota"),
        (lambda api, repo: [*api.search_spaces("x")], "GET /api/spaces/semantic-search"),
    ],
)
def test_unserved_call_answers_501_with_its_name(
    alice: HfApi, repo: str, hub: LocalHub, call: Callable[[HfApi, str], object], named: str
) -> None:
    with pytest.raises(HfHubHTTPError, match="The local Hub does not serve") as error:
        call(alice, repo)
    assert status_of(error) == 501
    assert named in str(error.value)


def test_unserved_attachments_and_raw_files_answer_501(
    alice: HfApi, repo: str, hub: LocalHub, tmp_path: Path
) -> None:
    picture = tmp_path / "shot.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n")
    with pytest.raises(HfHubHTTPError, match="does not serve POST /uploads") as error:
        alice.upload_attachment(picture)
    assert status_of(error) == 501
    url = f"{hub.url}/{repo}/raw/main/.gitattributes"
    assert get_session().get(url, headers=auth_header(hub)).status_code == 501
