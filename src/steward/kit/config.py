"""Where Steward lives and how it is set up: flag, then STEWARD_* environment, then config.toml, then others' variables.

Others' variables (DATABASE_URL, PG*) come last and are marked foreign: agents run in repositories whose DATABASE_URL is
the user's own application, so such a database is used only if it is empty or already Steward's (`operate.setup`).
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

from steward.kit.convert import load
from steward.kit.errors import Invalid

EMBEDDED = "embedded"
_SECRET = frozenset({"database_url", "database_direct_url", "key"})


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be set; `sources` tells where each value came from."""

    home: Path
    database_url: str = EMBEDDED
    database_direct_url: str | None = None
    database_foreign: bool = False
    pool_size: int = 20
    pool_idle_s: float = 30.0
    connect_timeout_s: int = 2
    statement_timeout_ms: int = 30_000
    slow_query_ms: int = 250
    lock_timeout_ms: int = 5_000
    host: str = "127.0.0.1"
    port: int | None = None
    url: str | None = None
    key: str | None = None
    project: str | None = None
    agent: str | None = None
    timezone: str = "UTC"
    log_level: str = "info"
    mcp_profile: str = "core"
    # Further names that a server answers to, comma-separated; its address and localhost always work.
    allowed_hosts: str = ""
    # Where attached files are kept; <home>/files when not set.
    files_dir: str | None = None
    attachment_limit_mib: int = 25
    sources: dict[str, str] = field(default_factory=dict, compare=False)

    @property
    def embedded(self) -> bool:
        """Tell whether the database is our own embedded server."""
        return self.database_url == EMBEDDED

    @property
    def config_file(self) -> Path:
        """Return the path of config.toml."""
        return self.home / "config.toml"

    @property
    def files_folder(self) -> Path:
        """Return the folder of attached files."""
        return Path(self.files_dir).expanduser().absolute() if self.files_dir else self.home / "files"

    @property
    def state_file(self) -> Path:
        """Return the path of the running server's state file."""
        return self.home / "run" / "state.json"

    @property
    def key_file(self) -> Path:
        """Return the path of the single user's key."""
        return self.home / "key"

    def shown(self) -> list[tuple[str, str, str]]:
        """Return name, value and source of each setting, with secrets masked."""
        rows = []
        for item in fields(self):
            if item.name in ("sources", "database_foreign"):
                continue
            value = getattr(self, item.name)
            text = "" if value is None else str(value)
            if item.name in _SECRET:
                text = mask_url(text) if "://" in text else ("***" if text and text != EMBEDDED else text)
            rows.append((item.name, text, self.sources.get(item.name, "default")))
        return rows


def mask_url(url: str) -> str:
    """Return a database URL with its password replaced by ***."""
    parts = urlsplit(url)
    if not parts.password:
        return url
    user = quote(parts.username or "", safe="")
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{user}:***@{host}"))


def default_home(environ: Mapping[str, str]) -> Path:
    """Return STEWARD_HOME, or the platform's folder for user data."""
    named = environ.get("STEWARD_HOME")
    if named:
        return Path(named).expanduser().absolute()
    from platformdirs import user_data_path

    return user_data_path("steward", appauthor=False).absolute()


def _kind(name: str) -> Any:
    kinds: dict[str, Any] = {
        "pool_size": int,
        "pool_idle_s": float,
        "connect_timeout_s": int,
        "statement_timeout_ms": int,
        "slow_query_ms": int,
        "lock_timeout_ms": int,
        "port": int,
        "attachment_limit_mib": int,
    }
    return kinds.get(name, str)


