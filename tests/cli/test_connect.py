from __future__ import annotations

import http.server
import json
import shlex
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandlane.k8s.resource import ResourceId
from sandlane.reports.connect.clients import CLIENTS, hosts
from sandlane.reports.connect.reach import Address, Reach
from tests.cli.test_init import run, told, write
from tests.cli.test_set import ENVIRONMENT, app

CALLER = app(
    "web", containers="{name: server, image: 'r/web:1', env: [{name: CHECKOUT_URL, value: 'http://checkout-svc'}%e]}"
)
OTEL = ", {name: OTEL_PROPAGATORS, value: '%s'}"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository in which Dana has cloned checkout, and where web calls it."""
    (tmp_path / ".git").mkdir()
    base = app("checkout") + CALLER.replace("%e", "")
    write(tmp_path, {"sandlane.yaml": ENVIRONMENT, "base/app.yaml": base, "sandboxes/README.md": ""})
    monkeypatch.chdir(tmp_path)
    assert run("set", "dev1", "checkout=r/checkout:2", "--owner", "dana")[0] == 0
    return tmp_path


SAID = """\
header   tenantID: dev1
reaches  http://checkout-svc.shop/ → checkout-dev1
curl -H 'tenantID: dev1' http://checkout-svc.shop/
on the way these must pass the baggage member 'tenantID' on:
  Deployment/shop/web calls Service/shop/checkout-svc (base/app.yaml:{line}: {by})
    {shows}
