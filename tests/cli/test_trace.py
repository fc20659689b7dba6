"""`sandlane trace`: what users see, and the worked example traced service by service."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from sandlane.base.output import read_output
from sandlane.cli.main import group
from sandlane.cli.trace import command
from sandlane.files.disk import DiskTree
from sandlane.k8s.resource import Resource
from sandlane.pipeline import render
from sandlane.reports.survey import carrying, survey
from sandlane.semantics.network import Network, make_network, overlaid
from sandlane.semantics.outcomes import Forward
from sandlane.semantics.request import Client, Request
from sandlane.semantics.trace import Traced, client_of, trace
from sandlane.specs.inputs import Inputs, read_inputs
from tests.build import app, inputs, sandbox, service
from tests.profiles import examples
from tests.shared import REPOSITORY

SHOP = REPOSITORY / "overlays" / "shop"
CLONED = {"dev1": {"cart", "checkout"}, "dev10": {"catalog"}, "xdev1": {"payment"}}
PATHS = ("/", "/search", "/search?q=1", "/api/cart", "/shop.checkout.v1.Checkout/PlaceOrder")


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Result:
    monkeypatch.chdir(SHOP)
    return CliRunner().invoke(command, list(arguments))


GOLDEN = ("--output", "../../golden/shop")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        pytest.param(
            ("http://cart/", "-H", "tenantID: dev1", *GOLDEN),
            "request  GET http://cart:80/, tenantid: dev1, from namespace shop\n"
            "rule     ../../golden/shop/shared/shop/virtualservice-cart-sandlane.yaml:18 VirtualService/shop/cart-sandlane "
            "spec.http[0].match[0]\n"
            "outcome  forwarded\n"
            "to       cart-dev1.shop.svc.cluster.local:80\n"
            "answers  Deployment/shop/cart-dev1\n",
            id="a tenant",
        ),
        pytest.param(
            ("http://catalog.shop/search?q=1", "--base-only", "--from", "Deployment/shop/storefront"),
            "request  GET http://catalog.shop:80/search?q=1, from shop/storefront\n"
            "rule     routes/catalog.yaml:11 VirtualService/shop/catalog spec.http[0].match[0]\n"
            "outcome  forwarded\n"
            "to       catalog.shop.svc.cluster.local:80 subset v1 90/100\n"
            "answers  Deployment/shop/catalog-v1\n"
            "to       catalog.shop.svc.cluster.local:80 subset v2 10/100\n"
            "answers  Deployment/shop/catalog-v2\n",
            id="the base alone",
        ),
        pytest.param(
            ("http://shop.example.com/static/x", "--gateway", "shop-gateway", *GOLDEN),
            "request  GET http://shop.example.com:80/static/x, from gateway shop/shop-gateway\n"
            "rule     ../../golden/shop/shared/shop/virtualservice-shop.yaml:15 VirtualService/shop/shop spec.http[0].match[0]\n"
            "outcome  redirect {authority: static.example.com, redirectCode: 302}\n",
            id="a redirect at a gateway",
        ),
        pytest.param(
            ("http://cart", "-H", "tenantID: dev1", "-H", "tenantID: dev2", *GOLDEN),
            "request  GET http://cart:80/, tenantid: dev1, tenantid: dev2, from namespace shop\n"
            "rule     ../../golden/shop/shared/shop/virtualservice-cart-sandlane.yaml:18 VirtualService/shop/cart-sandlane "
            "spec.http[0].match[0]\n"
            "outcome  forwarded\n"
            "to       cart-dev1.shop.svc.cluster.local:80\n"
            "answers  Deployment/shop/cart-dev1\n"
            "or       if a proxy joins the lines of a repeated header:\n"
            "rule     ../../golden/shop/shared/shop/virtualservice-cart-sandlane.yaml:35 VirtualService/shop/cart-sandlane "
            "spec.http[1].match[0]\n"
            "outcome  forwarded\n"
            "to       cart.shop.svc.cluster.local:80\n"
            "answers  Deployment/shop/cart\n",
            id="what depends on the proxy",
        ),
        pytest.param(
            ("http://broker:5672", *GOLDEN),
            "request  GET http://broker:5672/, from namespace shop\n"
            "rule     none\n"
            "outcome  a connection whose requests nothing looks at\n"
            "to       broker.shop.svc.cluster.local:5672\n"
            "answers  Deployment/shop/broker\n",
            id="no HTTP",
        ),
        pytest.param(
            ("--all", *GOLDEN),
            "SERVICE          NONE        dev1           dev10             xdev1\n"
            "broker:5672      broker      broker         broker            broker\n"
            "cart:80          cart        cart-dev1      cart              cart\n"
            "cart:9090        cart        cart-dev1      cart              cart\n"
            "cart-store:6379  cart-store  cart-store     cart-store        cart-store\n"
            "catalog:80       catalog-v1  catalog-v1     catalog-v2-dev10  catalog-v1\n"
            "checkout:5050    checkout    checkout-dev1  checkout          checkout\n"
            "payment:5060     payment     payment        payment           payment-xdev1\n"
            "shipping:80      shipping    shipping       shipping          shipping\n"
            "storefront:80    storefront  storefront     storefront        storefront\n",
            id="services x tenants",
        ),
        pytest.param(
            ("http://cart", "-H", "tenantID: dev1", "--format", "mermaid", *GOLDEN),
            "flowchart LR\n"
            '  r(["GET http://cart:80/, tenantid: dev1, from namespace shop"])\n'
            '  a0["VirtualService/shop/cart-sandlane spec.http[0].match[0]"]\n'
            "  r --> a0\n"
            '  a0d0["cart-dev1.shop.svc.cluster.local:80"]\n'
            "  a0 --> a0d0\n"
            '  a0w0[("Deployment/shop/cart-dev1")]\n'
            "  a0d0 --> a0w0\n",
            id="a picture",
        ),
    ],
)  # fmt: skip
def test_text(monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], expected: str) -> None:
    result = run(monkeypatch, *arguments)
    assert (result.output, result.exit_code) == (expected, 0)


USAGE = "Usage: trace [OPTIONS] URL [ENVIRONMENT]\nTry 'trace --help' for help.\n\nError: "


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        pytest.param((), "expected one URL, such as http://checkout:8080/cart, and at most one environment", id="nothing"),
        pytest.param(("ftp://x",), "'ftp://x' is no URL of a request: expected one such as http://checkout:8080/cart", id="a scheme"),
        pytest.param(("http://x:y",), "'http://x:y' is no URL of a request: expected one such as http://checkout:8080/cart", id="a port"),
        pytest.param(("http://x", "-H", "dev1"), "'dev1' is no header: expected one such as 'tenantID: dev1'", id="a header"),
        pytest.param(("http://x", "--from", "a", "--gateway", "b"), "--from and --gateway exclude each other", id="two clients"),
        pytest.param(("http://x", "--from", "storefrnt", "--base-only"),
                     "no workload 'Deployment/shop/storefrnt' in the manifests: did you mean 'Deployment/shop/storefront'?",
                     id="a workload"),
        pytest.param(("http://x", "--gateway", "shop-gate", "--base-only"),
                     "no Gateway 'shop/shop-gate' in the manifests: did you mean 'shop/shop-gateway'?", id="a gateway"),
        pytest.param(("--all", "--gateway", "shop-gateway", "--base-only"), "--all goes with clients in the mesh, not with --gateway",
                     id="all at a gateway"),
    ],
)  # fmt: skip
def test_bad_usage(monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], expected: str) -> None:
    result = run(monkeypatch, *arguments)
    assert (result.output, result.exit_code) == (f"{USAGE}{expected}\n", 2)


def test_no_output_yet(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(command, ["http://cart", str(SHOP), "--output", "rendered"])
    assert (result.output, result.exit_code) == (
        "SL120 output directory 'rendered' does not exist\n"
        "  hint: run 'sandlane render', or trace the base alone with --base-only\n"
        "1 problem\n",
        2,
    )


def test_an_output_that_cannot_be_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.yaml").write_text("kind: Service\nmetadata: {name: a}\n")
    result = CliRunner().invoke(command, ["http://cart", str(SHOP), "--output", "out"])
    assert (result.output, result.exit_code) == (
        "out/a.yaml:1:1: SL123 no Kubernetes object: apiVersion missing or no string\n"
        "  hint: a manifest needs apiVersion, kind and metadata.name; mark other files with a comment "
        "'# +argocd:skip-file-rendering'\n"
        "1 problem\n",
        2,
    )


def test_json(monkeypatch: pytest.MonkeyPatch) -> None:
    result = run(monkeypatch, "http://cart", "-H", "baggage: a=1,tenantID=dev1", "--format", "json", *GOLDEN)
    (found,) = json.loads(result.stdout)["environments"]
    assert found["rule"] == {
        "object": "VirtualService/shop/cart-sandlane",
        "path": "spec.http[0].match[1]",
        "file": "../../golden/shop/shared/shop/virtualservice-cart-sandlane.yaml",
        "line": 22,
    }
    assert found["destinations"] == [
        {"host": "cart-dev1.shop.svc.cluster.local", "port": 80, "subset": None, "weight": 1, "failure": None, "policy": None,
         "service": "Service/shop/cart-dev1", "workloads": ["Deployment/shop/cart-dev1"]}
    ]  # fmt: skip
    every = json.loads(run(monkeypatch, "--all", "--format", "json", *GOLDEN).stdout)["environments"][0]["services"]
    assert every[1] == {
        "host": "cart",
        "port": 80,
        "answers": {"none": "cart", "dev1": "cart-dev1", "dev10": "cart", "xdev1": "cart"},
    }


# The worked example, traced against what its sandboxes say.


def read(environment: str) -> tuple[Inputs, Network, Network]:
    """Returns the inputs of an example, and the networks of its base and of its base with the output in it."""
    found = read_inputs(DiskTree(REPOSITORY), f"overlays/shop/{environment}")
    golden = REPOSITORY / "golden" / ("shop" if environment == "sandlane.yaml" else "shop-linkerd")
    if golden.is_dir():
        written: tuple[Resource, ...] = read_output(DiskTree(golden), "shop").resources
    else:
        written = tuple(
            Resource(id=o.id, manifest=o.manifest, source=found.environment.source) for o in render(found).objects
        )
    return found, network(found, ()), network(found, written)


def network(found: Inputs, written: tuple[Resource, ...]) -> Network:
    return make_network(
        overlaid(found.base, written), mesh=found.environment.mesh, domain="cluster.local", root="istio-system"
    )


def answering(traced: Traced) -> set[str]:
    return {workload.id.name for target in traced.answer.targets for workload in target.workloads}


@pytest.mark.parametrize("environment", ["sandlane.yaml", "linkerd.yaml"])
def test_the_shop(environment: str) -> None:
    found, base, both = read(environment)
    client = client_of(both, None, "shop")
    for service_ in found.base.of("", "Service"):
        for port in service_.manifest["spec"]["ports"]:
            for path in PATHS:
                asked = Request(client=client, host=service_.id.name, port=port["port"], path=path)
                before, after = trace(base, asked), trace(both, asked)
                assert (after.answer.outcome, after.others) == (before.answer.outcome, ())
                for tenant, cloned in CLONED.items():
                    for carrier in found.environment.carriers:
                        mine = trace(both, carrying(asked, carrier, tenant))
                        is_mine = all(name.endswith(f"-{tenant}") for name in answering(mine))
                        assert (service_.id.name, tenant, mine.others, is_mine) == (
                            service_.id.name, tenant, (), service_.id.name in cloned)  # fmt: skip
                        if service_.id.name not in cloned:
                            assert mine.answer.outcome == before.answer.outcome


@pytest.mark.parametrize("environment", ["sandlane.yaml", "linkerd.yaml"])
@pytest.mark.parametrize("path", ["/", "/api/cart", "/api/cart/1", "/api/catalog/x", "/static/x"])
def test_the_shop_at_its_gateway(environment: str, path: str) -> None:
    _, base, both = read(environment)
    client = Client(kind="gateway", namespace="shop", name="shop-gateway")
    asked = Request(client=client, host="shop.example.com", port=80, path=path)
    before = trace(base, asked)
    assert trace(both, asked).answer.outcome == before.answer.outcome
    for tenant, cloned in CLONED.items():
        mine = trace(
            both, Request(client=client, host="shop.example.com", port=80, path=path, headers=(("tenantid", tenant),))
        )
        target = next((name for name in ("cart", "catalog") if f"/api/{name}" in path), "")
        if target not in cloned:
            assert mine.answer.outcome == before.answer.outcome
            continue
        assert isinstance(mine.answer.outcome, Forward)
        assert isinstance(before.answer.outcome, Forward)
        assert [d.host for d in mine.answer.outcome.destinations] == [f"{target}-{tenant}.shop.svc.cluster.local"]
        assert (mine.answer.outcome.timeout, mine.answer.outcome.retries, mine.answer.outcome.rewrite) == (
            before.answer.outcome.timeout, before.answer.outcome.retries, before.answer.outcome.rewrite)  # fmt: skip


TENANTS = ("dev1", "dev10", "xdev1")
clones = st.dictionaries(st.sampled_from(TENANTS), st.sets(st.sampled_from("abc"), min_size=1))


@examples(25)
@given(clones, st.sampled_from(["istio", "linkerd", "gateway-api"]))
def test_rendered_outputs(cloned: dict[str, set[str]], mesh: str) -> None:
    """Whatever is cloned, a survey of the output shows each tenant its own clones and nothing else."""
    base = [*app("a", 80), *app("b", 80, 8080), *app("c", 80), service("far", namespace="x")]
    made = inputs(base, *(sandbox(tenant, *sorted(names)) for tenant, names in cloned.items()), mesh=mesh)
    written = tuple(
        Resource(id=o.id, manifest=o.manifest, source=made.environment.source) for o in render(made).objects
    )
    both = make_network(overlaid(made.base, written), mesh=mesh, domain="cluster.local", root="istio-system")
    asked = Request(client=client_of(both, None, "shop"), host="a", port=80)
    for carrier in made.environment.carriers:
        for row in survey(both, made.base, asked, carrier, TENANTS):
            if row.host != "far.x":
                expected = {t: f"{row.host}-{t}" if row.host in cloned.get(t, ()) else row.host for t in TENANTS}
                assert dict(row.cells) == {"none": row.host, **expected}


WHOSE = {
    "sandlane.yaml": (
        "apiVersion: sandlane.dev/v1alpha1\nkind: Environment\nmetadata: {name: e}\n"
        "spec: {base: [base], defaultNamespace: shop, mesh: istio}\n"
    ),
    "sandboxes/dev1.yaml": (
        "apiVersion: sandlane.dev/v1alpha1\nkind: DevelopmentSandbox\nmetadata: {name: dev1}\n"
        "spec: {workloads: [{name: web, image: 'example/web:2'}]}\n"
    ),
    "sandboxes/dev2.yaml": (
        "apiVersion: sandlane.dev/v1alpha1\nkind: DevelopmentSandbox\nmetadata: {name: dev2}\n"
        "spec: {suspend: true, workloads: [{name: web, image: 'example/web:2'}]}\n"
    ),
}
CHECK = "'sandlane check' tells whether the output is up to date, 'sandlane list workloads' what can be routed"


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment of two workloads: dev1 has a clone of web, dev2 is suspended."""
    place = tmp_path_factory.mktemp("two")
    for name, content in {**WHOSE, "base/web.yaml": _app("web"), "base/api.yaml": _app("api")}.items():
        (place / name).parent.mkdir(exist_ok=True)
        (place / name).write_text(content)
    assert CliRunner().invoke(group, ["render", str(place), "--quiet"]).exit_code == 0
    return place


