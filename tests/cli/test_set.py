from __future__ import annotations

import datetime
import subprocess
from pathlib import Path

import pytest

from sandlane.specs.editing import SandboxEdit, WorkloadEdit, new_spec
from sandlane.specs.forms import ACCEPTABLE
from tests.cli.test_init import run, told, write
from tests.rim import snapshot
from tests.starts import install

ENVIRONMENT = """\
apiVersion: sandlane.dev/v1alpha1
kind: Environment
metadata: {name: staging}
spec:
  base: [base]
  defaultNamespace: shop
  mesh: istio
"""


def app(name: str, kind: str = "Deployment", containers: str = "{name: server, image: 'r/%s:1'}") -> str:
    return f"""\
---
apiVersion: apps/v1
kind: {kind}
metadata: {{name: {name}}}
spec:
  serviceName: {name}
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec:
      containers: [{containers.replace("%s", name)}]
---
apiVersion: v1
kind: Service
metadata: {{name: {name}-svc}}
spec:
  selector: {{app: {name}}}
  ports: [{{name: http, port: 80}}]
""".replace("  serviceName: " + name + "\n", "" if kind == "Deployment" else f"  serviceName: {name}\n")


BASE = (
    app("checkout")
    + app("init", containers="{name: server, image: 'r/init:1', env: [{name: LEVEL, value: info}]}").replace(
        "      containers:", "      initContainers: [{name: setup, image: 'r/setup:1'}]\n      containers:"
    )
    + app("db", "StatefulSet")
    + app("pair", containers="{name: one, image: 'r/one:1'}, {name: two, image: 'r/two:1'}")
)
SPEC = new_spec(
    SandboxEdit(
        name="dev1",
        owner="dana",
        workloads=(
            WorkloadEdit(kind="Deployment", name="checkout", container="server", is_only=True, image="r/checkout:2"),
        ),
    )
)
REACHED = """\
requests with 'tenantID: dev1' reach it:
  http://checkout-svc.shop → checkout-dev1
for your client: sandlane connect dev1
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with an environment, where Dana stands."""
    (tmp_path / ".git").mkdir()
    write(tmp_path, {"sandlane.yaml": ENVIRONMENT, "base/app.yaml": BASE, "sandboxes/README.md": "", "gitconfig": ""})
    (tmp_path / "gitconfig").write_text("[user]\n  email = dana@example.com\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.delenv("GIT_DIR", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_set_makes_a_sandbox_and_renders_it(here: Path) -> None:
    assert run("set", "dev1", "checkout=r/checkout:2") == (
        0,
        "",
        "sandboxes/dev1.yaml: new\n  owner: dana, from 'git config user.email'; --owner says another\n"
        "  Deployment/shop/checkout  image  r/checkout:1 → r/checkout:2\n"
        "rendered: 6 created, 0 updated, 0 deleted, 0 unchanged\n" + REACHED,
    )
    assert (here / "sandboxes" / "dev1.yaml").read_text() == SPEC
    assert run("check")[0] == 0


def test_set_changes_a_sandbox_and_keeps_its_comments(here: Path) -> None:
    run("set", "dev1", "checkout=r/checkout:2")
    spec = here / "sandboxes" / "dev1.yaml"
    spec.write_text(SPEC.replace("owner: dana", "owner: dana  # or kim"))
    assert run("set", "dev1", "checkout=r/checkout:3", "--replicas", "checkout=2") == (
        0,
        "",
        "sandboxes/dev1.yaml: changed\n  Deployment/shop/checkout  image  r/checkout:2 → r/checkout:3\n"
        "  Deployment/shop/checkout  replicas  1 → 2\n"
        "rendered: 0 created, 1 updated, 0 deleted, 5 unchanged\n" + REACHED,
    )
    assert run("set", "dev1", "--expires", "2026-12-01")[0] == 0
    assert spec.read_text() == SPEC.replace("owner: dana", "owner: dana  # or kim\n  expires: 2026-12-01").replace(
        "checkout:2\n", "checkout:3\n    replicas: 2\n"
    )
    assert run("set", "dev1", "--expires", "never")[0] == 0
    assert "expires" not in spec.read_text()


@pytest.mark.parametrize(
    ("arguments", "workloads"),
    [
        pytest.param(
            ["db=r/db:2"], "  - kind: StatefulSet\n    name: db\n    image: r/db:2\n", id="kind-from-the-base"
        ),
        pytest.param(["sts/db=r/db:2"], "  - kind: StatefulSet\n    name: db\n    image: r/db:2\n", id="short-kind"),
        pytest.param(
            ["one@pair=r/one:2", "two@pair=r/two:2"],
            "  - name: pair\n    containers:\n    - name: one\n      image: r/one:2\n    - name: two\n      image: r/two:2\n",
            id="two-containers",
        ),
        pytest.param(
            ["checkout=r/checkout:2", "db=r/db:2"],
            "  - name: checkout\n    image: r/checkout:2\n  - kind: StatefulSet\n    name: db\n    image: r/db:2\n",
            id="two-workloads",
        ),
        pytest.param(
            ["checkout=r/checkout:2", "--env", "checkout:LEVEL=debug"],
            "  - name: checkout\n    image: r/checkout:2\n    env:\n    - {name: LEVEL, value: debug}\n",
            id="image-and-env",
        ),
        pytest.param(
            ["--env", "one@pair:LEVEL=on"],
            '  - name: pair\n    containers:\n    - name: one\n      env:\n      - {name: LEVEL, value: "on"}\n',
            id="env-of-a-container",
        ),
    ],
)
def test_what_set_writes(here: Path, arguments: list[str], workloads: str) -> None:
    status, _, err = run("set", "dev1", *arguments)
    assert status == 0, err
    assert (here / "sandboxes" / "dev1.yaml").read_text().partition("workloads:\n")[2] == workloads
    assert run("check")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        pytest.param(["chekout=x"], "workload 'chekout' is not in the base: did you mean 'checkout'?", id="typo"),
        pytest.param(
            ["checkout-svc=x"],
            "workload 'checkout-svc' is not in the base: 'checkout-svc' is a Service, and behind it: 'checkout'",
            id="a-service",
        ),
        pytest.param(
            ["pair=x"],
            "'Deployment/shop/pair' has several app containers: say which: one@pair, two@pair",
            id="which-container",
        ),
        pytest.param(
            ["tow@pair=x"], "container 'tow' is not in 'Deployment/shop/pair': did you mean 'two'?", id="container"
        ),
        pytest.param(
            ["checkout"],
            "'checkout' says no image: write WORKLOAD=IMAGE, such as checkout=registry.example/checkout:2",
            id="no-image",
        ),
        pytest.param(
            ["--env", "checkout:A"],
            "'checkout:A' says no variable: write WORKLOAD:NAME=VALUE, or WORKLOAD:NAME- to take it out",
            id="no-variable",
        ),
        pytest.param(
            ["--replicas", "checkout=two"],
            "'checkout=two' says no number of pods: write WORKLOAD=N, such as checkout=2",
            id="replicas",
        ),
        pytest.param(
            ["checkout=x", "--expires", "tomorrow"],
            "'tomorrow' is no day: give one as 2026-12-01, as today, or as +14d or +2w from today",
            id="day",
        ),
        pytest.param(
            ["checkout=x", "--owner", ""],
            "--owner is empty: say who answers for the sandbox, such as: --owner dana",
            id="owner",
        ),
        pytest.param(
            ["checkout=x", "--env", "LEVEL=debug"],
            "'LEVEL=debug' names no workload: write checkout:LEVEL=debug",
            id="variable-of-nobody",
        ),
        pytest.param(["--env", "LEVEL-"], "'LEVEL-' names no workload: write WORKLOAD:LEVEL-", id="nobody"),
        pytest.param(
            ["--reset", "checkout"],
            "'checkout' says no variable: write WORKLOAD:NAME, such as checkout:LOG_LEVEL",
            id="reset",
        ),
        pytest.param(
            ["checkout=x:1", "checkout=x:2"], "'checkout' is given two values of image: say one", id="two-images"
        ),
        pytest.param(
            ["--env", "checkout:A=1", "--env", "deploy/checkout:A-"],
            "'deploy/checkout' is given two values of A: say one",
            id="two-values",
        ),
        pytest.param(
            ["shop/checkout=x"],
            "'shop' is no kind of workloads: write Deployment/shop/checkout",
            id="namespace-for-kind",
        ),
        pytest.param(
            ["Deploymnt/checkout=x"], "'Deploymnt' is no kind of workloads: did you mean 'Deployment'?", id="kind"
        ),
        pytest.param(
            ["sts/checkout=x"],
            "workload 'sts/checkout' is not in the base: there is 'checkout'",
            id="other-kind",
        ),
        pytest.param(
            ["Deployment/prod/checkout=x"],
            "workload 'Deployment/prod/checkout' is not in the base: there is 'Deployment/shop/checkout'",
            id="other-namespace",
        ),
        pytest.param(
            ["setup@init=x"],
            "'setup' is an init container of 'Deployment/shop/init', and 'set' changes app containers: write 'initContainers' "
            "or a patch in the spec",
            id="init-container",
        ),
        pytest.param(
            ["--remove", "one@pair"],
            "--remove takes a whole workload, and 'one' is a container of it: --remove pair",
            id="removed-container",
        ),
        pytest.param([], "sandbox 'dev1' is new: say what it changes: sandlane set dev1 WORKLOAD=IMAGE", id="nothing"),
        pytest.param(["--remove", "checkout"], "the sandbox has no workload 'checkout': it has none", id="removal"),
        pytest.param(
            ["a/b/c/d=x"], "'a/b/c/d' names no workload: write NAME, KIND/NAME or KIND/NAMESPACE/NAME", id="steps"
        ),
    ],
)
def test_what_set_refuses(here: Path, arguments: list[str], says: str) -> None:
    before = snapshot(here)
    status, out, err = run("set", "dev1", *arguments)
    assert (status, out, told(err)) == (2, "", says + "\n")
    assert snapshot(here) == before