"""
OTHERS = f"for other clients: --for {', '.join(sorted(CLIENTS))}\n"
NOTHING = (
    "nothing in its manifest shows that it does: with an OpenTelemetry SDK OTEL_PROPAGATORS=tracecontext,baggage does"
)


@pytest.mark.parametrize(
    ("propagators", "shows"),
    [
        pytest.param(None, NOTHING, id="nothing"),
        pytest.param("tracecontext,baggage", "OTEL_PROPAGATORS=tracecontext,baggage does that", id="baggage"),
        pytest.param(
            "b3", "OTEL_PROPAGATORS=b3 leaves baggage out: set OTEL_PROPAGATORS=tracecontext,baggage", id="no-baggage"
        ),
    ],
)
def test_connect_tells_who_must_pass_the_carrier_on(here: Path, propagators: str | None, shows: str) -> None:
    caller = CALLER.replace("%e", OTEL % propagators if propagators else "")
    write(here, {"base/app.yaml": app("checkout") + caller})
    assert run("connect", "dev1") == (0, SAID.format(line=27, by="variable CHECKOUT_URL", shows=shows), OTHERS)


def test_calls_of_the_environment_are_told(here: Path) -> None:
    write(here, {"base/app.yaml": app("checkout") + app("web")})
    write(here, {"sandlane.yaml": ENVIRONMENT + "  calls:\n  - {from: web, to: [checkout-svc]}\n"})
    said = SAID.replace("base/app.yaml:{line}", "sandlane.yaml:9")
    assert run("connect", "dev1") == (0, said.format(by="'calls' of the environment", shows=NOTHING), OTHERS)


def test_mistakes_in_calls_are_told(here: Path) -> None:
    write(here, {"sandlane.yaml": ENVIRONMENT + "  calls:\n  - {from: wbe, to: [checkout]}\n"})
    assert run("connect", "dev1") == (
        2,
        "",
        "sandlane.yaml:9:12: SL210 workload 'Deployment/shop/wbe' is not in the base\n  hint: did you mean 'web'?\n"
        "sandlane.yaml:9:22: SL237 'Service/shop/checkout' is not in the base\n  hint: did you mean 'checkout-svc'?\n"
        "2 problems\n",
    )


def test_connect_as_json(here: Path) -> None:
    status, out, _ = run("connect", "dev1", "--format", "json")
    found = json.loads(out)["environments"][0]
    assert (status, found) == (
        0,
        {
            "environment": "sandlane.yaml",
            "name": "dev1",
            "tenantID": "dev1",
            "header": {"name": "tenantID", "value": "dev1"},
            "preview": None,
            "previewURL": None,
            "gateways": [],
            "withoutPods": [],
            "addresses": [
                {
                    "service": "Service/shop/checkout-svc",
                    "port": 80,
                    "url": "http://checkout-svc.shop/",
                    "grpc": False,
                    "clones": ["checkout-dev1"],
                }
            ],
            "notReached": [],
            "passing": [
                {
                    "workload": "Deployment/shop/web",
                    "calls": "Service/shop/checkout-svc",
                    "by": "variable CHECKOUT_URL",
                    "place": "base/app.yaml:27",
                    "shown": False,
                    "says": NOTHING,
                }
            ],
        },
    )


BROKER = app("broker").replace("{name: http, port: 80}", "{name: queue, port: 5672}, {name: ui, port: 15672}")
KAFKA = app("kafka").replace("{name: http, port: 80}", "{name: plaintext, port: 9092}")
NO_ROUTE = """\
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: s}
spec: {hosts: [checkout-svc], http: [{rout: [{destination: {host: checkout-svc}}]}]}
"""
GATEWAY = """\
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: gw}
spec: {selector: {istio: gateway}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: [shop.example.com]}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: in}
spec: {hosts: [shop.example.com], gateways: [gw], http: [{route: [{destination: {host: checkout-svc}}]}]}
"""
QUEUE = "broker-svc.shop:5672 does not lead to broker-dev2: it is AMQP by its number, which carries no header"
LOG = "kafka-svc.shop:9092 does not lead to kafka-dev2: it is Kafka's protocol by its number, which carries no header"
UNROUTED = "checkout-svc.shop:80 does not lead to checkout-dev2: no route of the mesh sends requests of its name to that Service"


def cloned(here: Path, base: str, workload: str, adopt: str = "") -> tuple[int, str, str]:
    """Clones a workload of another base for dev2; returns what is told."""
    (here / "sandboxes" / "dev1.yaml").unlink()
    write(here, {"base/app.yaml": base, "sandlane.yaml": ENVIRONMENT + adopt})
    return run("set", "dev2", f"{workload}=r/x:2", "--owner", "dana")


def test_ports_that_carry_no_header_are_no_addresses(here: Path) -> None:
    """And nobody is asked to pass a carrier on to a broker that has no other."""
    caller = CALLER.replace("http://checkout-svc", "amqp://kafka-svc:9092").replace("%e", "")
    said = cloned(here, BROKER + KAFKA + caller, "broker")[2]
    assert said.splitlines()[-6:] == [
        "sandboxes/dev2.yaml:11:11: SL481 notice: port 5672 'queue' (AMQP by its number) of 'Service/shop/broker-svc' carries no "
        "header: what is sent there stays with 'broker' of the base",
        "  hint: give clones that use it its clone's address: 'env: [{name: ..., valueFrom: {cloneRef: {name: broker}}}]'; if the port "
        "is HTTP, name it http-..., or set 'appProtocol: http'",
        "requests with 'tenantID: dev2' reach it:",
        "  http://broker-svc.shop:15672 → broker-dev2",
        f"  {QUEUE}",
        "for your client: sandlane connect dev2",
    ]
    assert run("connect", "dev2") == (
        0,
        "header   tenantID: dev2\nreaches  http://broker-svc.shop:15672/ → broker-dev2\n"
        f"lost     {QUEUE}\ncurl -H 'tenantID: dev2' http://broker-svc.shop:15672/\n",
        OTHERS,
    )
    assert run("connect", "dev2", "--for", "curl") == (
        0,
        "curl -H 'tenantID: dev2' http://broker-svc.shop:15672/\n",
        "",
    )
    said = run("set", "dev2", "kafka=r/x:2", "--remove", "broker")[2]
    assert said.splitlines()[-1] == LOG
    assert run("connect", "dev2") == (0, f"header   tenantID: dev2\nlost     {LOG}\n", "")
    status, out, err = run("connect", "dev2", "--for", "curl")
    assert (status, out, told(err)) == (2, "", f"no request with the header reaches 'dev2': {LOG}\n")


def test_what_the_base_routes_nowhere_is_no_address(here: Path) -> None:
    said = cloned(here, app("checkout") + NO_ROUTE, "checkout")[2]
    assert said.splitlines()[-1] == UNROUTED
    assert run("connect", "dev2") == (0, f"header   tenantID: dev2\nlost     {UNROUTED}\n", "")
    found = json.loads(run("connect", "dev2", "--format", "json")[1])["environments"][0]["notReached"]
    reason = "no route of the mesh sends requests of its name to that Service"
    assert found == [
        {"service": "Service/shop/checkout-svc", "port": 80, "clones": ["checkout-dev2"], "reason": reason}
    ]
    assert run("list", "workloads")[1] == (
        "WORKLOAD                  CLONABLE  ROUTED PORTS  NOTES\n"
        "Deployment/shop/checkout  yes       -             checkout-svc:80: no route of the base sends requests of its name to it\n"
    )


def test_a_gateway_may_reach_what_its_name_does_not(here: Path) -> None:
    adopt = "  routes: {adopt: [{kind: VirtualService, name: in}]}\n"
    cloned(here, app("checkout") + NO_ROUTE + GATEWAY, "checkout", adopt)
    assert run("connect", "dev2") == (
        0,
        "header   tenantID: dev2\ngateway  http://shop.example.com/ at Gateway/shop/gw → checkout-dev2\n"
        f"lost     {UNROUTED}\ncurl -H 'tenantID: dev2' http://shop.example.com/\n",
        OTHERS,
    )


def test_who_makes_a_sandbox_behind_a_gateway_is_told_so_once(here: Path) -> None:
    adopt = "  routes: {adopt: [{kind: VirtualService, name: in}]}\n"
    open_to_all = [
        "base/app.yaml:22:7: SL441 notice: whoever reaches 'Gateway/shop/gw' can choose a tenant there, by the header that carries "
        "the tenantID",
        "  hint: say 'routes.entry: mesh' if tenants are not for outside, or remove the carriers of outside requests ('routes.strip')",
    ]
    reached = [
        "requests with 'tenantID: dev2' reach it:",
        "  http://shop.example.com → checkout-dev2 (at Gateway/shop/gw)",
        "  http://checkout-svc.shop → checkout-dev2",
        "for your client: sandlane connect dev2",
    ]
    assert cloned(here, app("checkout") + GATEWAY, "checkout", adopt)[2].splitlines()[3:] == [
        "rendered: 3 created, 1 updated, 2 deleted, 3 unchanged",
        *open_to_all,
        *reached,
    ]
    assert run("set", "dev2", "checkout=r/x:3")[2].splitlines()[3:] == reached


def test_a_route_for_some_clients_is_one(here: Path) -> None:
    """Requests of others are redirected, those of web are not."""
    route = """\
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: s}
spec:
  hosts: [checkout-svc]
  http:
  - {match: [{sourceLabels: {app: web}}], route: [{destination: {host: checkout-svc}}]}
  - {redirect: {uri: /}}
