"""Secrets of known shapes leave a text; nothing else does."""

from __future__ import annotations

import base64
import json
import random
import string

import pytest

from steward.kit.redact import may_hold_secret, redact, redact_bytes


def _made(letters: str, length: int, seed: int = 7) -> str:
    """Make up the random part of a token: whole ones must stand in no file."""
    return "".join(random.Random(f"{seed}{letters}{length}").choices(letters, k=length))


_WORD = string.ascii_letters + string.digits
_UPPER = string.ascii_uppercase + "234567"
_BODY = "\n".join(_made(_WORD + "+/", 64, seed) for seed in range(5)) + "\n" + _made(_WORD, 22) + "=="
_KEY = f"-----BEGIN RSA PRIVATE KEY-----\n{_BODY}\n-----END RSA PRIVATE KEY-----"

_TOKENS = [
    ("anthropic key", "sk-ant-" + "api03-" + _made(_WORD + "_-", 93)),
    ("anthropic key", "sk-ant-" + "oat01-" + _made(_WORD + "_-", 86)),
    ("openai key", "sk-" + _made(_WORD, 48)),
    ("openai key", "sk-" + "proj-" + _made(_WORD + "_-", 120)),
    ("github token", "ghp" + "_" + _made(_WORD, 36)),
    ("github token", "gho" + "_" + _made(_WORD, 36)),
    ("github token", "ghs" + "_" + _made(_WORD, 36)),
    ("github token", "github" + "_pat_" + _made(_WORD, 22) + "_" + _made(_WORD, 59)),
    ("gitlab token", "glpat" + "-" + _made(_WORD, 20)),
    ("slack token", "xoxb" + "-" + _made(string.digits, 12) + "-" + _made(_WORD, 24)),
    ("slack webhook", "hooks.slack.com" + "/services/T" + _made(_UPPER, 8) + "/B" + _made(_WORD, 33)),
    ("aws access key", "AKIA" + _made(_UPPER, 16)),
    ("aws access key", "ASIA" + _made(_UPPER, 16)),
    ("google key", "AIza" + _made(_WORD + "_-", 34) + "x"),
    ("npm token", "npm" + "_" + _made(_WORD, 36)),
    ("pypi token", "pypi" + "-AgEIcHlwaS5vcmc" + _made(_WORD + "_-", 120)),
    ("stripe key", "sk" + "_live_" + _made(_WORD, 24)),
    ("groq key", "gsk" + "_" + _made(_WORD, 52)),
    ("xai key", "xai" + "-" + _made(_WORD, 80)),
    ("google oauth token", "ya29" + ".a0A" + _made(_WORD + "_-", 160) + "x"),
    ("google oauth token", "ya29" + ".c.b0A" + _made(_WORD + "_-", 160) + "x"),
    ("sendgrid key", "SG" + "." + _made(_WORD + "_-", 22) + "." + _made(_WORD + "_-", 43)),
    ("docker token", "dckr" + "_pat_" + _made(_WORD + "_-", 26) + "x"),
    ("digitalocean token", "dop" + "_v1_" + _made("0123456789abcdef", 64)),
    ("linear key", "lin" + "_api_" + _made(_WORD, 40)),
    ("tavily key", "tvly" + "-" + _made(_WORD, 32)),
    ("tavily key", "tvly" + "-dev-" + _made(_WORD, 32)),
    ("sentry token", "sntrys" + "_eyJpYXQiOjE2" + _made(_WORD, 120) + "==_" + _made(_WORD + "+", 43)),
    ("sentry token", "sntryu" + "_" + _made("0123456789abcdef", 64)),
    ("json web token", "eyJ" + _made(_WORD, 33) + ".eyJ" + _made(_WORD, 60) + "." + _made(_WORD, 43)),
    ("steward key", "stw" + "_" + _made(_WORD, 8) + "_" + _made(_WORD + "_-", 43)),
    ("private key", _KEY),
    ("private key", _KEY.replace("RSA PRIVATE KEY", "OPENSSH PRIVATE KEY")),
]

_AROUND = [
    "{}",
    "key={} and more",
    '"{}"',
    "first line\n{}\nlast line",
    "https://example.org/{}?x=1",
    "\x1b[0m{}\x1b[31m",
    "\t{}",
]


@pytest.mark.parametrize(("kind", "token"), _TOKENS)
@pytest.mark.parametrize("around", _AROUND)
def test_a_token_leaves_text_and_json_and_json_within_json(kind: str, token: str, around: str) -> None:
    text = around.format(token)
    expected = around.format(f"[secret: {kind}]")
    entry = {"text": text, "after": 1}
    assert redact(text) == expected
    assert redact_bytes(text.encode()) == expected.encode()
    for ascii_only in (True, False):
        raw = json.dumps(entry, ensure_ascii=ascii_only)
        twice = json.dumps({"inner": raw}, ensure_ascii=ascii_only)
        assert json.loads(redact(raw)) == {"text": expected, "after": 1}
        assert json.loads(redact_bytes(raw.encode())) == {"text": expected, "after": 1}
        inner = json.loads(redact(twice))["inner"]
        assert token[-20:] not in inner
        assert json.loads(inner)["after"] == 1


_WITHIN = [
    ("password", "postgres://app:{}@db.example.org/app", "hunter2!"),
    ("password", "https://{}@github.com/a/b.git", "x-access-token:abcdefgh"),
    ("aws secret key", "aws_secret_access_key = {}", _made(_WORD + "+/", 40)),
    ("aws secret key", "AWS_SECRET_ACCESS_KEY='{}'", _made(_WORD + "+/", 40)),
    ("aws secret key", '"SecretAccessKey": "{}"', _made(_WORD + "+/", 40)),
    ("bearer token", "Authorization: Bearer {}", _made(_WORD, 40) + "9=="),
    ("azure account key", "AccountName=shop;AccountKey={};EndpointSuffix=x", _made(_WORD + "+/", 86) + "=="),
    ("basic credentials", "Authorization: Basic {}", base64.b64encode(b"aladdin:opensesame").decode()),
]


