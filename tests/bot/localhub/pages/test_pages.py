"""Web pages: read over HTTP like a browser, and used through sessions and forms."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote

import httpx2
import pyarrow
from huggingface_hub import CommitOperationAdd, HfApi
from pyarrow import parquet

from tests.bot.localhub.helpers import Browser, wait_until

HOSTILE = "<script>alert(1)</script>\n\n<b onclick=x>bold</b> <iframe src=//evil></iframe>"


def links(page: str) -> set[str]:
    return {unescape(link).split("#")[0] for link in re.findall(r'href="(/[^"]*)"', page)}


class Checker(HTMLParser):
    """Finds unclosed tags, images without alt text, and inputs without a label."""

    VOID = {"meta", "link", "img", "input", "br", "hr", "path", "rect", "circle", "ellipse"}

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.labels: set[str] = set()
        self.inputs: list[str] = []
        self.errors: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        if tag == "img" and "alt" not in attributes:
            self.errors.append("img without alt")
        if tag == "label":
            self.labels.add(str(attributes.get("for")))
        if tag in ("input", "textarea") and attributes.get("type") != "hidden":
            if "aria-label" not in attributes:
                self.inputs.append(str(attributes.get("id")))
        if any(name.startswith("on") for name in attributes):
            self.errors.append(f"inline script on {tag}")
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self.VOID:
            return
        if not self.open or self.open[-1] != tag:
            self.errors.append(f"</{tag}> closes {self.open[-3:]}")
        else:
            self.open.pop()


def check(page: str) -> None:
    checker = Checker()
    checker.feed(page)
    assert not checker.errors and not checker.open
    assert set(checker.inputs) <= checker.labels


def test_every_link_of_a_repo_works(
    alice: HfApi, name: str, browse: Callable[[str], Browser]
) -> None:
    card = "---\nlicense: mit\nbase_model: x/y\n---\n# Title\n\n[run](run.json) ![p](p.png)"
    alice.create_repo(name)
    operations = [
        CommitOperationAdd("README.md", card.encode()),
        CommitOperationAdd("run.json", b'{"a": 1}'),
        CommitOperationAdd("deep/er/päth ?#.txt", b"hello"),
        CommitOperationAdd("p.png", b"\x89PNG\r\n"),
        CommitOperationAdd("weights.bin", b"\0" * 100),
    ]
    alice.create_commit(name, operations, commit_message="Add files")
    alice.create_discussion(name, "a discussion")
    alice.create_commit(
        name, [CommitOperationAdd("run.json", b'{"a": 2}')], commit_message="PR", create_pr=True
    )
    for user in ("", "alice"):
        browser = browse(user)
        pending, visited = {f"/{name}"}, set[str]()
        while pending:
            path = pending.pop()
            visited.add(path)
            if not path.startswith((f"/{name}", "/static", "/avatars")):
                continue
            response = browser.http.get(path)
            assert response.status_code == 200, path
            if response.headers["content-type"].startswith("text/html"):
                check(response.text)
                pending |= links(response.text) - visited
        paths = "\n".join(visited)
        for part in ("/tree/main/deep", "p%C3%A4th%20%3F%23.txt", "/discussions/2", "/commit/"):
            assert part in paths, part
    page = browse("").read(f"/{name}")
    assert f'href="/{name}/blob/main/run.json"' in page
    assert f'src="/{name}/resolve/main/p.png"' in page
    assert "<b>license:</b> mit" in page and "<h1>Title</h1>" in page


def test_listings_hide_private_repos(
    alice: HfApi, name: str, browse: Callable[[str], Browser]
) -> None:
    alice.create_repo(name)
    alice.create_repo(name, repo_type="dataset", private=True)
    public, member = browse(""), browse("alice")
    assert f'href="/{name}"' in public.read("/models?search=" + name.split("/")[1])
    for page in ("/", "/datasets", "/practice", "/search?q=" + name.split("/")[1]):
        check(public.read(page))
        assert f"/datasets/{name}" not in public.read(page)
    assert f"/datasets/{name}" in member.read("/practice")
    public.read(f"/datasets/{name}", 404)
    member.read(f"/datasets/{name}")
    check(public.read("/nobody-at-all", 404))


def test_discussion_is_opened_commented_and_closed(
    alice: HfApi, repo: str, browse: Callable[[str], Browser]
) -> None:
    browser, base = browse("bob"), f"/{repo}/discussions"
    form = browser.read(f"{base}/new")
    check(form)
    assert "required" not in re.findall(r"<textarea[^>]*>", form)[0]  # a title is enough
    page = browser.submit(base, form, title="Esperanto", text="I **would** like it")
    assert str(page.url).endswith(f"{base}/1")
    assert "<strong>would</strong>" in page.text
    check(page.text)
    thread = alice.get_discussion_details(repo, 1)
    assert (thread.title, thread.author, thread.status) == ("Esperanto", "bob", "open")
    browser.submit(f"{base}/1", page.text, action="comment", text="hello?")
    page = browser.submit(f"{base}/1", page.text, action="closed", text="never mind")
    assert "never mind" in page.text and "Reopen" in page.text
    thread = alice.get_discussion_details(repo, 1)
    assert thread.status == "closed"
    assert [event.type for event in thread.events] == ["comment"] * 3 + ["status-change"]
    assert "Esperanto" in browser.read(f"{base}?status=closed")
    check(browser.read(base))


def test_home_says_what_to_do_and_search_finds_a_word_of_a_card(
    alice: HfApi, name: str, browse: Callable[[str], Browser]
) -> None:
    alice.create_repo(name, repo_type="space", space_sdk="gradio")
    browser = browse("bob")
    for pinned in ("false", "true"):
        card = f"---\nsdk: gradio\nshort_description: Zenagish for all\npinned: {pinned}\n---\n"
        alice.upload_file(
            path_or_fileobj=card.encode(), path_in_repo="README.md", repo_id=name, repo_type="space"
        )
        home = browser.read("/")
        check(home)
        assert "Zenagish for all" in home
        assert (f"/spaces/{name}/discussions/new" in links(home)) == (pinned == "true")
    assert f"/spaces/{name}" in links(browser.read("/search?q=zenagish"))


def test_search_finds_a_language_by_any_name(
    alice: HfApi, name: str, browse: Callable[[str], Browser]
) -> None:
    card = b"---\nlanguage: gd\npretty_name: L\xc3\xa9igheadh\n---\n"
    for repo_type in ("model", "dataset"):
        alice.create_repo(name, repo_type=repo_type)
        alice.upload_file(
            path_or_fileobj=card, path_in_repo="README.md", repo_id=name, repo_type=repo_type
        )
    thread = alice.create_discussion(name, "Léigheadh?")
    browser = browse("bob")
    assert "Scottish Gaelic" in browser.read("/models")
    assert f"/{name}/discussions/{thread.num}" in links(browser.read("/search?q=gheadh"))
    for text in ("Scottish Gaelic", "gàidhlig", "gla_Latn", "gd", "Léigheadh"):
        page = browser.read(f"/search?q={quote(text)}")
        assert {f"/{name}", f"/datasets/{name}"} <= links(page), text
    page = browser.read("/search?q=Gaelicc")  # a typing error means no language
    assert f"/{name}" not in links(page)
    assert f"/{name}" in links(browser.read("/search?q=+"))  # no word excludes nothing


def test_dataset_shows_its_first_rows(
    alice: HfApi, name: str, browse: Callable[[str], Browser], tmp_path: Path
) -> None:
    chat = [{"role": "user", "content": "Dè?"}, {"role": "assistant", "content": "<i>Seo</i>."}]
    rows = [
        {"prompt": f"<b>Dè {number}?</b>", "turns": [{"role": "user"}], "messages": chat}
        for number in range(30)
    ]
    parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "rows")
    alice.create_repo(name, repo_type="dataset")
    alice.create_commit(
        name,
        [
            CommitOperationAdd("data/test-0.parquet", b"PAR1 \0 no parquet PAR1"),
            CommitOperationAdd("data/train-0.parquet", (tmp_path / "rows").read_bytes()),
        ],
        commit_message="rows",
        repo_type="dataset",
    )
    browser = browse("bob")
    for path in (f"/datasets/{name}", f"/datasets/{name}/blob/main/data/train-0.parquet"):
        page = browser.read(path)
        check(page)
        assert "&lt;b&gt;Dè 9?" in page and "Dè 10?" not in page, path
        assert "user: Dè?\n\nassistant: &lt;i&gt;Seo" in page
        assert "10 of 30 rows" in page and "&#34;role&#34;: &#34;user&#34;" in page, path
    broken = f"/datasets/{name}/blob/main/data/test-0.parquet"
    assert broken in links(browser.read(f"/datasets/{name}"))
    assert "too large to show or not text" in browser.read(broken)


def test_invalid_form_is_shown_again_with_its_contents(
    repo: str, browse: Callable[[str], Browser]
) -> None:
    browser, base = browse("bob"), f"/{repo}/discussions"
    response = browser.submit(base, browser.read(f"{base}/new"), title="no", text="<b>kept</b>")
    assert response.status_code == 400
    assert "3 to 200 characters" in response.text and "&lt;b&gt;kept&lt;/b&gt;" in response.text


def test_forms_of_other_sites_and_sessions_are_rejected(
    alice: HfApi, repo: str, browse: Callable[[str], Browser]
) -> None:
    browser, base = browse("bob"), f"/{repo}/discussions"
    form = browser.read(f"{base}/new")
    fields = {"title": "forged", "text": "x"}
    for origin in ("http://evil.example", "http://["):
        assert browser.submit(base, form, origin=origin, **fields).status_code == 403
    other = browse("alice").read(f"{base}/new")
    assert browser.submit(base, other, **fields).status_code == 403
    headers = {"Origin": browser.url, "Host": "evil.example"}
    token = re.search(r'name="csrf" value="([^"]+)"', form)
    assert token
    response = browser.http.post(base, data={"csrf": token[1], **fields}, headers=headers)
    assert response.status_code == 421
    assert browser.http.post(base, data=fields, headers={"Origin": browser.url}).status_code == 403
    assert list(alice.get_repo_discussions(repo)) == []


def test_anonymous_user_is_asked_to_sign_in(repo: str, browse: Callable[[str], Browser]) -> None:
    browser = browse("")
    assert 'action="/login"' in browser.read(f"/{repo}/discussions/new")
    response = browser.submit("/login", browser.read("/login"), user="nobody")
    assert response.status_code == 400
    response = browser.submit("/login", browser.read("/login"), user="bob", next="//evil.example/")
    assert str(response.url) == f"{browser.url}/"
    cookie = next(iter(response.history[0].headers.get_list("set-cookie")))
    # Failed before: a browser sends it to all ports, so another local Hub signed the user out.
    assert cookie.startswith(f"local_hub_session_{browser.url.rpartition(':')[2]}=")
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie  # a Space may send its visitors here
    browser.submit("/logout", browser.read("/"))
    assert "Sign in" in browser.read("/")


def test_hostile_text_is_escaped_on_every_page(
    alice: HfApi, name: str, browse: Callable[[str], Browser]
) -> None:
    alice.create_repo(name)
    tags = '---\ntags: ["<script>alert(2)</script>"]\n---\n'
    operations = [
        CommitOperationAdd("README.md", (tags + HOSTILE).encode()),
        CommitOperationAdd("<script>.html", HOSTILE.encode()),
    ]
    alice.create_commit(name, operations, commit_message="<script>alert(3)</script>")
    alice.create_discussion(name, "<script>alert(4)</script>", description=HOSTILE)
    browser = browse("alice")
    head = alice.repo_info(name).sha
    for path in ("", "/tree/main", "/commits/main", f"/commit/{head}", "/discussions",
                 "/discussions/1", "/blob/main/%3Cscript%3E.html"):  # fmt: skip
        response = browser.http.get(f"/{name}{path}")
        assert response.status_code == 200
        assert set(re.findall(r"<script[^>]*>", response.text)) == {
            '<script src="/static/hub.js" defer>'
        }
        assert "onclick" not in re.sub(r"<pre.*?</pre>", "", response.text, flags=re.DOTALL)
        assert "<iframe" not in response.text
        assert "script-src 'self'" in response.headers["content-security-policy"]
    raw = browser.http.get(f"/{name}/resolve/main/%3Cscript%3E.html")
    assert raw.headers["content-type"].startswith("text/plain")


def test_job_page_is_for_members_only(alice: HfApi, browse: Callable[[str], Browser]) -> None:
    code = "import time; print('<i>working</i>', flush=True); time.sleep(60)"
    job = alice.run_job(
        image="python:3.12", command=["python", "-c", code], namespace="practice",
        secrets={"KEY": "hf_secret_value"}, labels={"request": "r1"},
    )  # fmt: skip
    browser, path = browse("alice"), f"/jobs/practice/{job.id}"
    next(iter(alice.fetch_job_logs(job_id=job.id, namespace="practice", follow=True)))
    page = browser.read(path)
    check(page)
    assert "&lt;i&gt;working&lt;/i&gt;" in page and "Running" in page
    assert "hf_secret_value" not in page and "KEY" in page
    assert f'data-stream="/api/jobs/practice/{job.id}/logs' in page
    assert job.id in browser.read("/jobs/practice")
    browse("bob").read(path, 404)
    assert 'action="/login"' in browse("").read(path)
    page = browser.submit(f"{path}/cancel", page).text
    assert "Canceled" in page and "data-stream" not in page


def test_space_page_shows_the_app(
    alice: HfApi, name: str, browse: Callable[[str], Browser]
) -> None:
    app = (
        "import http.server, os\n"
        "at = ('127.0.0.1', int(os.environ['PORT']))\n"
        "http.server.HTTPServer(at, http.server.SimpleHTTPRequestHandler).serve_forever()\n"
    )
    alice.create_repo(name, repo_type="space", space_sdk="gradio")
    browser, path = browse("alice"), f"/spaces/{name}"
    assert "is starting" in browser.read(path)
    alice.upload_file(
        path_or_fileobj=app.encode(), path_in_repo="app.py", repo_id=name, repo_type="space"
    )
    page = browser.read(path)
    assert "is starting" in page and "data-live" in page
    wait_until(lambda: "<iframe" in browser.read(path))
    page = browser.read(path)
    check(page)
    frame = re.search(r'<iframe src="(http://localhost:\d+)/"', page)
    assert frame, "the app must not get the cookies of 127.0.0.1, which ignore ports"
    assert httpx2.get(frame[1], trust_env=False).status_code == 200
    assert f'src="{frame[1]}/?language=epo_Latn"' in browser.read(f"{path}?language=epo_Latn")
    check(browser.read(f"{path}/logs"))
    alice.pause_space(name)
    page = browser.read(path)
    assert "is paused" in page
    browser.submit(f"{path}/restart", page)
    assert alice.wait_for_space(name, timeout=15).stage == "RUNNING"
    alice.pause_space(name)