"""
    cloned(
        here, app("checkout") + app("web") + route, "checkout", "  routes: {adopt: [{kind: VirtualService, name: s}]}\n"
    )
    assert run("connect", "dev2")[1].splitlines()[1] == "reaches  http://checkout-svc.shop/ → checkout-dev2"


def test_a_clone_without_pods_is_listed(here: Path) -> None:
    assert run("set", "dev1", "--replicas", "checkout=0")[0] == 0
    assert run("list")[1] == (
        "NAME  TENANTID  OWNER  EXPIRES  WORKLOADS                 NOTES\n"
        "dev1  dev1      dana   -        Deployment/shop/checkout  0 pods of Deployment/shop/checkout: its requests get 503\n"
    )


def test_connect_says_who_is_not_there(here: Path) -> None:
    status, out, err = run("connect", "dve1")
    assert (status, out, told(err)) == (
        2,
        "",
        "no sandbox or route group 'dve1' in sandlane.yaml: did you mean 'dev1'?\n",
    )
    spec = here / "sandboxes" / "dev1.yaml"
    spec.write_text(spec.read_text().replace("spec:\n", "spec:\n  suspend: true\n"))
    assert told(run("connect", "dev1")[2]) == "sandbox 'dev1' is suspended: sandlane set dev1 --resume\n"


def address(name: str, port: int, *, is_grpc: bool = False) -> Address:
    return Address(
        service=ResourceId("", "Service", "shop", name), port=port, is_grpc=is_grpc, clones=(f"{name}-dev1",)
    )


REACH = Reach(
    name="dev1",
    tenant="dev1",
    header=("tenantID", "dev1"),
    addresses=(address("checkout", 8080), address("cart", 7070, is_grpc=True)),
    preview="dev1.preview.example.com",
    preview_url="https://dev1.preview.example.com/",
)


@pytest.mark.parametrize(
    ("client", "text"),
    [
        pytest.param("curl", "curl -H 'tenantID: dev1' http://checkout.shop:8080/\n", id="curl"),
        pytest.param("httpie", "http http://checkout.shop:8080/ 'tenantID:dev1'\n", id="httpie"),
        pytest.param("grpcurl", "grpcurl -plaintext -H 'tenantid: dev1' cart.shop:7070 list\n", id="grpcurl"),
        pytest.param("browser", "https://dev1.preview.example.com/\n", id="browser"),
        pytest.param(
            "playwright",
            "// playwright.config.ts: npx playwright test\nimport { defineConfig } from '@playwright/test';\n\n"
            'export default defineConfig({\n  use: {\n    baseURL: "https://dev1.preview.example.com/",\n'
            '    extraHTTPHeaders: { "tenantID": "dev1" },\n  },\n});\n',
            id="playwright",
        ),
        pytest.param(
            "urlsession",
            "let configuration = URLSessionConfiguration.default\n"
            'configuration.httpAdditionalHeaders = ["tenantID": "dev1"]\n'
            "let session = URLSession(configuration: configuration)  // for requests to the sandbox's hosts only\n"
            'let (data, _) = try await session.data(from: URL(string: "https://dev1.preview.example.com/")!)\n',
            id="urlsession",
        ),
    ],
)
def test_what_a_client_takes(client: str, text: str) -> None:
    assert CLIENTS[client](REACH) == text


def test_a_postman_collection_is_the_same_each_time() -> None:
    made = json.loads(CLIENTS["postman"](REACH))
    assert made["info"]["_postman_id"] == "dcb582ee-87d3-5549-8028-4dce41f69c55"
    assert made["item"][0]["request"] == {
        "method": "GET",
        "header": [{"key": "tenantID", "value": "{{carrier}}", "type": "text"}],
        "url": {
            "raw": "http://checkout.shop:8080/",
            "protocol": "http",
            "host": ["checkout", "shop"],
            "port": "8080",
            "path": [""],
        },
    }
    assert made["variable"] == [{"key": "carrier", "value": "dev1", "type": "string"}]


def test_extensions_send_the_header_to_the_sandbox_alone() -> None:
    assert hosts(REACH) == ["checkout.shop", "dev1.preview.example.com"]
    profile = json.loads(CLIENTS["modheader"](REACH))[0]
    assert [f["urlRegex"] for f in profile["urlFilters"]] == [
        r"^https?://checkout\.shop(:|/|$)",
        r"^https?://dev1\.preview\.example\.com(:|/|$)",
    ]
    rule = json.loads(CLIENTS["requestly"](REACH))[0]
    assert [pair["source"]["value"] for pair in rule["pairs"]] == ["checkout.shop", "dev1.preview.example.com"]


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not here")
@pytest.mark.parametrize("client", ["cypress", "k6", "playwright"])
def test_scripts_are_javascript(client: str, tmp_path: Path) -> None:
    (tmp_path / "script.mjs").write_text(CLIENTS[client](REACH))
    subprocess.run(["node", "--check", str(tmp_path / "script.mjs")], check=True)


class _Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = f"{self.headers['tenantID']} at {self.headers['Host']}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""


@pytest.fixture
def server() -> Iterator[int]:
    """A server that answers with the carrier that it got; its port."""
    with http.server.HTTPServer(("127.0.0.1", 0), _Answer) as found:
        thread = threading.Thread(target=found.serve_forever)
        thread.start()
        yield found.server_port
        found.shutdown()
        thread.join()


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not here")
def test_curl_sends_the_header(server: int) -> None:
    arguments = shlex.split(CLIENTS["curl"](REACH))
    connected = [*arguments, "--noproxy", "*", "-s", "--connect-to", f"::127.0.0.1:{server}"]
    assert subprocess.run(connected, capture_output=True, text=True, check=True).stdout == "dev1 at checkout.shop:8080"