@pytest.mark.parametrize(("kind", "around", "secret"), _WITHIN)
def test_a_secret_known_by_what_stands_before_it(kind: str, around: str, secret: str) -> None:
    text = around.format(secret)
    hidden = secret.rpartition(":")[2]
    found = redact(text)
    assert hidden not in found
    assert f"[secret: {kind}]" in found
    raw = json.dumps({"a": [text], "b": {"c": json.dumps(text)}})
    redacted = redact_bytes(raw.encode())
    assert hidden.encode() not in redacted
    assert json.loads(redacted)["a"] == [found]


_NUMBERED = "\n".join(f"{number:6}\u2192{line}" for number, line in enumerate(_KEY.splitlines(), 1))


@pytest.mark.parametrize(
    "text",
    [
        _NUMBERED,
        json.dumps(_NUMBERED),
        json.dumps(_NUMBERED, ensure_ascii=False),
        _KEY[:200],
        json.dumps(_KEY[:200])[:-1],
        _KEY.replace("\n", "\r\n"),
        _KEY.replace("-----\nA", "-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0123\n\nA"),
    ],
)
def test_a_private_key_leaves_however_it_is_laid_out(text: str) -> None:
    for found in (redact(text), redact_bytes(text.encode()).decode()):
        assert "[secret: private key]" in found
        for line in _BODY.splitlines()[:2]:
            assert line[:16] not in found


_PICTURE = base64.b64encode(random.Random(3).randbytes(3_000_000)).decode()

_INNOCENT = [
    "0b9bd2e4-9b0b-4c5e-8d1e-2c4c7a2c9f11",
    "da39a3ee5e6b4b0d3255bfef95601890afd80709",
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "task-management-and-orchestration-of-many-agents-2024",
    "task-ant-colony-optimisation-run-number-12345678",
    "risk-" + "a1" * 20,
    "ghp_short",
    "the prefix sk-ant- and the prefix sk-proj- of keys",
    "sk-ant-api03-...",
    "sk-fading-circle",
    "AKIA",
    "npm_config_user_agent and npm_lifecycle_event",
    "pypi-publish-action",
    "eyJust.eyJudging",
    "xoxb-your-token-here",
    "-----BEGIN PRIVATE KEY-----",
    "if text.startswith('-----BEGIN RSA PRIVATE KEY-----') and '-----END RSA PRIVATE KEY-----' in text:",
    "-----BEGIN PUBLIC KEY-----\n" + _BODY + "\n-----END PUBLIC KEY-----",
    "http://localhost:7717/api/work@v1",
    "http://127.0.0.1:8080 and me@example.org",
    "postgres://user:${DB_PASSWORD}@db/app",
    "Bearer authentication-is-required-everywhere",
    "Bearer <token>",
    "secret_key = settings.SECRET",
    "gsk_window_new and gsk_" + "a" * 30,
    "xai-sdk-python and xai-" + "grok-code-fast-1-" * 3,
    "ya29.example and dop_v1_token and lin_api_key",
    "SG.Messages.Dispatcher.HandleIncomingRequestsFromTheOtherServiceInOrder",
    "dckr_pat_<yours>, tvly-YOUR_API_KEY, sntrys_YOUR_TOKEN_HERE",
    "AccountKey=<key>;AccountKey=${STORAGE_ACCOUNT_KEY};AccountKey=UseDevelopmentStorage",
    "_live_ data",
    "data:image/png;base64," + _PICTURE,
    "\x00\udc80 halves and zeros",
    "",
]


@pytest.mark.parametrize("text", _INNOCENT)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact(text) == text
    raw = text.encode("utf-8", "surrogateescape")
    assert redact_bytes(raw) == raw
    dumped = json.dumps({"a": text})
    assert redact(dumped) == dumped


def test_no_match_reaches_into_the_next_line() -> None:
    cut = json.dumps({"a": _KEY})[:120].encode()
    whole = json.dumps({"type": "user", "uuid": "1"}).encode()
    lines = redact_bytes(cut + b"\n" + whole + b"\n").split(b"\n")
    assert lines[1:] == [whole, b""]
    assert b"[secret: private key]" in lines[0]


def test_damaged_utf8_is_searched_too() -> None:
    token = b"ghp" + b"_" + b"a1" * 18
    assert redact_bytes(b"\xff\xfe " + token + b" \xc3") == b"\xff\xfe [secret: github token] \xc3"
    assert redact("\udc80 " + token.decode()) == "\udc80 [secret: github token]"


def test_what_was_redacted_stays_as_it_is() -> None:
    text = "\n".join(token for _, token in _TOKENS) + "\n" + "\n".join(a.format(s) for _, a, s in _WITHIN)
    once = redact(text)
    assert redact(once) == once
    assert not may_hold_secret("nothing of the kind")


@pytest.mark.parametrize(
    "piece",
    [
        "-----BEGIN PRIVATE KEY-----\n",
        "://a:",
        "SG.",
        "ya29.",
        "tvly-",
        "sntrys_eyJ",
        "AccountKey=",
        "sk-ant-",
        "xoxb-",
        "Bearer a",
        "Bearer ",
        "eyJ",
        "a" * 40,
    ],
)
def test_hostile_repetition_takes_no_time(piece: str) -> None:
    text = piece * (400_000 // len(piece)) + '" ghp' + "_" + "a1" * 18
    assert redact(text).endswith("[secret: github token]")
