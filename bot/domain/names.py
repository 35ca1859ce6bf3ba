"""Every name that leaves the program: repo ids, paths, markers, URLs. No other module makes one."""

from __future__ import annotations

import hashlib
import re

from bot.language import Language, find

LEDGER_DIR = "requests"
INDEX_SIZE = 100
TEACHER_FILE = "teacher.json"
FAULTS_FILE = "faults.json"
MANIFEST = "run.json"
CONSTRAINTS = "job-constraints.txt"
WHEEL_PAGE = "index.html"
JOB_LABEL = ("kakugo", "job")
TEACHER_LABEL = ("kakugo", "teacher")
BOT_LABEL = ("kakugo", "bot")
SECRETS_LABEL = "secrets"

_FEEDBACK = re.compile(r"data/([^/]+)/[0-9-]{10}/[^/]+\.jsonl")
_PROFILE = re.compile(r"([a-z]{3})[\W_]+([a-z]{4})((?:_[a-z0-9]+)?)", re.IGNORECASE | re.ASCII)
_AROUND_PROFILE = re.compile(r"^\W+|\s*\(\d+\)\s*$|\W+$")  # as in `epo_Latn (1).yaml`
_REQUEST_ID = re.compile(r"r([1-9][0-9]{0,9})")
_RECORD = re.compile(rf"{LEDGER_DIR}/({_REQUEST_ID.pattern})\.json")
_VERSION = re.compile(r"v[1-9][0-9]{0,5}")
_MARKER = re.compile(r"<!-- kakugo ([a-z]+[0-9]*) ([0-9a-f]{12}) -->")
SECRET_VERSION = "secret-version"


def leaderboard(org: str) -> str:
    return f"{org}/kakugo"


def chat(org: str) -> str:
    return f"{org}/kakugo-chat"


def bot(org: str) -> str:
    return f"{org}/kakugo-bot"


COLLECTION = "Kakugo"


def job_name(request: str, step: str) -> str:
    """Return what the Hub's list of jobs shows; letters, digits and hyphens."""
    return f"kakugo-{request}-{step}"


def is_shown(repo: str, org: str) -> bool:
    """Whether the collection lists a public repo: everything but code and the teacher's answers."""
    return is_ours(repo, org) and repo not in (code_repo(org), journal(org))


def is_ours(repo: str, org: str) -> bool:
    """Whether a repo is part of the installation or was created by it."""
    return repo == leaderboard(org) or repo.startswith(f"{org}/kakugo-")


def ledger(org: str) -> str:
    return f"{org}/kakugo-requests"


def results(org: str) -> str:
    return f"{org}/kakugo-results"


def journal(org: str) -> str:
    return f"{org}/kakugo-journal"


def feedback(org: str) -> str:
    return f"{org}/kakugo-feedback"


def feedback_language(path: str) -> str:
    """Return the code of the language about which a file has feedback; empty for other files.

    The chat writes each row to a file of its own.
    """
    match = _FEEDBACK.fullmatch(path)
    return match[1] if match else ""


def communities(org: str) -> str:
    return f"{org}/kakugo-communities"


def profile_path(language: str) -> str:
    return f"{language}.yaml"


def profile_languages(path: str) -> tuple[str, ...]:
    """Return the codes of the languages for which this file may be meant; none if it is no profile.

    Its name may be wrong, such as `esperanto.yaml` or `epo_Latn.yml`: nobody reads such a file.
    """
    stem, _, ending = path.rsplit("/", 1)[-1].partition(".")
    stem = _AROUND_PROFILE.sub("", stem)
    if match := _PROFILE.fullmatch(stem):
        return (f"{match[1].lower()}_{match[2].title()}{match[3].lower()}",)
    if not ending.lower().startswith(("yaml", "yml")):
        return ()
    named = find(stem)
    if isinstance(named, Language):
        return (named.code,)
    return tuple(each.code for each in named.languages if named.reason != "unknown")


