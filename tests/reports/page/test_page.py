"""The page as text: what hostile specs can do to it, what it loads, and whether its colours can be read."""

from __future__ import annotations

import html
import json
import re
from html.parser import HTMLParser
from itertools import product
from pathlib import Path

import pytest

import sandlane.reports.page as package
from sandlane.reports.page.page import digest
from tests.applications import environment, sandbox
from tests.cli.test_report import reported

STYLE = (Path(package.__file__).parent / "page.css").read_text()
HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'`{#7#}&amp;"
BASE = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: apps}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: web
        image: web:1
        env: [{name: API_URL, value: "http://api:80"}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: apps}
spec:
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec: {containers: [{name: api, image: "api:1"}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: apps}
spec: {type: LoadBalancer, selector: {app: web}, ports: [{name: http, port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: api, namespace: apps}
spec: {selector: {app: api}, ports: [{name: http, port: 80}, {name: tcp-x, port: 9000}]}
"""


class Parsed(HTMLParser):
    """The elements of a page with their attributes, and the texts of scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self._inside = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._inside = tag

    def handle_data(self, data: str) -> None:
        if self._inside in ("script", "style") and data.strip():
            self.texts.append((self._inside, data))

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The page of specs whose every free text is hostile."""
    place = tmp_path_factory.mktemp("hostile")
    web = {"name": "web", "image": "web:2", "env": [{"name": "X", "value": HOSTILE}]}
    accepted = {"code": "SL310", "object": HOSTILE, "reason": HOSTILE}
    specs = [
        sandbox("dev1", [web, {"name": "api", "image": "api:2", "accept": [accepted]}], owner=HOSTILE),
        sandbox("dev2", [{"name": HOSTILE, "image": "x:1"}], owner=HOSTILE),
    ]
    (place / "base.yaml").write_text(BASE.replace('"http://api:80"', json.dumps(f"http://api:80/{HOSTILE}")))
    spec = environment(routes={"entry": "mesh"})
    spec["metadata"]["name"] = "staging"
    _, page = reported(place, spec, specs)
    return page


def test_hostile_texts_stay_texts(hostile: str) -> None:
    parsed = Parsed(hostile)
    assert [kind for kind, _ in parsed.texts] == ["style", "script", "script"]
    assert {tag for tag, _ in parsed.elements} & {
        "img",
        "iframe",
        "object",
        "embed",
        "form",
        "base",
        "image",
        "foreignobject",
    } == set()
    assert [name for _, attributes in parsed.elements for name in attributes if name.startswith("on")] == []
    data = json.loads(next(text for kind, text in parsed.texts[1:] if kind == "script"))
    assert [record["owner"] for record in data["records"]] == [HOSTILE, HOSTILE]
    assert data["records"][0]["accepted"] == [f"SL310 {HOSTILE}: {HOSTILE}"]
    assert html.escape(HOSTILE, quote=True).replace("&#x27;", "&#39;").replace("&quot;", "&#34;") in hostile
    assert "{#7#}" in hostile
    assert ">49<" not in hostile


def test_the_page_loads_nothing_and_runs_its_own_script_alone(hostile: str) -> None:
    parsed = Parsed(hostile)
    policy = next(a["content"] for tag, a in parsed.elements if tag == "meta" and "http-equiv" in a)
    style, _, script = (text for _, text in parsed.texts)
    assert policy == (
        f"default-src 'none'; style-src '{digest(style)}'; script-src '{digest(script)}'; base-uri 'none'; form-action 'none'"
    )
    assert [(tag, a) for tag, a in parsed.elements if {"src", "style"} & set(a) or tag == "link"] == []
    assert [a["href"] for tag, a in parsed.elements if tag == "a" and not str(a.get("href")).startswith("#")] == []
    assert re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|fetch\(|XMLHttp", script) == []


TEXTS = ("ink", "quiet", "link", "good", "bad")
SURFACES = ("paper", "raised")
PAIRS = (*product(TEXTS, SURFACES), ("clone-ink", "clone"), ("loud-ink", "loud"))
LINES = (*product(("edge", "way", "link"), SURFACES), ("way", "clone"))


def colours() -> dict[str, tuple[str, str]]:
    """Returns the style's colours: name -> in the light and in the dark."""
    found = re.findall(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\);", STYLE)
    return {name: (light, dark) for name, light, dark in found}


def luminance(colour: str) -> float:
    parts = (int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Returns the contrast ratio of WCAG 2.2, 1.4.3."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("front", "back"), PAIRS)
def test_texts_can_be_read(front: str, back: str, theme: int) -> None:
    assert contrast(colours()[front][theme], colours()[back][theme]) >= 4.5


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("front", "back"), LINES)
def test_lines_that_mean_something_can_be_seen(front: str, back: str, theme: int) -> None:
    assert contrast(colours()[front][theme], colours()[back][theme]) >= 3


def test_the_style_has_no_colours_but_those_that_are_measured() -> None:
    assert set(colours()) == {name for pair in (*PAIRS, *LINES) for name in pair} | {"line"}
    rules = STYLE.partition("}")[2]
    assert re.findall(r"#[0-9a-f]{3,8}\b(?=[;, )])", rules) == []
    assert sorted(set(re.findall(r"(?:^|[{; ])color: ([^;]+);", rules))) == sorted(
        ["inherit", *(f"var(--{name})" for name in (*TEXTS, "clone-ink", "loud-ink"))]
    )
    for own in ("clone", "loud"):
        backs = [rule for rule in re.findall(r"\{([^}]*)\}", rules) if f"background: var(--{own})" in rule]
        assert backs
        assert [rule for rule in backs if f"color: var(--{own}-ink)" not in rule] == []
