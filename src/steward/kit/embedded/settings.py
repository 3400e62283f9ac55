"""The server's configuration: for this machine's memory, safe first, written afresh at each start."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from steward.kit.embedded.area import Area

MB = 1024 * 1024
GB = 1024 * MB
SOCKET_PORT = 5432
CGROUP_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
SHM = Path("/dev/shm")  # noqa: S108 - only its size is read

CONFIG = """\
# Written at each start of the server: changes here are lost. Yours go into user.conf beside this file.
{lines}
include 'user.conf'
"""
USER_CONFIG = "# Your own settings: they win over server.conf. Applied at the next start of the server.\n"
HBA = """\
# Written at each start. Whoever the operating system vouches for, by the map in ident.conf; nobody else.
local all all peer map=steward
local replication all peer map=steward
"""
HBA_TCP = """\
host all all 127.0.0.1/32 scram-sha-256
"""


@dataclass(frozen=True)
class Options:
    """What the configuration depends on."""

    memory_bytes: int
    port: int
    tcp: bool
    fast_unsafe: bool = False


def cluster_name(area: Area) -> str:
    """Return the name that every process of the server bears in its title."""
    return f"steward-{area.key}"


def machine_memory() -> int:
    """Return the memory of the machine or, where that is less, of the container, in bytes."""
    import psutil

    total = int(psutil.virtual_memory().total)
    for place in CGROUP_LIMITS:
        try:
            total = min(total, int(Path(place).read_text(encoding="ascii")))
        except (OSError, ValueError):
            continue
    return total


def tcp_port(area: Area) -> int | None:
    """Return the TCP port, or None while TCP is off."""
    try:
        return int(json.loads(area.tcp.read_text(encoding="utf-8"))["port"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_all(area: Area, options: Options, users: list[str]) -> None:
    """Write the configuration, the authentication rules and the map of users.

    Args:
        area: where they go.
        options: what the configuration depends on.
        users: operating system users who may be any database role.
    """
    lines = "\n".join(f"{name} = {value}" for name, value in _settings(area, options).items())
    if not area.user_config.exists():
        _write(area.user_config, USER_CONFIG)
    _write(area.config, CONFIG.format(lines=lines))
    _write(area.hba, HBA + (HBA_TCP if options.tcp else ""))
    known = dict.fromkeys(users)
    _write(area.ident, "".join('steward "{}" all\n'.format(user.replace('"', '""')) for user in known))


def _settings(area: Area, options: Options) -> dict[str, str]:
    folder = '"{}"'.format(str(area.socket_dir).replace('"', '""'))
    settings = {
        "hba_file": _quoted(str(area.hba)),
        "ident_file": _quoted(str(area.ident)),
        "unix_socket_directories": _quoted(folder),
        "unix_socket_permissions": "0700",
        "listen_addresses": "'127.0.0.1'" if options.tcp else "''",
        "port": str(options.port),
        "cluster_name": _quoted(cluster_name(area)),
        "password_encryption": "'scram-sha-256'",
        "max_connections": "100",
        "shared_preload_libraries": "'pg_stat_statements'",
        "timezone": "'UTC'",
        **_memory(options.memory_bytes),
        **_disk(area),
        **_logging(),
        "track_io_timing": "on",
        "dynamic_shared_memory_type": _shared_memory_type(),
    }
    if options.fast_unsafe:
        settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    return settings


def _memory(total: int) -> dict[str, str]:
    return {
        "shared_buffers": _mb(_clamp(total // 8, 128 * MB, GB)),
        "effective_cache_size": _mb(max(total // 2, 256 * MB)),
        "maintenance_work_mem": _mb(_clamp(total // 16, 64 * MB, GB)),
        "work_mem": _mb(_clamp(total // 512, 4 * MB, 32 * MB)),
    }


def _disk(area: Area) -> dict[str, str]:
    free = shutil.disk_usage(area.root).free
    return {
        "max_wal_size": _mb(_clamp(free // 10, 256 * MB, 4 * GB)),
        "wal_compression": "pglz",
        "checkpoint_timeout": "'15min'",
        "random_page_cost": "1.1",
    }


def _logging() -> dict[str, str]:
    return {
        "log_destination": "'stderr'",
        "logging_collector": "off",
        "log_timezone": "'UTC'",
        "log_line_prefix": "'%m [%p] %q%u@%d %a '",
        "log_min_duration_statement": "'1s'",
        # Bound values are what agents and people wrote; they have no place in a log.
        "log_parameter_max_length": "0",
        "log_lock_waits": "on",
        "log_startup_progress_interval": "'1s'",
    }


def _shared_memory_type() -> str:
    """Return where parallel queries meet: a container's /dev/shm (64 MB by default) is too small for them."""
    roomy = not SHM.is_dir() or shutil.disk_usage(SHM).total >= 256 * MB
    return "posix" if roomy else "mmap"


def _clamp(value: int, low: int, high: int) -> int:
    return max(low, min(value, high))


def _mb(value: int) -> str:
    return f"'{value // MB}MB'"


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


def _write(path: Path, text: str) -> None:
    """Write by rename, readable for the server's account: there is no secret in it."""
    fresh = path.with_suffix(".new")
    fresh.write_bytes(os.fsencode(text))
    fresh.chmod(0o644)
    fresh.replace(path)