def _app(name: str) -> str:
    return "\n---\n".join(json.dumps(one) for one in app(name))


@pytest.mark.parametrize(
    ("url", "headers", "notes"),
    [
        ("http://web/", (), []),
        ("http://web/", ("tenantID: dev1",), []),
        ("http://web/", ("x-user: 7",), []),
        ("http://web/", ("baggage: user=7",), []),
        (
            "http://web/",
            ("tenant-id: dev1",),
            ["header 'tenant-id' carries no tenantID here: did you mean 'tenantID'?"],
        ),
        (
            "http://web/",
            ("baggage: a=b,tenantId=dev1;x=y",),
            ["baggage member 'tenantId' carries no tenantID here: did you mean 'tenantID'?"],
        ),
        (
            "http://web/",
            ("tenantID: DEV1",),
            ["header 'tenantID' names 'DEV1', which is no sandbox's tenantID: did you mean 'dev1'?"],
        ),
        (
            "http://web/",
            ("baggage: tenantID=kim",),
            [
                "baggage member 'tenantID' names 'kim', which is no sandbox's tenantID: 'sandlane list' tells those there are"
            ],
        ),
        (
            "http://web/",
            ("baggage: tenantID=dev1", "tenantID: dev2"),
            ["sandbox 'dev2' is suspended: it has no clones and no routes (sandlane set dev2 --resume)"],
        ),
        (
            "http://web/",
            ("baggage: tenantID=dev2,tenantID=dev1",),
            [
                "baggage member 'tenantID' names 'dev1' and 'dev2': any of them that has a clone there may answer, so name one alone",
                "sandbox 'dev2' is suspended: it has no clones and no routes (sandlane set dev2 --resume)",
            ],
        ),
        ("http://api/", ("tenantID: dev1",), ["sandbox 'dev1' clones nothing that answers here: it has 'web'"]),
        ("http://nowhere/", ("tenantID: dev1",), []),
    ],
)
def test_it_says_why_a_request_is_not_its_tenants(
    url: str, headers: tuple[str, ...], notes: list[str], two: Path
) -> None:
    given = [word for header in headers for word in ("-H", header)]
    done = CliRunner().invoke(command, [url, str(two), *given])
    assert done.exit_code == 0
    assert [line.removeprefix("note     ") for line in done.stdout.splitlines() if line.startswith("note ")] == notes
    told = CliRunner().invoke(command, [url, str(two), *given, "--format", "json"]).stdout
    assert json.loads(told)["environments"][0]["notes"] == notes