def test_a_change_that_cannot_be_rendered_is_not_written(here: Path) -> None:
    before = snapshot(here)
    assert run("set", "Dev_1", "checkout=r/checkout:2") == (
        2,
        "",
        "SL201 'Dev_1' contains the capital 'D' and '_' in 'metadata.name'\n"
        "  hint: write 'dev-1': lower-case letters, digits and '-', with a letter or digit at both ends\n"
        "1 problem, nothing was written\n",
    )
    assert snapshot(here) == before


def test_mistakes_of_others_hold_up_the_output_alone(here: Path) -> None:
    write(here, {"sandboxes/other.yaml": SPEC.replace("dev1", "other").replace("name: checkout", "name: chekout")})
    assert run("set", "dev1", "checkout=r/checkout:2", "--owner", "kim") == (
        2,
        "",
        "sandboxes/dev1.yaml: new\n  Deployment/shop/checkout  image  r/checkout:1 → r/checkout:2\n  owner  kim\n"
        "sandboxes/other.yaml:11:11: SL210 workload 'Deployment/shop/chekout' is not in the base\n"
        "  hint: did you mean 'checkout'?\n"
        "the spec is written, but not the output, because of these problems of other sandboxes\n",
    )
    assert (here / "sandboxes" / "dev1.yaml").read_text() == SPEC.replace("owner: dana", "owner: kim")
    assert not (here / "rendered").exists()


