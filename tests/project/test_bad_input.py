"""Each mistake gives exactly one problem with its place, exit status 2, and changes nothing on disk."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from sandlane.cli.main import group
from tests.cli.test_cli import NOTICE
from tests.rim import snapshot
from tests.shared import REPOSITORY

SHOP = REPOSITORY / "overlays" / "shop"
TENANT = (
    "Routing value of the sandbox: a DNS label (lower-case letters, digits and '-', at most 63 characters); "
    "metadata.name unless given."
)


def replace(file: str, old: str, new: str) -> Callable[[Path], None]:
    """Returns a change of one place in a file."""

    def change(root: Path) -> None:
        content = (root / file).read_text()
        assert content.count(old) == 1
        (root / file).write_text(content.replace(old, new))

    return change


def add(file: str, content: str) -> Callable[[Path], None]:
    """Returns a change that adds a file."""

    def change(root: Path) -> None:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_text(content)

    return change


def link(file: str, target: str) -> Callable[[Path], None]:
    """Returns a change that adds a link."""

    def change(root: Path) -> None:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).symlink_to(target)

    return change


def both(*changes: Callable[[Path], None]) -> Callable[[Path], None]:
    """Returns a change that makes all of these."""

    def change(root: Path) -> None:
        for one in changes:
            one(root)

    return change


def spec(name: str, body: str) -> str:
    return f"apiVersion: sandlane.dev/v1alpha1\nkind: DevelopmentSandbox\nmetadata: {{name: {name}}}\nspec:\n{body}"


def clone(*, name: str = "shipping", tenant: str = "new") -> str:
    return spec(name, f"  tenantID: {tenant}\n  workloads:\n  - name: shipping\n")


DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: shipping-x}
spec:
  selector: {matchLabels: {app: shipping-x}}
  template:
    metadata: {labels: {app: shipping-x}}
    spec: {containers: [{name: app, image: registry.example/idle:1}]}
"""
IDLE = "{code: SL310, object: Deployment/shop/shipping-x, reason: idle}"
BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{b}: &{b} [{', '.join([f'*{a}'] * 10)}]\n" for a, b in zip("abcdefg", "bcdefgh", strict=True)
)
OUTSIDE = (
    " lies outside of the repository, the root of what may be read\n"
    "  hint: keep inputs and output inside the repository, or give another root with --root DIR"
)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param(
            add("sandboxes/new.yaml", "spec:\n  image: a: b\n"),
            "sandboxes/new.yaml:2:11: SL101 not valid YAML: ': ' stands in a value that has no quotes\n"
            "  hint: quote the value: 'image: \"a: b\"'",
            id="broken-yaml-in-a-spec",
        ),
        pytest.param(
            add("base/new.yaml", "spec: [a\n"),
            "base/new.yaml:1:7: SL101 not valid YAML: '[' is not closed, or a comma is missing behind it\n"
            "  hint: close it with ']', and separate what is in it by commas",
            id="broken-yaml-in-the-base",
        ),
        pytest.param(
            replace("sandboxes/dev1.yaml", "  owner: dana\n", "  owner: dana\n  owner: eli\n"),
            "sandboxes/dev1.yaml:14:3: SL102 key 'owner' stands twice in one mapping, first on line 13\n"
            "  hint: keep one of the two: some tools take the last, others refuse the file",
            id="duplicate-key",
        ),
        pytest.param(
            replace("sandboxes/dev1.yaml", "  owner: dana\n", "  ownr: dana\n"),
            "sandboxes/dev1.yaml:13:3: SL202 unknown field 'ownr' in 'spec'\n"
            "  hint: did you mean 'owner'? allowed: expires, owner, resources, suspend, tenantID, workloads",
            id="unknown-field",
        ),
        pytest.param(
            replace("sandboxes/dev1.yaml", "- name: cart\n", "- name: crat\n"),
            "sandboxes/dev1.yaml:16:11: SL210 workload 'Deployment/shop/crat' is not in the base\n  hint: did you mean 'cart'?",
            id="workload-not-there",
        ),
        pytest.param(
            replace("sandboxes/dev1.yaml", "- name: server\n", "- name: sever\n"),
            "sandboxes/dev1.yaml:20:13: SL211 container 'sever' is not in 'Deployment/shop/checkout'\n"
            "  hint: did you mean 'server'?",
            id="container-not-there",
        ),
        pytest.param(
            add("sandboxes/new.yaml", clone(tenant="dev1")),
            "sandboxes/dev1.yaml:12:13: SL205 tenantID 'dev1' is also claimed by sandbox 'shipping' in sandboxes/new.yaml\n"
            "  hint: give each sandbox and each route group a tenantID of its own\n"
            "sandboxes/new.yaml:5:13: SL205 tenantID 'dev1' is also claimed by sandbox 'dev1' in sandboxes/dev1.yaml\n"
            "  hint: give each sandbox and each route group a tenantID of its own",
            id="tenant-twice",
        ),
        pytest.param(
            replace("sandboxes/dev1.yaml", "  tenantID: dev1\n", "  tenantID: Dev_1\n"),
            "sandboxes/dev1.yaml:12:13: SL201 'Dev_1' contains the capital 'D' and '_' in 'spec.tenantID'\n"
            "  hint: write 'tenantID: dev-1': lower-case letters, digits and '-', with a letter or digit at both ends",
            id="tenant-is-no-dns-label",
        ),
        pytest.param(
            replace("sandboxes/dev1.yaml", "  tenantID: dev1\n", "  tenantID: true\n"),
            "sandboxes/dev1.yaml:12:13: SL201 expected a string, found the boolean true in 'spec.tenantID'\n"
            "  hint: quote it: 'tenantID: \"true\"'",
            id="tenant-is-no-string",
        ),
        pytest.param(
            replace("sandboxes/dev1.yaml", "  tenantID: dev1\n", f"  tenantID: {'d' * 64}\n"),
            f"sandboxes/dev1.yaml:12:13: SL201 has 64 characters, at most 63 are allowed in 'spec.tenantID'\n  hint: {TENANT}",
            id="tenant-is-too-long",
        ),
        pytest.param(
            replace("sandboxes/xdev1.yaml", "  - name: payment\n", "  - name: payment\n  - name: payment\n"),
            "sandboxes/xdev1.yaml:15:11: SL207 'Deployment/shop/payment' stands twice in 'workloads'\n  hint: merge the two entries",
            id="workload-twice",
        ),
        pytest.param(
            add("sandboxes/new.yaml", BOMB),
            "sandboxes/new.yaml:4:8: SL104 aliases expand to more than 1,464 values (4 for each character of the file, 100,000 at most)\n"
            "  hint: write the values out, or split a large file",
            id="alias-bomb",
        ),
        pytest.param(
            replace("sandlane.yaml", "  - routes\n", "  - ../../elsewhere\n"),
            f"sandlane.yaml:18:5: SL121 '../../elsewhere'{OUTSIDE}",
            id="base-outside",
        ),
        pytest.param(
            replace("sandlane.yaml", "    path: rendered\n", "    path: ../../elsewhere\n"),
            f"sandlane.yaml:33:11: SL121 '../../elsewhere'{OUTSIDE}",
            id="output-outside",
        ),
        pytest.param(
            link("base/secret.yaml", "../../../elsewhere/secret.yaml"),
            f"sandlane.yaml:17:5: SL121 'shop/base/secret.yaml'{OUTSIDE}",
            id="linked-manifest-outside",
        ),
        pytest.param(
            link("base/secrets", "../../../elsewhere"),
            f"sandlane.yaml:17:5: SL121 'shop/base/secrets'{OUTSIDE}",
            id="linked-directory-outside",
        ),
        pytest.param(
            link("rendered", "../../elsewhere"),
            "sandlane.yaml:33:11: SL502 the output directory 'rendered' cannot be used: a link on its way leaves the root",
            id="linked-output-outside",
        ),
        pytest.param(
            add("rendered/extra.yaml", "kind: Secret\n"),
            "SL501 'rendered/extra.yaml' is a manifest that sandlane did not write\n"
            "  hint: move it out of the output directory: Argo CD and Flux would apply it as part of the sandboxes",
            id="foreign-manifest",
        ),
        pytest.param(
            both(link("out", "../../elsewhere"), replace("sandlane.yaml", "    path: rendered\n", "    path: out/deep\n")),
            "sandlane.yaml:33:11: SL502 the output directory 'out/deep' cannot be used: a link on its way leaves the root",
            id="output-below-a-link-outside",
        ),
        pytest.param(
            add("sandboxes/new.yaml", spec("new", "  workloads:\n  - name: mailer\n")),
            "sandboxes/new.yaml:6:11: SL310 no Service selects 'Deployment/shop/mailer' and none of its environment changes, "
            "so its clone takes work from the base's own queue or schedule\n"
            "  hint: give the clone a queue of its own, such as '"
            "env: [{name: QUEUE, value: orders-$(SANDLANE_TENANT_ID)}]', or accept it at the workload: "
            "accept: [{code: SL310, object: Deployment/shop/mailer, reason: ...}]",
            id="acceptable",
        ),
        pytest.param(
            add("sandboxes/new.yaml", spec("new", '  workloads:\n  - name: "shop\\nping\\e[31m\\u202e"\n')),
            "sandboxes/new.yaml:6:11: SL210 workload 'Deployment/shop/shop\\nping\\x1b[31m\\u202e' is not in the base\n"
            "  hint: did you mean 'shipping'?",
            id="invisible-characters-in-a-name",
        ),
        pytest.param(
            add("sandboxes/a\nb.yaml", "a: b: c\n"),
            "sandboxes/a\\nb.yaml:1:5: SL101 not valid YAML: ': ' stands in a value that has no quotes\n"
            "  hint: quote the value: 'a: \"b: c\"'",
            id="line-break-in-a-file-name",
        ),
        pytest.param(
            add("base/new.yaml", "apiVersion: v1\nkind: Service\nmetadata: {name: cart-dev1}\n"),
            "sandboxes/dev1.yaml:12:3: SL302 'Service/shop/cart-dev1' is taken by the base, so it cannot be written for sandbox "
            "'dev1'\n  hint: names are <origin>-<tenantID>: choose another tenantID",
            id="name-taken-by-the-base",
        ),
        pytest.param(
            both(
                add("base/new.yaml", DEPLOYMENT),
                add("sandboxes/a.yaml", spec("x-c", "  workloads:\n  - name: shipping\n")),
                add("sandboxes/b.yaml", spec("c", f"  workloads:\n  - name: shipping-x\n    accept: [{IDLE}]\n")),
            ),
            "sandboxes/a.yaml:5:3: SL302 'Deployment/shop/shipping-x-c' is taken by sandbox 'c', so it cannot be written for "
            "sandbox 'x-c'\n  hint: names are <origin>-<tenantID>: choose another tenantID",
            id="name-taken-by-a-sandbox",
        ),
        pytest.param(
            add("base/new.yaml", "apiVersion: v1\nkind: Service\nmetadata: {name: web.shop}\n"),
            "base/new.yaml:3:18: SL131 'Service/shop/web.shop' has a name that is no DNS label of at most 63 characters\n"
            "  hint: the API server refuses such a Service: correct the base",
            id="impossible-service",
        ),
        pytest.param(
            replace("sandlane.yaml", "    - {kind: VirtualService, name: catalog}\n", ""),
            "sandboxes/dev10.yaml:17:11: SL401 cloning 'Service/shop/catalog' changes 'VirtualService/shop/catalog' "
            "(routes/catalog.yaml), which the output does not own\n"
            "  hint: add '- {kind: VirtualService, name: catalog}' to 'spec.routes.adopt' in sandlane.yaml",
            id="not-adopted",
        ),
        pytest.param(
            replace("sandlane.yaml", "name: catalog}\n", "name: catalog}\n    - {kind: VirtualService, name: catlog}\n"),
            "sandlane.yaml:30:36: SL220 'VirtualService/shop/catlog' in 'spec.routes.adopt' is not in the base\n"
            "  hint: did you mean 'catalog'?",
            id="adopted-and-not-there",
        ),
        pytest.param(
            add("base/new.yaml", "apiVersion: v1\nkind: Service\nmetadata: {name: cart}\n"),
            "base/new.yaml:3:18: SL124 'Service/shop/cart' stands twice in the base, first in base/cart.yaml\n"
            "  hint: remove one of the two, or say in which namespaces they are, as 'namespace' of a kustomization in each "
            "directory does",
            id="object-twice",
        ),
    ],
)  # fmt: skip
def test_bad_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], None], expected: str
) -> None:
    repository = tmp_path / "repository"
    (repository / ".git").mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "secret.yaml").write_text("apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n")
    shutil.copytree(SHOP, repository / "shop", ignore=shutil.ignore_patterns("rendered"))
    change(repository / "shop")
    monkeypatch.chdir(repository / "shop")
    before = snapshot(tmp_path)
    result = CliRunner().invoke(group, ["render"])
    # A tenantID that two specs claim is told at both of them.
    count = "2 problems" if len(re.findall(r": SL\d{3} ", expected)) == 2 else "1 problem"
    assert (result.stdout, NOTICE.sub("", result.stderr)) == ("", f"{expected}\n{count}, nothing was written\n")
    assert (result.exit_code, snapshot(tmp_path)) == (2, before)
