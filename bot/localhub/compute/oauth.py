"""Sign-in with the Hub for Spaces whose card says `hf_oauth: true` (OpenID Connect).

Only the authorization-code flow with a client secret, which is what Gradio's `LoginButton` uses.
The page that asks the user is `pages/authorize.py`.
"""

from __future__ import annotations

import base64
import binascii
import secrets
import sqlite3
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.localhub.compute import oauth_apps
from bot.localhub.compute.hub import ComputeHub, hub_of
from bot.localhub.compute.space_runner import SPACE_HOST
from bot.localhub.core import accounts, auth
from bot.localhub.core.auth import User
from bot.localhub.core.clock import iso
from bot.localhub.core.hub import Hub
from bot.localhub.core.records import Json, Repo
from bot.localhub.core.wire import HubError, split_url
from bot.localhub.repos import repos

SCHEMA = f"""
{oauth_apps.SCHEMA}
CREATE TABLE IF NOT EXISTS oauth_codes (
    hash TEXT PRIMARY KEY, client_id TEXT NOT NULL, user_id TEXT NOT NULL REFERENCES accounts(id),
    redirect_uri TEXT NOT NULL, scope TEXT NOT NULL, nonce TEXT NOT NULL, created_at TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS oauth_grants (
    client_id TEXT NOT NULL, user_id TEXT NOT NULL REFERENCES accounts(id),
    PRIMARY KEY (client_id, user_id)
);
"""
ALGORITHM, KEY_BITS = "RS256", 2048
TOKEN_SECONDS = 8 * 3600
CODE_SECONDS = 60
AUTHORIZE, CALLBACK = "/oauth/authorize", "/login/callback"


@dataclass(frozen=True)
class Authorization:
    """A valid request of a Space to sign a user in."""

    app: Repo
    client_id: str
    redirect_uri: str
    scope: str
    state: str
    nonce: str

    @property
    def origin(self) -> str:
        """Where the Space answers: here, without TLS; its redirect URI says https as on the Hub."""
        return f"http://{urlsplit(self.redirect_uri).netloc}"

    def target(self, **answer: str) -> str:
        """Return the address to which the browser goes back with the answer."""
        parts = urlsplit(self.redirect_uri)
        query = f"{parts.query}&{urlencode({**answer, 'state': self.state})}"
        return f"{self.origin}{parts.path}?{query.lstrip('&')}"


def read_authorization(request: Request) -> Authorization:
    """Read the query of `/oauth/authorize`; raises HubError 400 if the Space may not ask so."""
    query, hub = request.query_params, hub_of(request)
    client_id, redirect_uri = query.get("client_id", ""), query.get("redirect_uri", "")
    with hub.store.read() as db:
        row = db.execute(
            "SELECT repo_id FROM oauth_apps WHERE client_id = ?", (client_id,)
        ).fetchone()
        app = repos.by_id(db, row["repo_id"]) if row else None
    if app is None:
        raise HubError(400, "There is no app with this client_id")
    if query.get("response_type") != "code" or "code_challenge" in query:
        raise HubError(400, "The local Hub serves response_type=code without PKCE only")
    parts, url = split_url(redirect_uri), hub.spaces.processes.url(app.id) or ""
    host = f"{SPACE_HOST}:{urlsplit(url).port}"
    if (parts.scheme, parts.netloc, parts.path) != ("https", host, CALLBACK):
        raise HubError(400, f"The redirect_uri must be {CALLBACK} of the Space {app.name}")
    scope = [name for name in query.get("scope", "").split() if name in oauth_apps.SCOPES]
    return Authorization(
        app, client_id, redirect_uri, " ".join(scope), query.get("state", ""),
        query.get("nonce", ""),
    )  # fmt: skip


def is_granted(hub: Hub, user: User, authorization: Authorization) -> bool:
    """Return whether the user has allowed this Space to know who they are before."""
    query = "SELECT 1 FROM oauth_grants WHERE client_id = ? AND user_id = ?"
    with hub.store.read() as db:
        return db.execute(query, (authorization.client_id, user.id)).fetchone() is not None


def grant(hub: Hub, user: User, authorization: Authorization) -> str:
    """Return where the browser goes with a new code, for which the Space gets the user's name."""
    code, client_id = secrets.token_urlsafe(24), authorization.client_id
    with hub.store.write() as db:
        db.execute("INSERT OR IGNORE INTO oauth_grants VALUES (?, ?)", (client_id, user.id))
        db.execute(
            "INSERT INTO oauth_codes VALUES (?, ?, ?, ?, ?, ?, ?)",
            (auth.digest(code), client_id, user.id, authorization.redirect_uri,
             authorization.scope, authorization.nonce, hub.now()),
        )  # fmt: skip
    return authorization.target(code=code)


# ── routes ───────────────────────────────────────────────────────────────────────────────────


def configuration(request: Request) -> Response:
    """Show where the other addresses of the sign-in are."""
    url = hub_of(request).url
    return JSONResponse(
        {
            "issuer": url,
            "authorization_endpoint": f"{url}{AUTHORIZE}",
            "token_endpoint": f"{url}/oauth/token",
            "userinfo_endpoint": f"{url}/oauth/userinfo",
            "jwks_uri": f"{url}/oauth/jwks",
            "response_types_supported": ["code"],
            "scopes_supported": list(oauth_apps.SCOPES),
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [ALGORITHM],
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
        }
    )


