"""Speakers withdraw their language: everything of it is hidden, and nothing new is made.

Calls over HTTP are real, on the local Hub.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from huggingface_hub import CommitOperationAdd, HfApi
from huggingface_hub.errors import RepositoryNotFoundError

from bot.domain import names
from bot.domain.community import MAX_BYTES, Consent
from bot.domain.request import Status
from bot.hub.client import Connection, Refused
from bot.hub.profiles import ProfileReader
from bot.language import by_code
from bot.localhub.testing import LocalHub
from bot.operations.withdraw import withdraw
from tests.bot import examples

pytestmark = pytest.mark.xdist_group("withdrawal")  # one Hub for all of them

ORG = "practice"
PROFILE = "# ours\nconsent: welcome\nlicence: cc-by-nc-4.0\nforbidden: [x]\n"
OURS = ("kakugo-epo_Latn", "kakugo-epo_Latn-fundamenta")
MODELS = ("kakugo-base-epo_Latn", "kakugo-base-epo_Latn-fundamenta")
THEIRS = ("kakugo-eng_Latn", "kakugo-requests")


@pytest.fixture(scope="module")
def local_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHub]:
    with LocalHub(tmp_path_factory.mktemp("withdrawal")) as running:
        yield running


@pytest.fixture
def hub(local_hub: LocalHub) -> Iterator[tuple[Connection, HfApi]]:
    """An empty organization and a stranger."""
    url, token = local_hub.url, local_hub.token("kakugo-bot")
    connection = Connection(url, ORG, token, token, f"{url}/endpoints-api/v2")
    yield connection, HfApi(endpoint=url, token=local_hub.token("bob"))
    for repo_type in ("model", "dataset", "space"):
        for repo in getattr(connection.api, f"list_{repo_type}s")(author=ORG):
            connection.api.delete_repo(repo.id, repo_type=repo_type)


def push(api: HfApi, repo: str, path: str, text: str | bytes) -> None:
    content = text.encode() if isinstance(text, str) else text
    api.create_repo(repo, repo_type="dataset", exist_ok=True)
    operations = [CommitOperationAdd(path_in_repo=path, path_or_fileobj=content)]
    api.create_commit(repo, operations, commit_message="Begin", repo_type="dataset")


def create_language(api: HfApi) -> int:
    """Create data, models, results, feedback, a profile and an open request of a language."""
    for name in (*OURS, *THEIRS):
        api.create_repo(f"{ORG}/{name}", repo_type="dataset")
    for name in MODELS:
        api.create_repo(f"{ORG}/{name}")
    for folder in ("epo_Latn", "eng_Latn"):
        push(api, names.results(ORG), f"{folder}/m/results.jsonl", "{}\n")
        push(api, names.journal(ORG), f"{folder}/00000001-ab.jsonl", "{}\n")
        for file in ("2026-01-01/a", "decisions/a", "reviewers/eva"):
            push(api, names.feedback(ORG), f"data/{folder}/{file}.jsonl", "{}\n")
    push(api, names.communities(ORG), names.profile_path("epo_Latn"), PROFILE)
    space = names.leaderboard(ORG)
    api.create_repo(space, repo_type="space", space_sdk="gradio")
    return api.create_discussion(space, "Esperanto", repo_type="space").num


def start_job(api: HfApi, request: str) -> str:
    labels = {**dict([names.JOB_LABEL]), "request": request, "step": "train", "attempt": "1"}
    job = api.run_job(image="x", command=["sleep", "600"], labels=labels, namespace=ORG)
    return str(job.id)


def visible(api: HfApi, name: str, repo_type: str) -> bool:
    try:
        api.repo_info(f"{ORG}/{name}", repo_type=repo_type)
    except RepositoryNotFoundError:
        return False
    return True


def test_a_withdrawn_language_is_hidden_and_stays_so(hub: tuple[Connection, HfApi]) -> None:
    connection, stranger = hub
    num = create_language(connection.api)
    request = examples.request(id=names.request_id(num), discussion=num, status=Status.OPEN)
    job, other = (start_job(connection.api, id_) for id_ in (request.id, "r999"))
    lines = list(withdraw(connection, by_code("epo_Latn"), [request]))
    assert len(lines) == 1 + 1 + 1 + len(OURS) + len(MODELS) + 1 + 1 + 1
    # Failed before: until the next tick, it could still publish what was just removed.
    assert connection.api.inspect_job(job_id=job, namespace=ORG).status.stage == "CANCELED"
    assert connection.api.inspect_job(job_id=other, namespace=ORG).status.stage != "CANCELED"
    connection.api.cancel_job(job_id=other, namespace=ORG)
    assert not any(visible(stranger, name, "dataset") for name in OURS)
    assert not any(visible(stranger, name, "model") for name in MODELS)
    assert all(visible(stranger, name, "dataset") for name in THEIRS)
    for repo in (names.results(ORG), names.feedback(ORG), names.journal(ORG)):
        left = connection.api.list_repo_files(repo, repo_type="dataset")
        assert any("eng_Latn" in path for path in left)
        assert not any("epo_Latn" in path for path in left)
    closed = connection.api.get_discussion_details(names.leaderboard(ORG), num, repo_type="space")
    assert closed.status == "closed"
    profile = connection.content(names.communities(ORG), "dataset", "epo_Latn.yaml")
    assert profile == b"consent: no\n# ours\nlicence: cc-by-nc-4.0\nforbidden: [x]\n"
    stored = ProfileReader().read(connection)["epo_Latn"]
    assert stored.consent is Consent.NO and stored.licence == "cc-by-nc-4.0"
    again = list(withdraw(connection, by_code("epo_Latn"), []))
    assert len(again) == 1, "the second time, nothing is left to do"


@pytest.mark.parametrize(
    ("profile", "lines"),
    [
        ('"consent": welcome\n', '# "consent": welcome\n'),
        ("consnt: welcome\n# ours\n", "consnt: welcome\n# ours\n"),
        ("region: [\n# ours\n", "# region: [\n# ours\n"),
        ("region: \x07\n", ""),
    ],
)
def test_a_withdrawal_holds_whatever_the_profile_says(
    hub: tuple[Connection, HfApi], profile: str, lines: str
) -> None:
    connection, _ = hub
    repo, path = names.communities(ORG), "epo_Latn.yaml"
    push(connection.api, repo, path, profile)
    list(withdraw(connection, by_code("epo_Latn"), []))
    assert connection.content(repo, "dataset", path).decode() == f"consent: no\n{lines}"
    assert ProfileReader().read(connection)["epo_Latn"].consent is Consent.NO


def test_a_profile_that_cannot_be_read_stops_no_other(hub: tuple[Connection, HfApi]) -> None:
    connection, _ = hub
    for code, content in (
        ("epo_Latn", b"\xff\xfe"),
        ("eng_Latn", b"# " + b"x" * MAX_BYTES),
        ("gla_Latn", b"consent: no"),
    ):
        push(connection.api, names.communities(ORG), f"{code}.yaml", content)
    profiles = ProfileReader().read(connection)
    assert {code: profile.consent.value for code, profile in profiles.items()} == {
        "epo_Latn": "ask",
        "eng_Latn": "ask",
        "gla_Latn": "no",
    }


# Failed before: the community that gave its file another name, or whose repo cannot be seen, said
# nothing, and so everything was allowed.
def test_a_profile_with_another_name_is_one_to_ask(hub: tuple[Connection, HfApi]) -> None:
    connection, _ = hub
    for path, content in (
        ("epo_Latn.yml", b"consent: no"),
        ("GLA_LATN.yaml", b"consent: welcome"),
        ("eng_Latn.yaml", b"consent: no"),
        ("eng_latn.yaml", b"consent: welcome"),
        ("cym_Latn.yaml", b"stewards: [eva]"),
        ("cym_Latn.yml", b"licence: mit"),
        ("breton.yaml", b"consent: no"),
        ("notes.txt", b"consent: no"),
    ):
        push(connection.api, names.communities(ORG), path, content)
    profiles = ProfileReader().read(connection)
    assert {code: profile.consent.value for code, profile in profiles.items()} == {
        **{code: "ask" for code in ("epo_Latn", "gla_Latn", "cym_Latn", "bre_Latn")},
        "eng_Latn": "no",
    }
    assert profiles["cym_Latn"].stewards == {"eva"}


def test_no_profile_restricts_nothing_but_it_must_be_seen_that_there_is_none(
    hub: tuple[Connection, HfApi],
) -> None:
    connection, _ = hub
    with pytest.raises(Refused, match="kakugo-communities"):
        ProfileReader().read(connection)
    connection.api.create_repo(names.communities(ORG), repo_type="dataset")
    assert ProfileReader().read(connection) == {}