def test_no_render_writes_the_spec_alone(here: Path) -> None:
    status, _, err = run("set", "dev1", "checkout=r/checkout:2", "--owner", "kim", "--no-render")
    assert (status, err.splitlines()[-1]) == (0, "not rendered: run 'sandlane render sandlane.yaml'")
    assert not (here / "rendered").exists()


def test_days_are_counted_from_today(here: Path) -> None:
    before = datetime.datetime.now(datetime.UTC).date()
    run("set", "dev1", "checkout=r/checkout:2", "--expires", "+2w")
    after = datetime.datetime.now(datetime.UTC).date()
    text = (here / "sandboxes" / "dev1.yaml").read_text()
    assert any(f"expires: {day + datetime.timedelta(days=14)}\n" in text for day in (before, after))


def test_delete_gives_the_output_of_no_sandboxes(here: Path) -> None:
    run("render")
    before = snapshot(here)
    run("set", "dev1", "checkout=r/checkout:2")
    assert run("delete", "dev1") == (
        0,
        "",
        "sandboxes/dev1.yaml: dev1 removed\nrendered: 0 created, 0 updated, 3 deleted, 3 unchanged\n",
    )
    assert snapshot(here) == before


def test_delete_takes_one_of_several_documents(here: Path) -> None:
    other = SPEC.replace("dev1", "dev2")
    write(here, {"sandboxes/all.yaml": SPEC + "---\n" + other})
    assert run("delete", "dev1")[0] == 0
    assert (here / "sandboxes" / "all.yaml").read_text() == "---\n" + other


