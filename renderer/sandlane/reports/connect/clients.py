"""The set-up of a client that sends a tenant's header: text to paste, or a file that the client imports.

A client that sends to many hosts sends the header to the sandbox's own only, so that it reaches nobody else. Ids are UUIDv5 of the
tenantID: the same each time, so that an import replaces what was imported before.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

from sandlane.reports.connect.reach import Reach

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "sandlane.dev")


def _id(reach: Reach, *what: str) -> str:
    return str(uuid.uuid5(_NAMESPACE, "/".join((reach.tenant, *what))))


def _json(data: Any) -> str:
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def _shell(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _curl(reach: Reach) -> str:
    name, value = reach.header
    return "".join(f"curl -H {_shell(f'{name}: {value}')} {url}\n" for url in reach.typed)


def _httpie(reach: Reach) -> str:
    name, value = reach.header
    return "".join(f"http {url} {_shell(f'{name}:{value}')}\n" for url in reach.typed)


def _grpcurl(reach: Reach) -> str:
    name, value = reach.header
    header = _shell(f"{name.lower()}: {value}")
    found = [f"{address.host}:{address.port}" for address in reach.addresses if address.is_grpc]
    found = found or [f"{address.host}:{address.port}" for address in reach.addresses] or ["SERVICE:PORT"]
    return "".join(f"grpcurl -plaintext -H {header} {target} list\n" for target in found)


def _postman(reach: Reach) -> str:
    name, value = reach.header
    header = {"key": name, "value": "{{carrier}}", "type": "text"}
    items: list[dict[str, Any]] = [
        {
            "id": _id(reach, "postman", url),
            "name": url,
            "request": {"method": "GET", "header": [header], "url": _postman_url(url)},
            "response": [],
        }
        for url in reach.urls
    ]
    return _json(
        {
            "info": {
                "_postman_id": _id(reach, "postman"),
                "name": f"sandbox {reach.name}",
                "schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json",
            },
            "item": items,
            "variable": [{"key": "carrier", "value": value, "type": "string"}],
        }
    )


def _postman_url(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    port = {"port": str(parts.port)} if parts.port else {}
    return {"raw": url, "protocol": parts.scheme, "host": (parts.hostname or "").split("."), **port, "path": [""]}


def hosts(reach: Reach) -> Sequence[str]:
    """Returns the hosts that the header may be sent to."""
    return sorted({urlsplit(url).hostname or "" for url in reach.urls} | ({reach.preview} if reach.preview else set()))


def _modheader(reach: Reach) -> str:
    name, value = reach.header
    filters = [{"enabled": True, "urlRegex": f"^https?://{re.escape(host)}(:|/|$)"} for host in hosts(reach)]
    profile = {
        "title": f"sandbox {reach.name}",
        "shortTitle": reach.name[:2].upper(),
        "version": 2,
        "headers": [{"enabled": True, "appendMode": False, "name": name, "value": value, "comment": "sandlane"}],
        "urlFilters": filters,
    }
    return _json([profile])


def _requestly(reach: Reach) -> str:
    name, value = reach.header
    pairs = [
        {
            "id": _id(reach, "requestly", host),
            "source": {"key": "host", "operator": "Equals", "value": host, "filters": {}},
            "modifications": {"Request": [{"header": name, "type": "Add", "value": value}], "Response": []},
        }
        for host in hosts(reach)
    ]
    rule = {
        "id": f"Headers_{_id(reach, 'requestly')}",
        "objectType": "rule",
        "ruleType": "Headers",
        "version": 2,
        "name": f"sandbox {reach.name}",
        "description": "by sandlane connect",
        "status": "Active",
        "groupId": "",
        "isSample": False,
        "pairs": pairs,
    }
    return _json([rule])


def _playwright(reach: Reach) -> str:
    name, value = (json.dumps(text) for text in reach.header)
    return f"""\
// playwright.config.ts: npx playwright test
import {{ defineConfig }} from '@playwright/test';

export default defineConfig({{
  use: {{
    baseURL: {json.dumps(_start(reach))},
    extraHTTPHeaders: {{ {name}: {value} }},
  }},
}});
"""


def _cypress(reach: Reach) -> str:
    name, value = (json.dumps(text) for text in reach.header)
    listed = json.dumps(list(hosts(reach)))
    return f"""\
// cypress/support/e2e.js
beforeEach(() => {{
  for (const hostname of {listed}) {{
    cy.intercept({{ hostname }}, (request) => {{
      request.headers[{name}] = {value};
    }});
  }}
}});
"""


def _k6(reach: Reach) -> str:
    name, value = (json.dumps(text) for text in reach.header)
    return f"""\
// k6 run sandbox.js
import http from 'k6/http';

const headers = {{ {name}: {value} }};

export default function () {{
{"".join(f"  http.get({json.dumps(url)}, {{ headers }});{chr(10)}" for url in reach.urls)}}}
"""


def _okhttp(reach: Reach) -> str:
    name, value = (json.dumps(text).replace("$", "\\$") for text in reach.header)
    listed = ", ".join(json.dumps(host) for host in hosts(reach))
    return f"""\
val hosts = setOf({listed})
val client = OkHttpClient.Builder()
    .addInterceptor {{ chain ->
        val request = chain.request()
        if (request.url.host !in hosts) return@addInterceptor chain.proceed(request)
        chain.proceed(request.newBuilder().header({name}, {value}).build())
    }}
    .build()
"""


def _urlsession(reach: Reach) -> str:
    name, value = (json.dumps(text) for text in reach.header)
    return f"""\
let configuration = URLSessionConfiguration.default
configuration.httpAdditionalHeaders = [{name}: {value}]
let session = URLSession(configuration: configuration)  // for requests to the sandbox's hosts only
let (data, _) = try await session.data(from: URL(string: {json.dumps(_start(reach))})!)
"""


def _browser(reach: Reach) -> str:
    if reach.preview_url:
        return f"{reach.preview_url}\n"
    name, value = reach.header
    return f"no preview host: give the environment a 'preview', or let an extension send '{name}: {value}' (--for modheader, requestly)\n"


def _start(reach: Reach) -> str:
    """Returns where a browser starts: at the preview, at a gateway, or at what answers behind one whose hosts are a pattern."""
    behind = {name for entrance in reach.entrances for name in entrance.clones}
    outside = any("*" not in entrance.host for entrance in reach.entrances)
    first = (a.url for a in reach.addresses if not a.is_grpc and behind & set(a.clones))
    return reach.preview_url or (None if outside else next(first, None)) or reach.urls[0]


CLIENTS: dict[str, Callable[[Reach], str]] = {
    "browser": _browser,
    "curl": _curl,
    "cypress": _cypress,
    "grpcurl": _grpcurl,
    "httpie": _httpie,
    "k6": _k6,
    "modheader": _modheader,
    "okhttp": _okhttp,
    "playwright": _playwright,
    "postman": _postman,
    "requestly": _requestly,
    "urlsession": _urlsession,
}
"""Value of `--for` -> text."""