def code_repo(org: str) -> str:
    return f"{org}/kakugo-code"


def dataset(org: str, language: str) -> str:
    return f"{org}/kakugo-{language}"


def adapter(org: str, base: str, language: str) -> str:
    """Return the adapter's repo, named after the base without its owner and our prefix."""
    name = base.rsplit("/", 1)[-1].removeprefix("kakugo-")
    return f"{org}/kakugo-{name}-{language}"


def results_folder(adapter_repo: str, language: str) -> str:
    return f"{language}/{adapter_repo.rsplit('/', 1)[-1]}"


def setup_tag(digest: str) -> str:
    """Return the tag of the code repo that records that the setup with this digest is done."""
    return f"setup-{digest[:16]}"


def is_version(name: str) -> bool:
    """Whether this is the tag of an adapter's version, like `v2`."""
    return _VERSION.fullmatch(name) is not None


def check_path(language: str) -> str:
    return f"checks/{language}/{MANIFEST}"


def request_id(discussion: int) -> str:
    return f"r{discussion}"


def ledger_path(request: str) -> str:
    return f"{LEDGER_DIR}/{request}.json"


def request_of_path(path: str) -> str:
    """Return the id of the request whose record has this path; empty if it is none."""
    match = _RECORD.fullmatch(path)
    return match[1] if match else ""


def discussion_of(request: str) -> int:
    """Return the number of the discussion of a request's id; 0 if it is no id."""
    match = _REQUEST_ID.fullmatch(request)
    return int(match[1]) if match else 0


def index_path(discussion: int) -> str:
    """Return the path of the index file with a copy of the request's record, and of 99 others."""
    return f"sheets/{discussion // INDEX_SIZE:05}.jsonl"


def marker(kind: str, text: str) -> str:
    """Return a hidden line by which the bot finds its reply again and sees whether it changed."""
    return f"<!-- kakugo {kind} {hashlib.sha256(text.encode()).hexdigest()[:12]} -->"


def find_marker(comment: str) -> str:
    """Return the last marker in a comment; empty if it has none."""
    matches = list(_MARKER.finditer(comment))
    return matches[-1].group(0) if matches else ""


def marker_kind(text: str) -> str:
    match = _MARKER.search(text)
    return match.group(1) if match else ""


def repo_url(endpoint: str, repo: str, repo_type: str) -> str:
    prefix = {"model": "", "dataset": "datasets/", "space": "spaces/"}[repo_type]
    return f"{endpoint}/{prefix}{repo}"


def discussion_url(endpoint: str, org: str, num: int) -> str:
    return f"{repo_url(endpoint, leaderboard(org), 'space')}/discussions/{num}"


def wheel_url(endpoint: str, org: str, commit: str, wheel: str) -> str:
    return f"{repo_url(endpoint, code_repo(org), 'dataset')}/resolve/{commit}/{wheel}"


def beside(wheel_url: str, name: str) -> str:
    """Return the URL of another file that was pushed with a wheel."""
    return f"{wheel_url.rpartition('/')[0]}/{name}"


def webhook_url(host: str) -> str:
    return f"{host.rstrip('/')}/webhook"


def with_secret_version(url: str, version: str) -> str:
    """Add the fingerprint of a webhook's secret to its URL: the Hub never returns the secret."""
    return f"{url}{'&' if '?' in url else '?'}{SECRET_VERSION}={version}" if version else url


def without_secret_version(url: str) -> tuple[str, str]:
    """Return a webhook's URL as it was given, and the fingerprint of its secret."""
    plain, mark, version = url.rpartition(f"{SECRET_VERSION}=")
    return (plain[:-1], version) if mark else (url, "")


def wheel(version: str) -> str:
    return f"kakugo_bot-{version}-py3-none-any.whl"


def wheel_version(name: str) -> str:
    """Return the version in the name or URL of a wheel."""
    return name.rpartition("/")[2].split("-")[1]