def test_delete_says_who_is_not_there(here: Path) -> None:
    run("set", "dev1", "checkout=r/checkout:2")
    status, out, err = run("delete", "dve1")
    assert (status, out, told(err)) == (
        2,
        "",
        "no sandbox or route group 'dve1' in sandlane.yaml: did you mean 'dev1'?\n",
    )


def test_a_sandbox_that_a_group_joins_is_not_deleted(here: Path) -> None:
    run("set", "dev1", "checkout=r/checkout:2")
    group = "apiVersion: sandlane.dev/v1alpha1\nkind: RouteGroup\nmetadata: {name: rel}\nspec: {sandboxes: [dev1]}\n"
    write(here, {"sandboxes/rel.yaml": group})
    before = snapshot(here)
    assert run("delete", "dev1") == (
        2,
        "",
        "sandboxes/rel.yaml:4:20: SL216 route group 'rel' joins sandbox 'dev1', which does not exist\n"
        "  hint: take it out of 'sandboxes', or remove the group too: sandlane delete rel\n1 problem, nothing was written\n",
    )
    assert snapshot(here) == before
    assert run("delete", "dev1", "rel")[0] == 0


def test_prune_removes_what_has_expired(here: Path) -> None:
    run("set", "dev1", "checkout=r/checkout:2", "--expires", "2026-12-01")
    run("set", "dev2", "db=r/db:2", "--expires", "2026-12-02")
    run("set", "dev3", "pair=r/x:2", "--remove", "x")
    before = snapshot(here)
    gone = "sandboxes/dev1.yaml: dev1 expired with 2026-12-01, of dana\n"
    assert run("prune", "--as-of", "2026-12-01") == (
        0,
        "",
        "sandlane.yaml: nothing has expired as of 2026-12-01\n",
    )
    assert run("prune", "--as-of", "2026-12-02", "--dry-run") == (0, gone, "")
    assert snapshot(here) == before
    assert run("prune", "--as-of", "2026-12-02") == (
        0,
        gone,
        "sandboxes/dev1.yaml: dev1 removed\nrendered: 0 created, 0 updated, 3 deleted, 7 unchanged\n",
    )
    assert run("check")[0] == 0


def test_two_changes_at_once_lose_nothing(here: Path) -> None:
    run("set", "dev1", "checkout=r/checkout:2")
    script = install(here / "bin")
    calls = [["db=r/db:2"], ["one@pair=r/one:2"], ["checkout=r/checkout:3"]]
    running = [subprocess.Popen([script, "set", "dev1", *arguments], stderr=subprocess.PIPE) for arguments in calls]
    assert [(process.wait(60), process.communicate()[1])[0] for process in running] == [0, 0, 0]
    text = (here / "sandboxes" / "dev1.yaml").read_text()
    assert [image in text for image in ("r/db:2", "r/one:2", "r/checkout:3")] == [True, True, True]
    assert run("check")[0] == 0


FOREIGN = "kind: X\n"


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["set", "dev1", "checkout=r/checkout:3"], id="set"),
        pytest.param(["set", "dev2", "db=r/db:3"], id="set-new"),
        pytest.param(["delete", "dev1"], id="delete"),
        pytest.param(["prune", "--as-of", "2026-12-02"], id="prune"),
    ],
)
@pytest.mark.parametrize(
    ("file", "text", "says"),
    [
        pytest.param(
            "rendered/shared/mine.yaml",
            FOREIGN,
            "SL501 'rendered/shared/mine.yaml' is a manifest that sandlane did not write\n"
            "  hint: move it out of the output directory: Argo CD and Flux would apply it as part of the sandboxes\n",
            id="foreign",
        ),
        pytest.param(
            "rendered/README.md/a", "", "SL502 the output directory 'rendered' cannot be used: ", id="unusable"
        ),
    ],
)
def test_specs_stay_where_the_output_cannot_be_written(
    here: Path, arguments: list[str], file: str, text: str, says: str
) -> None:
    assert run("set", "dev1", "checkout=r/checkout:2", "--expires", "2026-12-01", "--owner", "kim")[0] == 0
    (here / "rendered" / "README.md").unlink()
    write(here, {file: text})
    before = snapshot(here)
    status, _, err = run(*arguments)
    assert (status, err.startswith(says), err.splitlines()[-1]) == (2, True, "1 problem, nothing was written"), err
    assert snapshot(here) == before