def test_it_says_that_a_clone_is_there_which_a_request_does_not_reach(two: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    done = CliRunner().invoke(command, ["http://web/", str(two), "-H", "tenantID: dev1", "--output", str(empty)])
    said = f"note     sandbox 'dev1' has 'Deployment/shop/web', and this request does not reach it: {CHECK}\n"
    assert done.stdout.endswith(said)
    plain = CliRunner().invoke(command, ["http://web/", str(two), "-H", "tenantID: dev1", "--base-only"])
    assert "note" not in plain.stdout


@pytest.mark.parametrize(
    ("url", "note"),
    [
        ("http://checkout:8080/a", "'Service/shop/checkout' has port 80: http://checkout:80/a"),
        ("http://chekout/", "no Service in namespace 'shop' has the name 'chekout': did you mean 'checkout'?"),
        ("http://chekout.shop/", "no Service in namespace 'shop' has the name 'chekout': did you mean 'checkout'?"),
        (
            "http://chekout.shop.svc.cluster.local/",
            "no Service in namespace 'shop' has the name 'chekout': did you mean 'checkout'?",
        ),
        ("http://checkout.shop/", None),
        ("http://example.com/", None),
    ],
)
def test_it_says_what_was_meant(tmp_path: Path, url: str, note: str | None) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "base").mkdir()
    (tmp_path / "base/app.yaml").write_text(_app("checkout"))
    (tmp_path / "sandlane.yaml").write_text(
        "apiVersion: sandlane.dev/v1alpha1\nkind: Environment\nmetadata: {name: staging}\n"
        "spec: {base: [base], defaultNamespace: shop, mesh: istio}\n"
    )
    result = CliRunner().invoke(group, ["trace", url, str(tmp_path), "--base-only"], prog_name="sandlane")
    assert (result.exit_code, result.stderr) == (0, "")
    assert [line for line in result.stdout.splitlines() if line.startswith("note")] == (
        [f"note     {note}"] if note else []
    )