def signing_keys(request: Request) -> Response:
    """Show the public key that signs the id tokens."""
    return JSONResponse(KeySet([_signing_key(hub_of(request))]).as_dict(private=False))


def _signing_key(hub: Hub) -> RSAKey:
    """Return the key of this Hub, which is created when it is first needed."""
    path = hub.data / "oauth_key.pem"
    if not path.exists():
        partial = path.with_suffix(f".{secrets.token_hex(4)}")
        partial.touch(mode=0o600)
        partial.write_bytes(RSAKey.generate_key(KEY_BITS).as_pem(private=True))
        partial.replace(path)
    key = RSAKey.import_key(path.read_bytes(), {"use": "sig", "alg": ALGORITHM})
    key.ensure_kid()
    return key


async def token(request: Request) -> Response:
    """Exchange a code for an access token and an id token."""
    form = await request.form(max_files=0, max_fields=20)
    fields = {key: value for key, value in form.items() if isinstance(value, str)}
    return JSONResponse(await run_in_threadpool(_exchange, request, fields))


def _exchange(request: Request, fields: dict[str, str]) -> Json:
    hub, client_id = hub_of(request), _client(request)
    if fields.get("grant_type") != "authorization_code":
        raise _oauth_error("unsupported_grant_type", "The local Hub exchanges codes only")
    with hub.store.write() as db:
        code = _redeem(hub, db, fields, client_id)
        if code is not None:
            access_token = f"hf_oauth_{secrets.token_urlsafe(32)}"
            db.execute(  # without a permission: it only shows who the user is
                "INSERT INTO tokens VALUES (?, ?, 'oauth', 'fineGrained', '[]', ?)",
                (auth.digest(access_token), code["user_id"], hub.now()),
            )
            claims = _profile(hub, db, code["user_id"])
    if code is None:
        raise _oauth_error("invalid_grant", "The code is unknown, used, old or of another app")
    now = int(hub.clock.now().timestamp())
    claims |= {"iss": hub.url, "aud": client_id, "iat": now, "exp": now + TOKEN_SECONDS}
    if code["nonce"]:
        claims["nonce"] = code["nonce"]
    key = _signing_key(hub)
    return {
        "access_token": access_token, "token_type": "bearer", "expires_in": TOKEN_SECONDS,
        "scope": code["scope"],
        "id_token": jwt.encode({"alg": ALGORITHM, "kid": key.kid}, claims, key),
    }  # fmt: skip


def _redeem(
    hub: Hub, db: sqlite3.Connection, fields: dict[str, str], client_id: str
) -> sqlite3.Row | None:
    """Return the row of a code, which is used up by this; None if the code is not valid."""
    digest = auth.digest(fields.get("code", ""))
    row: sqlite3.Row | None = db.execute(
        "SELECT * FROM oauth_codes WHERE hash = ? AND client_id = ? AND redirect_uri = ?"
        " AND created_at >= ?",
        (digest, client_id, fields.get("redirect_uri", ""),
         iso(hub.clock.now() - timedelta(seconds=CODE_SECONDS))),
    ).fetchone()  # fmt: skip
    db.execute("DELETE FROM oauth_codes WHERE hash = ?", (digest,))
    return row


def _client(request: Request) -> str:
    """Return the client's id; raises HubError 401 unless its secret is in the header."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    try:
        text = base64.b64decode(value, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        text = ""
    client_id, _, secret = text.partition(":")
    with hub_of(request).store.read() as db:
        row = db.execute(
            "SELECT client_secret FROM oauth_apps WHERE client_id = ?", (client_id,)
        ).fetchone()
    known = row["client_secret"] if row else ""
    if scheme.lower() != "basic" or not known or not secrets.compare_digest(
        known.encode(), secret.encode()
    ):  # fmt: skip
        raise HubError(401, "invalid_client", body={"error": "invalid_client"})
    return client_id


def _oauth_error(code: str, reason: str) -> HubError:
    return HubError(400, reason, body={"error": code, "error_description": reason})


def userinfo(request: Request) -> Response:
    """Show who the user of an access token is."""
    user, hub = auth.require_user(request), hub_of(request)
    with hub.store.read() as db:
        is_pro = accounts.state_of(db, user.id).plan == "pro"
        return JSONResponse({**_profile(hub, db, user.id), "isPro": is_pro, "orgs": []})


def _profile(hub: ComputeHub, db: sqlite3.Connection, user_id: str) -> Json:
    row = db.execute("SELECT name, fullname FROM accounts WHERE id = ?", (user_id,)).fetchone()
    name = row["name"]
    return {
        "sub": user_id, "name": row["fullname"], "preferred_username": name,
        "profile": f"{hub.url}/{name}", "picture": f"{hub.url}{accounts.avatar_url(name)}",
    }  # fmt: skip


ROUTES = [
    Route("/.well-known/openid-configuration", configuration),
    Route("/oauth/jwks", signing_keys),
    Route("/oauth/token", token, methods=["POST"]),
    Route("/oauth/userinfo", userinfo, methods=["GET", "POST"]),
]
