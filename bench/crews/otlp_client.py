"""An exporter: `URL KEY SIGNAL BATCHES`; sends one request after the other, again when it is told to wait."""

from __future__ import annotations

import http.client
import json
import sys
import time
from urllib.parse import urlsplit

from bench.otlp_data import BATCH, BUILDERS, seed

_AGAIN = (429, 502, 503, 504)


def main() -> None:
    """Build all requests, wait for the signal, send, and tell how long each took to be acknowledged."""
    url, key, signal, batches = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
    bodies = list(BUILDERS[signal](seed(), batches))
    headers = {"Content-Type": "application/x-protobuf", "Authorization": f"Bearer {key}"}
    place = urlsplit(url)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=60)
    print("ready", flush=True)
    sys.stdin.readline()
    took, again, began = [], 0, time.perf_counter()
    for body in bodies:
        start = time.perf_counter()
        while True:
            connection.request("POST", f"/v1/{signal}", body, headers)
            answer = connection.getresponse()
            said = answer.read()
            if answer.status == 200:
                break
            if answer.status not in _AGAIN:
                sys.exit(f"{answer.status}: {said[:300]!r}")
            again += 1
            time.sleep(0.1)
        took.append(time.perf_counter() - start)
    seconds = time.perf_counter() - began
    print(
        json.dumps({"records": batches * BATCH, "seconds": seconds, "took": took, "again": again}), flush=True
    )


if __name__ == "__main__":
    main()
