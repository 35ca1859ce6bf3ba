"""Files and answers of another shape: each is refused in a sentence, or is left out."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.domain.codec import UnreadableRecord, request_to_json
from bot.domain.community import Consent, parse
from bot.domain.ledger_upgrade import read_faults, read_request, read_teacher
from bot.errors import UserError
from bot.hub import withdrawal
from bot.hub.client import MALFORMED
from bot.hub.manifests import parse_manifest
from recipes.core.errors import UserError as RecipeError
from recipes.core.manifest import Manifest
from tests.bot import examples

SHAPES = ["", "null", "[]", "3", '"x"', "{", "[" * 60_000, '{"a": 1}', '{"schema": NaN}',
          '{"schema": 1e999}', '{"schema": true}', '{"schema": []}', '{"schema": -1}',
          '{"a": 1, "a": 2}', "\ufeff{}", "\x00", "{}{}", '{"schema": 99}']  # fmt: skip


@pytest.mark.parametrize("read", [read_request, read_teacher, read_faults])
def test_a_record_of_another_shape_is_refused(read: Any) -> None:
    for text in SHAPES:
        with pytest.raises(UnreadableRecord) as refusal:
            read(text)
        assert isinstance(refusal.value, UserError) and len(str(refusal.value)) < 500


@pytest.mark.parametrize("key", ["opened_at", "reserved_at", "last_comment_at", "comments_read"])
def test_an_absurd_figure_in_a_record_is_refused(key: str) -> None:
    for value in (-1, -1e9, 1e300, "1", None, True, [], {}):
        data = {**request_to_json(examples.request()), key: value}
        with pytest.raises(UnreadableRecord, match=key):
            read_request(json.dumps(data))


@pytest.mark.parametrize("text", SHAPES, ids=lambda text: repr(text[:16]))
def test_a_manifest_of_another_shape_is_refused(text: str) -> None:
    with pytest.raises(RecipeError):
        Manifest.from_json(text)
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return
    with pytest.raises(MALFORMED):
        parse_manifest(data)


# Failed before: an unknown key, a mistake or a long file meant *welcome*.
NOT_WELCOME = [
    b"Consent: no", b"consents: no", b"consnt: no", b"consent: maybe", b"consent: [no]",
    b"consent: {a: b}", b"consent: 0", b"consent: 1.5", b"stewards: abc", b"stewards: 3",
    b"variants: 3", b"unknown: 1", b"- a", b"3", b"'x'", b"[" * 1_000, b"{" * 1_000, b"\xff",
    b"\x00", b"a: &a [*a]", b"!!python/object:os.system x", b"consent: yes\nconsent: no",
    b"#" * 70_000 + b"\nconsent: no", b"stewards: ['<script>']", b"licence: 'x y'", b"licence: [a]",
    "consent: n\u200bo".encode(), "ｃｏｎｓｅｎｔ: no".encode(), "c\u043ensent: no".encode(),
    b"CONSENT: no", b"consent: NO", b"consent: No", b"consent: n", b"consent: off",
    b"consent: 'NO'",
    b"consent: no.", b"consent: none", b"consent: null", b"consent: ~", b"consent:", b"consent: ''",
    b"consent: {no: yes}", b"consent: |\n  no", b"consent: !!str no", b"consent: !x no",
    b"consent: no\n---\nconsent: welcome", b"---\nconsent: no\n...", b"consent: no\r",
    b"{consent: no}", b'{"consent": "no"}', b"? consent\n: no", b"<<: {consent: no}",
    b"a: &a {consent: no}\n<<: *a", b"consent: ASK", b"consent: wellcome", b"consent: Welcome",
    b"consent: yes", b"consent: true", b"consent: on", b"consent: 1",
    b"variants: {a: {consent: no}}",
    b"stewards: [a, b, 3]", b"stewards: ['']", b"licence: 'MIT'", b"license: mit", b"consent:no",
    b"consent=no", b"no", b"false", b"'consent: no'", b"consent: no\0", b"consent: 'no",
    "consent: no".encode("utf-16"), "consent: no".encode("utf-32"), b"consent: no\xe9",
    b"consent: !!binary bm8=", b"consent: 2001-01-01", b"consent: 0o0", b"\tconsent: no",
    b"consent: welcome\n\"consent\": no", b"consent: !!python/name:os.system no",
    b"a: &a [1,1]\nb: &b [*a,*a]\nc: &c [*b,*b]\nd: [*c,*c]", b"consent: welcome\nwho: me",
]  # fmt: skip


def test_a_profile_with_a_mistake_is_no_consent() -> None:
    for content in NOT_WELCOME:
        assert parse(content).consent is not Consent.WELCOME, content[:24]
        withdrawn = withdrawal._without_consent(content.decode("utf-8", "replace"))
        assert parse(withdrawn).consent is Consent.NO, content[:24]
