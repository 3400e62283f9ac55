"""The pages for people: server-rendered, live, and made of the same operations as everything else.

app, routes_rooms   the routes: read the address, build in a thread, render; `answering` is what they share
pages, pages_…      what each page shows, from the results of operations; `caller` runs them
views, views_…      the records that templates are given
history             the audit log in words
events              the stream that tells open pages to look again
render              templates, filters, the content security policy

A page writes by a form, to a route that calls one operation and leads back to the page; so it works without scripts.
"""

from __future__ import annotations

from steward.surfaces.web.app import error_page, mount, router

__all__ = ["error_page", "mount", "router"]