def test_specs_that_cannot_be_written_leave_the_output_alone(here: Path) -> None:
    assert run("set", "dev1", "checkout=r/checkout:2")[0] == 0
    (here / "sandboxes" / "dev1.yaml").unlink()
    (here / "sandboxes" / "README.md").unlink()
    (here / "sandboxes").rmdir()
    write(here, {"sandboxes": "x"})
    before = snapshot(here)
    assert run("set", "dev2", "checkout=r/checkout:2") == (
        2,
        "",
        "SL260 'sandboxes' cannot be written: it is no directory\n"
        "  hint: move 'sandboxes' away, or remove it\n1 problem, nothing was written\n",
    )
    assert snapshot(here) == before


def test_a_sandbox_without_a_name_is_not_made(here: Path) -> None:
    before = snapshot(here)
    status, out, err = run("set", "", "checkout=r/checkout:2")
    assert (status, out, told(err)) == (
        2,
        "",
        "NAME is empty: say which sandbox, such as: sandlane set dev1 WORKLOAD=IMAGE\n",
    )
    assert snapshot(here) == before


@pytest.mark.parametrize("left", ["", "\n", "# of Dana\n"])
def test_set_fills_a_file_that_has_lost_its_spec(here: Path, left: str) -> None:
    run("set", "dev1", "checkout=r/checkout:2")
    spec = here / "sandboxes" / "dev1.yaml"
    spec.write_text(left)
    before = snapshot(here)
    if not left.strip():
        assert run("render") == (
            2,
            "",
            "sandboxes/dev1.yaml: SL261 'sandboxes/dev1.yaml' is empty: the sandbox that it had would be taken away\n"
            "  hint: restore it, write a spec into it ('sandlane set dev1 WORKLOAD=IMAGE' does), or remove it\n"
            "1 problem, nothing was written\n",
        )
    assert snapshot(here) == before
    assert run("set", "dev1", "checkout=r/checkout:2")[0] == 0
    assert spec.read_text() == left.strip("\n") + ("\n" if left.strip() else "") + SPEC
    assert run("check")[0] == 0


def test_misspelt_sandboxes_take_nobody_away(here: Path) -> None:
    run("set", "dev1", "checkout=r/checkout:2")
    write(here, {"sandlane.yaml": ENVIRONMENT + "  sandboxes: [sandbox]\n"})
    before = snapshot(here)
    assert run("render") == (
        2,
        "",
        "sandlane.yaml:8:15: SL127 directory 'sandbox' does not exist, so there are no sandboxes in it\n"
        "  hint: did you mean 'sandboxes'?\n1 problem, nothing was written\n",
    )
    assert snapshot(here) == before


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        pytest.param(
            ["set", "checkout=x"], "'checkout=x' stands where NAME has to be: sandlane set NAME checkout=x", id="name"
        ),
        pytest.param(
            ["set", "sandboxes/dev1.yaml", "checkout=x"],
            "'sandboxes/dev1.yaml' is no name but a path: sandlane set dev1 …",
            id="path",
        ),
        pytest.param(
            ["delete", "sandboxes/dev1.yaml"],
            "no sandbox or route group 'sandboxes/dev1.yaml' in sandlane.yaml: did you mean 'dev1'?",
            id="path-to-delete",
        ),
        pytest.param(
            ["connect", "sandboxes/dev1.yaml"],
            "no sandbox or route group 'sandboxes/dev1.yaml' in sandlane.yaml: did you mean 'dev1'?",
            id="path-to-connect",
        ),
        pytest.param(
            ["set", "dev1", "checkout=x", "--remove", "checkout"],
            "'Deployment/shop/checkout' is changed and removed in one call: say one",
            id="changed-and-removed",
        ),
        pytest.param(
            ["set", "dev1", "--remove", "checkout"],
            "without 'checkout' nothing is left of it: sandlane delete dev1",
            id="the-last-workload",
        ),
        pytest.param(
            ["list", "workload"],
            "'workload' is neither a subject nor an environment: did you mean 'workloads'?",
            id="subject",
        ),
        pytest.param(
            ["prune"],
            "say the day by which sandboxes have to have expired: sandlane prune --as-of today",
            id="day",
        ),
        pytest.param(
            ["set", "dev1", "checkout=x", "--accept", "SL1=why"],
            "'SL1=why' accepts nothing: write CODE=REASON, with one of " + ", ".join(ACCEPTABLE),
            id="accept",
        ),
    ],
)
def test_what_is_refused_with_the_way_out(here: Path, arguments: list[str], says: str) -> None:
    assert run("set", "dev1", "checkout=r/checkout:2")[0] == 0
    before = snapshot(here)
    status, out, err = run(*arguments)
    assert (status, out, told(err)) == (2, "", says + "\n")
    assert snapshot(here) == before


