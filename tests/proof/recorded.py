"""Whole messages of proof, recorded beside the tables of defects: `pytest --update-golden` writes what is said now."""

from __future__ import annotations

from pathlib import Path

import pytest

UNSEEN = {
    "tenant-on-every-port-behind-one-default": "the default before it takes the other port's requests",
    "status-added": "the cluster writes the status",
    "short-host": "the Service of that name is meant",
    "two-hosts": "the other Service has no such port",
    "behind-the-last": "no request gets behind a catch-all",
    "on-every-port": "the Service has no other port",
    "default-twice": "no request gets behind the first",
    "default-unnamed": "a name that nobody reads",
    "default-of-a-tcp-port": "Istio looks at no requests of that port",
    "no-http-port": "Istio looks at no requests of that port",
    "a-default-where-the-base-has-a-route": "it does what the base's route does",
    "a-default-where-linkerds-route-is": "it does what the base's route does",
    "a-default-where-the-base-has-a-route-for-all-ports": "a GRPCRoute keeps it from being accepted",
    "a-default-beside-a-consumers-route": "clients with routes of their own meet no others (GEP-1294)",
    "a-default-behind-a-profile": "a ServiceProfile overrides all routes",
    "a-default-on-a-headless-service": "Linkerd heeds no route of a headless Service",
    "served-in-capital-letters": "the other VirtualService routes nothing",
    "served-by-a-wildcard": "the other VirtualService routes nothing",
    "a-header-in-capitals": "names of headers ignore case",
    "a-default-missing": "the sandbox's other route has it",
    "a-default-first": "ranks decide, not places",
    "three-rules": "a rule that stands twice",
    "a-default-with-a-backend-on-linkerd": "the parent is what the rule sends to without",
    "rules-in-another-order": "ranks decide, not places",
    "a-rule-lost": "the base's own rule ranks as high and answers alike",
    "sends-without-a-namespace": "the route's own is meant",
    "sends-the-weight-of-a-share": "one backend gets all, whatever its weight",
    "a-kept-backend-with-another-weight": "one backend gets all, whatever its weight",
    "a-backend-in-a-redirect": "a redirect sends nothing there",
    "a-rival-not-copied": "the base's own rule answers alike",
    "a-rival-at-the-gateway-not-copied": "the base's own rule answers alike",
}
"""Rows that no request can tell from what is right, as `test_unseen` asks: id -> why."""
RECORDS = Path(__file__).parent / "records"


def assert_recorded(request: pytest.FixtureRequest, said: list[str]) -> None:
    """Asserts that a case of a table is found, and that what is said of it is what is recorded."""
    said = [text.replace("\n", "\\n") for text in said]
    file = RECORDS / f"{request.node.path.stem}.txt"
    records = read(file.read_text()) if file.exists() else {}
    name = request.node.name
    if request.config.getoption("--update-golden") and records.get(name) != said:
        file.parent.mkdir(exist_ok=True)
        file.write_text(written({**records, name: said}))
        pytest.fail("recorded anew")
    case = getattr(request.node, "callspec", None)
    if case and case.id in UNSEEN:
        assert said == []
        return
    assert said, "the defect is not found"
    assert said == records.get(name)


def read(text: str) -> dict[str, list[str]]:
    """Returns the lines of each section; a section begins with its name after two equals signs."""
    found: dict[str, list[str]] = {}
    for section in text.split("== ")[1:]:
        name, *lines = section.strip("\n").split("\n")
        found[name] = lines
    return found


def written(records: dict[str, list[str]]) -> str:
    return "\n".join("\n".join((f"== {name}", *lines, "")) for name, lines in sorted(records.items()))