def _read_file(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return {}
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        raise Invalid(
            f"{path}: {exc}", hint="mend the line, or delete the file to start from defaults"
        ) from None


def _pg_url(environ: Mapping[str, str]) -> str | None:
    """Compose a URL from PGHOST, PGDATABASE …; PGUSER or PGPASSWORD alone name no server."""
    if not (environ.get("PGHOST") or environ.get("PGDATABASE")):
        return None
    user, password = environ.get("PGUSER", ""), environ.get("PGPASSWORD", "")
    login = quote(user, safe="") + (f":{quote(password, safe='')}" if password else "")
    host = environ.get("PGHOST", "")
    database = quote(environ.get("PGDATABASE") or user, safe="")
    port = environ.get("PGPORT", "5432")
    if host.startswith("/"):
        return (
            f"postgresql://{login + '@' if login else ''}/{database}?host={quote(host, safe='')}&port={port}"
        )
    return f"postgresql://{login + '@' if login else ''}{host or 'localhost'}:{port}/{database}"


def _with_ssl(url: str, environ: Mapping[str, str]) -> str:
    wanted = environ.get("DB_SSL")
    if not wanted or "sslmode=" in url:
        return url
    mode = wanted if wanted in ("disable", "allow", "prefer", "require", "verify-ca", "verify-full") else None
    mode = mode or ("require" if load(bool, wanted, "DB_SSL") else "disable")
    return f"{url}{'&' if '?' in url else '?'}sslmode={mode}"


def _foreign(environ: Mapping[str, str]) -> dict[str, tuple[Any, str]]:
    """Return what others' variables say, each with its source."""
    found: dict[str, tuple[Any, str]] = {}
    for theirs, ours in (("DB_POOL_SIZE", "pool_size"), ("DB_TIMEOUT", "statement_timeout_ms")):
        if environ.get(theirs):
            found[ours] = (environ[theirs], theirs)
    url, source = environ.get("DATABASE_URL"), "DATABASE_URL"
    if not url:
        url, source = _pg_url(environ), "PGHOST/PGDATABASE"
    if url:
        found["database_url"] = (_with_ssl(url, environ), source)
    return found


def _layers(home: Path, flags: Mapping[str, Any], environ: Mapping[str, str]) -> dict[str, tuple[Any, str]]:
    """Merge the layers, weakest first."""
    names = {item.name for item in fields(Settings)} - {"home", "sources", "database_foreign"}
    merged = _foreign(environ)
    config = home / "config.toml"
    for name, value in _read_file(config).items():
        if name not in names:
            raise Invalid(
                f"{config}: unknown setting {name!r}", hint=f"the settings are {', '.join(sorted(names))}"
            )
        merged[name] = (value, str(config))
    for name in names:
        variable = f"STEWARD_{name.upper()}"
        if environ.get(variable):
            merged[name] = (environ[variable], variable)
    merged.update({name: (value, "flag") for name, value in flags.items() if value is not None})
    return merged


def load_settings(
    flags: Mapping[str, Any] | None = None, environ: Mapping[str, str] | None = None
) -> Settings:
    """Read the settings in their order of strength.

    Args:
        flags: settings given on the command line; None means not given.
        environ: the environment; os.environ when None.

    Raises:
        Invalid: a value is not of its type, or config.toml cannot be read; names file or variable.
    """
    environ = os.environ if environ is None else environ
    flags = dict(flags or {})
    named = flags.pop("home", None)
    home = Path(named or default_home(environ)).expanduser().absolute()
    merged = _layers(home, flags, environ)
    values = {name: load(_kind(name), value, source) for name, (value, source) in merged.items()}
    sources = {name: source for name, (_, source) in merged.items()}
    if named or environ.get("STEWARD_HOME"):
        sources["home"] = "flag" if named else "STEWARD_HOME"
    foreign = sources.get("database_url") in ("DATABASE_URL", "PGHOST/PGDATABASE")
    return Settings(home=home, database_foreign=foreign, sources=sources, **values)


def make_private(folder: Path) -> None:
    """Create a folder that only its owner may enter; an existing one is left as it is."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def write_private(path: Path, text: str) -> None:
    """Replace a file by one of mode 0600 in one step, so that no reader sees half of it."""
    make_private(path.parent)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def remember(settings: Settings, **values: Any) -> None:
    """Keep settings in config.toml, with the comments that people wrote there."""
    import tomlkit

    text = settings.config_file.read_text("utf-8") if settings.config_file.exists() else ""
    document = tomlkit.parse(text)
    document.update(values)
    write_private(settings.config_file, tomlkit.dumps(document))