def lines(result: tuple[int, str, str]) -> list[str]:
    """Returns what a successful `set` says that it changes."""
    assert result[0] == 0, result
    return result[2].partition("\nrendered: ")[0].splitlines()


def test_variables_are_taken_out_and_reset_twice_alike(here: Path) -> None:
    run("set", "dev1", "init=r/init:2", "--env", "init:LEVEL=debug", "--env", "init:OWN=1")
    spec = here / "sandboxes" / "dev1.yaml"
    head = "  Deployment/shop/init  env "
    out = "(not in the container)"
    assert lines(run("set", "dev1", "--env", "init:LEVEL-", "--env", "init:OWN-")) == [
        "sandboxes/dev1.yaml: changed",
        f"{head}LEVEL  debug → {out}",
        f"{head}OWN  1 → {out}",
    ]
    text = spec.read_text()
    assert text.partition("env:\n")[2] == "    - {name: LEVEL, remove: true}\n"
    assert lines(run("set", "dev1", "--env", "init:LEVEL-")) == [
        "sandboxes/dev1.yaml: unchanged",
        f"{head}LEVEL  {out}, as it is",
    ]
    assert spec.read_text() == text
    for first in (f"{out} → info", "info, as it is"):
        assert lines(run("set", "dev1", "--reset", "init:LEVEL"))[1:] == [f"{head}LEVEL  {first}, as in the base"]
        assert "LEVEL" not in spec.read_text()
    assert lines(run("set", "dev1", "--env", "init:LEVEL=a\x07\nb"))[1:] == [f"{head}LEVEL  info → a\\x07\\nb"]


def test_all_that_changes_is_said(here: Path) -> None:
    run("set", "dev1", "checkout=r/checkout:2", "db=r/db:2")
    assert lines(run("set", "dev1", "--owner", "eli", "--expires", "2020-01-01", "--remove", "sts/db")) == [
        "sandboxes/dev1.yaml: changed",
        "  StatefulSet/shop/db  taken out",
        "  owner  dana → eli",
        "  expires  never → 2020-01-01",
        "  that day is past: 'sandlane prune --as-of today' would take the sandbox away",
    ]
    assert lines(run("set", "dev1", "--expires", "never", "--owner", "eli")) == [
        "sandboxes/dev1.yaml: changed",
        "  owner  eli, as it is",
        "  expires  2020-01-01 → never",
    ]
    assert lines(run("set", "dev1", "checkout=r/checkout:2")) == [
        "sandboxes/dev1.yaml: unchanged",
        "  Deployment/shop/checkout  image  r/checkout:2, as it is",
    ]


def test_replicas_belong_to_workloads(here: Path) -> None:
    assert lines(run("set", "dev1", "one@pair=r/one:2", "--replicas", "pair=2"))[-1] == (
        "  Deployment/shop/pair  replicas  1 → 2"
    )
    assert (
        (here / "sandboxes" / "dev1.yaml")
        .read_text()
        .endswith("  - name: pair\n    containers:\n    - name: one\n      image: r/one:2\n    replicas: 2\n")
    )


def test_a_clone_that_no_request_is_routed_to_is_named(here: Path) -> None:
    base = app("checkout") + app("db", "StatefulSet").replace("{name: http, port: 80}", "{name: tcp-sql, port: 5432}")
    (here / "base" / "app.yaml").write_text(base)
    status, _, said = run("set", "dev1", "checkout=r/checkout:2", "db=r/db:2")
    assert (status, said.partition("unchanged\n")[2]) == (
        0,
        REACHED + "no request is routed to the clone of StatefulSet/shop/db ('sandlane list workloads' says why); "
        "others can have its address: valueFrom: {cloneRef: {name: db}}\n",
    )


