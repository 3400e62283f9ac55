"""Accounts: who may act.

user        a person or a service account, of one role: admin, manager, user, service. Username and e-mail are unique
            among the not-deleted, whatever their case. Deleting marks the row: history points at it. An administrator
            is always left.
API key     a secret shown once and kept as a hash; of a user, and of one agent where it names one. An agent's key may
            what the role `agent` may, and never more than its user.
login link  logs a user in once, within ten minutes; it becomes a
session     of a browser, good for thirty days, ended by logging out.

Nobody gives or takes a role that may more than their own; everybody handles their own keys, administrators all; an
agent handles none.
"""

from __future__ import annotations

from steward.domains.accounts import jobs as _jobs  # noqa: F401 - registers them
from steward.domains.accounts.identity import (
    create_login_link,
    end_session,
    ensure_local_key,
    identify_key,
    identify_session,
    principal_for_os_user,
    redeem_login_link,
)
from steward.domains.accounts.ops import (
    add_user,
    delete_user,
    get_user,
    list_users,
    resolve_user,
    update_user,
    whoami,
)
from steward.domains.accounts.ops_keys import create_key, list_keys, revoke_key
from steward.domains.accounts.types import ApiKey, NewKey, Principal, Role, User, Whoami

__all__ = [
    "ApiKey",
    "NewKey",
    "Principal",
    "Role",
    "User",
    "Whoami",
    "add_user",
    "create_key",
    "create_login_link",
    "delete_user",
    "end_session",
    "ensure_local_key",
    "get_user",
    "identify_key",
    "identify_session",
    "list_keys",
    "list_users",
    "principal_for_os_user",
    "redeem_login_link",
    "resolve_user",
    "revoke_key",
    "update_user",
    "whoami",
]
