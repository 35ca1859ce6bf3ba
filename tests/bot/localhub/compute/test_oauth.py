"""Sign-in with the Hub: Gradio's own client signs a visitor in, and nobody else gets a code."""

from __future__ import annotations

import base64
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from huggingface_hub import HfApi, get_session

from bot.localhub.testing import LocalHub
from tests.bot.localhub.helpers import Browser, auth_header
from tests.spaces.running_space import restart_space

# What Gradio does in `gradio/oauth.py`, without the seconds that Gradio takes to start.
APP = """
import os
import uvicorn
from authlib.integrations.starlette_client import OAuth
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.responses import JSONResponse
from starlette.routing import Route

oauth = OAuth()
oauth.register(
    name="huggingface",
    client_id=os.environ["OAUTH_CLIENT_ID"],
    client_secret=os.environ["OAUTH_CLIENT_SECRET"],
    client_kwargs={"scope": os.environ["OAUTH_SCOPES"]},
    server_metadata_url=os.environ["OPENID_PROVIDER_URL"] + "/.well-known/openid-configuration",
)

async def login(request):
    uri = f"https://{os.environ['SPACE_HOST']}/login/callback?_target_url=%2Freview"
    return await oauth.huggingface.authorize_redirect(request, uri)

async def callback(request):
    return JSONResponse(await oauth.huggingface.authorize_access_token(request))

routes = [
    Route("/", lambda _: JSONResponse({"system": os.environ["SYSTEM"]})),
    Route("/login/huggingface", login),
    Route("/login/callback", callback),
]
app = Starlette(routes=routes, middleware=[Middleware(SessionMiddleware, secret_key="x")])
uvicorn.run(app, port=int(os.environ["PORT"]), log_level="warning")
"""
CARD = "---\nsdk: gradio\nhf_oauth: true\n---\n"


@pytest.fixture
def space(alice: HfApi, name: str) -> str:
    """Return the address of a running Space that signs its visitors in."""
    alice.create_repo(name, repo_type="space", space_sdk="gradio")
    for path, text in (("README.md", CARD), ("app.py", APP)):
        alice.upload_file(
            path_or_fileobj=text.encode(), path_in_repo=path, repo_id=name, repo_type="space"
        )
    return restart_space(alice, name)


def login_page(browser: Browser, space: str) -> tuple[str, str]:
    """Return the Hub's page on which a visitor of the Space lands, and its path."""
    response = browser.http.get(f"{space}/login/huggingface")
    assert response.status_code == 200
    return response.text, response.url.raw_path.decode()


def test_visitor_is_signed_in_after_allowing_it(
    hub: LocalHub, space: str, browse: Callable[[str], Browser]
) -> None:
    page, _ = login_page(browse(""), space)
    assert 'action="/login"' in page, "an anonymous visitor is asked to sign in first"
    bob = browse("bob")
    page, path = login_page(bob, space)
    assert "you are <b>bob</b>" in page
    answer = bob.submit(path, page, answer="allow")
    assert str(answer.url).startswith(f"{space}/login/callback?_target_url=%2Freview&")
    info = answer.json()
    assert info["userinfo"]["preferred_username"] == "bob" and info["expires_in"] > 0
    again = bob.http.get(f"{space}/login/huggingface")
    assert again.json()["userinfo"] and "/login/callback?" in str(again.url), "not asked again"
    token = {"Authorization": f"Bearer {info['access_token']}"}
    who = get_session().get(f"{hub.url}/oauth/userinfo", headers=token).json()
    assert (who["preferred_username"], who["orgs"]) == ("bob", [])
    body = {"name": "x", "type": "model"}
    created = get_session().post(f"{hub.url}/api/repos/create", headers=token, json=body)
    assert created.status_code == 403, "the token shows who bob is and nothing else"


def test_code_is_for_its_space_and_once_only(
    hub: LocalHub, space: str, browse: Callable[[str], Browser]
) -> None:
    bob = browse("bob")
    page, path = login_page(bob, space)
    for old, new in (
        ("client_id=", "client_id=0"),
        ("https%3A%2F%2Flocalhost", "https%3A%2F%2Fevil.example"),
        ("https%3A%2F%2Flocalhost", "https%3A%2F%2F%5B"),
        ("redirect_uri=https", "redirect_uri=http"),
        ("%2Flogin%2Fcallback", "%2Felsewhere"),
        ("response_type=code", "response_type=token"),
    ):
        assert old in path
        bob.read(path.replace(old, new), 400)
        assert bob.submit(path.replace(old, new), page, answer="allow").status_code == 400
    bob.http.follow_redirects = False
    refused = bob.submit(path, page, answer="refuse").headers["location"]
    assert parse_qs(urlsplit(refused).query)["error"] == ["access_denied"]
    target = urlsplit(bob.submit(path, page, answer="allow").headers["location"])
    code, asked = parse_qs(target.query)["code"][0], parse_qs(urlsplit(path).query)
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": "https://other"}
    token, client_id = f"{hub.url}/oauth/token", asked["client_id"][0]
    for headers in (auth_header(hub), {}, {"Authorization": "Basic !"}):
        assert get_session().post(token, data=form, headers=headers).status_code == 401
    guess = base64.b64encode(f"{client_id}:guess".encode()).decode()
    wrong = get_session().post(token, data=form, headers={"Authorization": f"Basic {guess}"})
    assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_client")
    stolen = browse("bob").http.get(target.geturl())
    assert stolen.status_code == 500, "this browser has not asked to sign in"
    first = bob.http.get(target.geturl())
    assert first.json()["userinfo"]["preferred_username"] == "bob"
    assert bob.http.get(target.geturl()).status_code == 500, "the code is used up"