def test_the_proxy_of_a_mesh_is_no_app_container(here: Path) -> None:
    proxy = "{name: istio-proxy, image: 'docker.io/istio/proxyv2:1.27.1'}, {name: server, image: 'r/web:1'}"
    (here / "base" / "app.yaml").write_text(app("web", containers=proxy))
    assert lines(run("set", "dev1", "web=r/web:2"))[2:] == ["  Deployment/shop/web  image  r/web:1 → r/web:2"]
    assert run("set", "dev1", "istio-proxy@web=r/p:2")[2] == (
        "Error: container 'istio-proxy' is not in 'Deployment/shop/web': it has server\n"
    )


def test_a_suspended_sandbox_has_nothing_that_requests_reach(here: Path) -> None:
    (here / "sandboxes" / "dev1.yaml").write_text(SPEC.replace("  owner: dana\n", "  owner: dana\n  suspend: true\n"))
    status, _, said = run("set", "dev1", "checkout=r/checkout:3")
    assert (status, said.partition("unchanged\n")[2]) == (
        0,
        "it is suspended, so it has no clones and no routes: sandlane set dev1 --resume\n",
    )


def test_a_sandbox_is_suspended_and_resumed(here: Path) -> None:
    spec = here / "sandboxes" / "dev1.yaml"
    run("set", "dev1", "checkout=r/checkout:2")
    for first, second, text in (
        ("suspended", "suspended, as it is", SPEC.replace("  owner: dana\n", "  owner: dana\n  suspend: true\n")),
        ("resumed", "not suspended, as it is", SPEC),
    ):
        option = "--suspend" if first == "suspended" else "--resume"
        assert lines(run("set", "dev1", option)) == ["sandboxes/dev1.yaml: changed", f"  {first}"]
        assert spec.read_text() == text
        assert lines(run("set", "dev1", option)) == ["sandboxes/dev1.yaml: unchanged", f"  {second}"]
        assert run("check")[0] == 0
    assert (here / "rendered" / "sandboxes" / "dev1").is_dir()
    run("set", "dev1", "--suspend")
    assert not (here / "rendered" / "sandboxes" / "dev1").exists()


TCP = BASE.replace("{name: http, port: 80}", "{name: tcp-x, port: 80}")


def test_problems_of_a_change_lie_where_something_is(here: Path) -> None:
    write(here, {"sandlane.yaml": ENVIRONMENT + "  policy: {require: [expires], maxPerOwner: 1}\n"})
    assert run("set", "dev1", "checkout=r/checkout:2") == (
        2,
        "",
        "SL242 'spec.expires' is missing, which the environment's policy requires\n"
        "  hint: add '--expires +14d': sandlane.yaml:8 asks for it\n1 problem, nothing was written\n",
    )
    write(here, {"base/app.yaml": TCP})
    status, _, err = run("set", "dev1", "checkout=r/checkout:2", "--expires", "+14d")
    assert status == 2
    assert err.splitlines()[0] == (
        "SL411 no request can reach the clone of 'Deployment/shop/checkout': TCP carries no headers"
    )
    assert err.splitlines()[1].startswith(
        "  hint: if port 80 'tcp-x' of 'Service/shop/checkout-svc' is HTTP, rename it to "
    )
    assert err.splitlines()[1].endswith(", or accept it: --accept SL411=REASON")
    assert not (here / "sandboxes" / "dev1.yaml").exists()
    accepting = ["--accept", "SL411=reads a queue of its own"]
    assert run("set", "dev1", "checkout=r/checkout:2", "--expires", "+14d", *accepting)[0] == 0
    assert (here / "sandboxes" / "dev1.yaml").read_text().partition("    accept:\n")[2] == (
        "    - code: SL411\n      object: Deployment/shop/checkout\n      reason: reads a queue of its own\n"
    )
    assert run("check")[0] == 0
    assert run("set", "dev2", "checkout=r/checkout:2", "--expires", "+14d", *accepting) == (
        2,
        "",
        "SL243 this is sandbox 2 of 'dana', and the environment's policy allows 1\n"
        "  hint: delete another, or write 'suspend: true' in it: 'dev1' (sandlane.yaml:8)\n1 problem, nothing was written\n",
    )


