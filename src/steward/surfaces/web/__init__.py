"""The pages for people: server-rendered, live, and made of the same operations as everything else.

app       the routes: read the address, build in a thread, render
pages     what each page shows, from the results of operations
views     the records that templates are given
history   the audit log in words
events    the stream that tells open pages to look again
render    templates, filters, the content security policy
"""

from __future__ import annotations

from steward.surfaces.web.app import error_page, mount, router

__all__ = ["error_page", "mount", "router"]