def test_problems_of_a_change_have_lines_of_the_file_as_it_is(here: Path) -> None:
    write(here, {"sandboxes/dev1.yaml": "# mine\n" + SPEC})
    assert run("set", "dev1", "checkout=r/Checkout:3", "--expires", "+14d")[2] == (
        "sandboxes/dev1.yaml:13:12: SL201 'r/Checkout:3' has capitals in its repository in 'spec.workloads[0].image'\n"
        "  hint: write 'r/checkout:3': an image is [registry/]repository[:tag][@digest], its repository in lower case\n"
        "1 problem, nothing was written\n"
    )
    assert (here / "sandboxes" / "dev1.yaml").read_text().splitlines()[12] == "    image: r/checkout:2"


def test_lines_to_copy_work_where_they_are_printed(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(here, {"a/sandlane.yaml": ENVIRONMENT, "a/base/app.yaml": BASE, "a/sandboxes/README.md": ""})
    (here / "sandlane.yaml").unlink()
    status, _, err = run("set", "dev1", "-e", "a", "checkout=r/checkout:2")
    line = err.splitlines()[-1].partition("for your client: sandlane ")[2]
    assert (status, line) == (0, "connect dev1 a/sandlane.yaml")
    assert run(*line.split())[0] == 0
    assert run("set", "dev2", "checkout=r/checkout:2")[2].splitlines()[1] == (
        "  hint: name one of those below with -e: a/sandlane.yaml"
    )
    monkeypatch.chdir(here / "a" / "sandboxes")
    assert run("check", ".")[2].splitlines()[1] == "  hint: there is one above: ../sandlane.yaml"


def test_workloads_of_one_name_in_two_namespaces(here: Path) -> None:
    other = app("checkout").replace("metadata: {name: checkout", "metadata: {namespace: other, name: checkout")
    write(here, {"base/other.yaml": other})
    assert run("set", "dev1", "Deployment/other/checkout=r/checkout:2", "--owner", "dana")[0] == 0
    status, _, err = run("set", "dev1", "checkout=r/checkout:3")
    assert (status, err.splitlines()[:2]) == (
        0,
        ["sandboxes/dev1.yaml: changed", "  Deployment/shop/checkout  image  r/checkout:1 → r/checkout:3"],
    )
    assert (here / "sandboxes/dev1.yaml").read_text().partition("workloads:\n")[2] == (
        "  - name: checkout\n    namespace: other\n    image: r/checkout:2\n  - name: checkout\n    image: r/checkout:3\n"
    )
    status, _, err = run("set", "dev1", "--remove", "Deployment/other/checkout")
    assert (status, err.splitlines()[:2]) == (
        0,
        ["sandboxes/dev1.yaml: changed", "  Deployment/other/checkout  taken out"],
    )
    assert (here / "sandboxes/dev1.yaml").read_text().partition("workloads:\n")[2] == (
        "  - name: checkout\n    image: r/checkout:3\n"
    )


ROUTED = """\
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: edge}
spec: {selector: {a: b}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: [shop.example.com]}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: edge}
spec:
  hosts: [shop.example.com]
  gateways: [edge]
  http:
  - match: [{uri: {prefix: /api/}}]
    route: [{destination: {host: checkout-svc, port: {number: 80}}}]
"""


def test_the_path_of_a_gateway_is_told_as_its_rule_has_it(here: Path) -> None:
    """A rule for /api/ does not match /api."""
    (here / "base" / "app.yaml").write_text(app("checkout") + ROUTED)
    adopt = "  routes: {adopt: [{kind: VirtualService, name: edge}]}\n"
    (here / "sandlane.yaml").write_text(ENVIRONMENT + adopt)
    status, _, said = run("set", "dev1", "checkout=r/checkout:2")
    assert (status, said.partition("reach it:\n")[2]) == (
        0,
        "  http://shop.example.com/api/ → checkout-dev1 (at Gateway/shop/edge)\n"
        "  http://checkout-svc.shop → checkout-dev1\n"
        "for your client: sandlane connect dev1\n",
    )
