from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sandlane.output.changes import Changes, OfAnotherEnvironment, UnusableOutput, changes
from sandlane.output.layout import MARK
from sandlane.output.write import apply, locked
from tests.rim import snapshot

FILES = {
    "README.md": f"{MARK}\n\nfixed\n",
    "base/shop/configmap-a.yaml": f"{MARK}\na: 1\n",
    "sandboxes/dev1/shop/deployment-a.yaml": f"{MARK}\na: 1\n",
    "sandboxes/dev1/shop/service-a.yaml": f"{MARK}\na: é\n",
    "shared/shop/virtualservice-a.yaml": f"{MARK}\na: 1\n",
}
LEFTOVER = ".sandlane-7-0123456789abcdef.tmp"


def changed(unchanged: int = len(FILES), **paths: tuple[str, ...]) -> Changes:
    return Changes(
        **{"create": (), "update": (), "delete": (), "foreign": (), "leftovers": (), **paths}, unchanged=unchanged
    )


def bring(directory: Path, files: dict[str, str]) -> Changes:
    """Does what render does, and returns what it saw."""
    with locked(directory):
        found = changes(directory, files)
        apply(directory, files, found)
    return found


def texts(directory: Path) -> dict[str, str]:
    return {
        path.relative_to(directory).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }


def put(directory: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        (directory / path).write_text(text, encoding="utf-8")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """An output directory that is up to date."""
    put(tmp_path / "out", FILES)
    return tmp_path / "out"


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        pytest.param({}, changed(), id="nothing"),
        pytest.param(
            {"shared/shop/virtualservice-b.yaml": f"{MARK}\n"},
            changed(delete=("shared/shop/virtualservice-b.yaml",)),
            id="delete",
        ),
        pytest.param({"old": f"{MARK}\n"}, changed(delete=("old",)), id="delete-whatever-has-the-mark"),
        pytest.param({"old.yaml": MARK}, changed(delete=("old.yaml",)), id="mark-without-a-line-break"),
        pytest.param({"old.yaml": f"{MARK}\r\na: 1\r\n"}, changed(delete=("old.yaml",)), id="mark-of-windows"),
        pytest.param(
            {"shared/shop/virtualservice-a.yaml": f"{MARK}\na: 2\n"},
            changed(4, update=("shared/shop/virtualservice-a.yaml",)),
            id="update",
        ),
        pytest.param(
            {"shared/shop/virtualservice-a.yaml": f"{MARK}\na: 1"},
            changed(4, update=("shared/shop/virtualservice-a.yaml",)),
            id="update-of-the-last-byte",
        ),
        pytest.param(
            {"shared/shop/virtualservice-a.yaml": "a: 1\n"},
            changed(4, foreign=("shared/shop/virtualservice-a.yaml",)),
            id="foreign-in-the-place-of-ours",
        ),
        pytest.param(
            {"shared/shop/virtualservice-a.yaml": ""},
            changed(4, foreign=("shared/shop/virtualservice-a.yaml",)),
            id="empty-in-the-place-of-ours",
        ),
        pytest.param(
            {f"x/a.{suffix}": "a: 1\n" for suffix in ("yaml", "yml", "json", "jsonnet")},
            changed(foreign=("x/a.json", "x/a.jsonnet", "x/a.yaml", "x/a.yml")),
            id="foreign-manifests",
        ),
        pytest.param(
            {"a.yaml": f" {MARK}\n", "b.yaml": f"{MARK}X\n", "c.yaml": f"\n{MARK}\n", "d.yaml": f"\ufeff{MARK}\n"},
            changed(foreign=("a.yaml", "b.yaml", "c.yaml", "d.yaml")),
            id="almost-the-mark",
        ),
        pytest.param(
            {"OWNERS": "me\n", ".gitkeep": "", "a.yaml.j2": "a: 1\n", "notes.md": "n\n", "a.txt": "yaml\n"},
            changed(),
            id="other-foreign-files-are-left-alone",
        ),
        pytest.param(
            {"Kustomization": "resources: []\n", "shared/.sourceignore": "*\n"},
            changed(foreign=("Kustomization", "shared/.sourceignore")),
            id="what-flux-builds-from-is-foreign",
        ),
        pytest.param({".git/config.yaml": "a: 1\n", "sub/.git/x.yaml": f"{MARK}\n"}, changed(), id="git-is-no-output"),
        pytest.param({".hidden/a.yaml": "a: 1\n"}, changed(foreign=(".hidden/a.yaml",)), id="hidden-directories-count"),
        pytest.param(
            {f"shared/shop/{LEFTOVER}": MARK[:9], LEFTOVER: f"{MARK}\na:"},
            changed(leftovers=(LEFTOVER, f"shared/shop/{LEFTOVER}")),
            id="leftover",
        ),
        pytest.param(
            {
                ".sandlane-7-0123456789abcdef": "no suffix",
                ".sandlane-7-0123456789abcde.tmp": "15 digits",
                ".sandlane-7-0123456789abcdef0.tmp": "17 digits",
                ".sandlane-7-0123456789ABCDEF.tmp": "upper case",
                ".sandlane-x-0123456789abcdef.tmp": "no process",
                "x.sandlane-7-0123456789abcdef.tmp": "text before",
                ".sandlane-7-0123456789abcdef.tmp.x": "text behind",
                f"{LEFTOVER}/x": "a directory",
            },
            changed(),
            id="almost-a-leftover",
        ),
        pytest.param(
            {"shared/shop/.sandlane-7-virtualservice-a.yaml": "half"},
            changed(foreign=("shared/shop/.sandlane-7-virtualservice-a.yaml",)),
            id="manifest-with-the-beginning-of-a-leftover",
        ),
    ],
)  # fmt: skip
def test_changes(out: Path, before: dict[str, str], expected: Changes) -> None:
    put(out, before)
    assert changes(out, FILES) == expected


@pytest.mark.parametrize(
    "make", [pytest.param(lambda path: None, id="missing"), pytest.param(lambda path: path.mkdir(), id="empty")]
)
def test_changes_of_an_empty_output(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "out")
    assert changes(tmp_path / "out", FILES) == changed(0, create=tuple(sorted(FILES)))


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        pytest.param(lambda path: path.write_text("x"), "it is no directory", id="file"),
        pytest.param(lambda path: path.symlink_to("elsewhere"), "it is a link", id="link"),
        pytest.param(lambda path: path.symlink_to("nowhere"), "it is a link", id="dangling-link"),
    ],
)
def test_unusable_output(tmp_path: Path, make: Callable[[Path], None], reason: str) -> None:
    (tmp_path / "elsewhere").mkdir()
    make(tmp_path / "out")
    with pytest.raises(UnusableOutput) as caught:
        changes(tmp_path / "out", FILES)
    assert str(caught.value) == reason


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(changed(), False, id="nothing"),
        pytest.param(changed(create=("a",)), True, id="create"),
        pytest.param(changed(update=("a",)), True, id="update"),
        pytest.param(changed(delete=("a",)), True, id="delete"),
        pytest.param(changed(leftovers=("a",)), True, id="leftovers"),
    ],
)
def test_changes_are_true_when_there_is_something_to_do(given: Changes, expected: bool) -> None:
    assert bool(given) is expected


def test_first_write(tmp_path: Path) -> None:
    assert bring(tmp_path / "deep" / "out", FILES) == changed(0, create=tuple(sorted(FILES)))
    assert texts(tmp_path / "deep" / "out") == FILES
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["out"]


def test_first_write_into_an_empty_directory(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    bring(tmp_path / "out", FILES)
    assert (texts(tmp_path), changes(tmp_path / "out", FILES)) == ({f"out/{p}": t for p, t in FILES.items()}, changed())


def test_first_write_obeys_the_umask(tmp_path: Path) -> None:
    script = (
        "import os, sys; from pathlib import Path; from sandlane.output.changes import changes\n"
        "from sandlane.output.write import apply\n"
        "os.umask(0o027); out = Path(sys.argv[1]); files = {'d/a.yaml': 'x'}; apply(out, files, changes(out, files))\n"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path / "out")], check=True)
    modes = [(tmp_path / "out" / path).stat().st_mode & 0o777 for path in ("", "d", "d/a.yaml")]
    assert modes == [0o750, 0o750, 0o640]


def test_first_write_into_the_current_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "out").mkdir()
    monkeypatch.chdir(tmp_path / "out")
    bring(Path(), FILES)
    assert texts(tmp_path / "out") == FILES


def test_second_write_touches_nothing(out: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*")}
    assert bring(out, FILES) == changed()
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*")} == before


def test_only_changed_files_are_touched(out: Path) -> None:
    before = {path: path.stat().st_ino for path in out.rglob("*") if path.is_file()}
    bring(out, {**FILES, "README.md": f"{MARK}\nnew\n"})
    after = {path: path.stat().st_ino for path in out.rglob("*") if path.is_file()}
    assert [p.name for p in before if before[p] != after[p]] == ["README.md"]


def test_create_update_and_delete(out: Path) -> None:
    put(out, {"OWNERS": "me\n", "sandboxes/dev1/notes.txt": "n\n"})
    wanted = {
        "README.md": FILES["README.md"],
        "sandboxes/dev2/shop/deployment-a.yaml": f"{MARK}\na: 2\n",
        "shared/shop/virtualservice-a.yaml": f"{MARK}\na: 2\n",
    }
    assert bring(out, wanted) == Changes(
        create=("sandboxes/dev2/shop/deployment-a.yaml",),
        update=("shared/shop/virtualservice-a.yaml",),
        delete=(
            "base/shop/configmap-a.yaml",
            "sandboxes/dev1/shop/deployment-a.yaml",
            "sandboxes/dev1/shop/service-a.yaml",
        ),
        foreign=(),
        unchanged=1,
        leftovers=(),
    )
    # Directories that became empty are gone; foreign files keep theirs.
    assert snapshot(out).keys() == {
        "OWNERS",
        "README.md",
        "sandboxes",
        "sandboxes/dev1",
        "sandboxes/dev1/notes.txt",
        "sandboxes/dev2",
        "sandboxes/dev2/shop",
        "sandboxes/dev2/shop/deployment-a.yaml",
        "shared",
        "shared/shop",
        "shared/shop/virtualservice-a.yaml",
    }
    assert changes(out, wanted) == changed(3)


def test_directories_of_several_depths_become_empty(out: Path) -> None:
    put(out, {"old/a.yaml": f"{MARK}\n", "old/sub/b.yaml": f"{MARK}\n"})
    bring(out, FILES)
    assert texts(out) == FILES


def test_leftovers_go_with_the_next_run(out: Path) -> None:
    put(out, {f"shared/shop/{LEFTOVER}": MARK[:9], f"gone/{LEFTOVER}": ""})
    bring(out, FILES)
    assert (texts(out), (out / "gone").exists()) == (FILES, False)


@pytest.mark.parametrize("text", ["mine\n", f"\n{MARK}\n", f"{MARK[:9]}\n"])
def test_a_file_of_a_temporarys_name_that_is_not_ours_stays(out: Path, text: str) -> None:
    put(out, {f"shared/shop/{LEFTOVER}": text})
    bring(out, FILES)
    assert texts(out) == {**FILES, f"shared/shop/{LEFTOVER}": text}


def test_a_users_file_is_never_deleted_for_its_name(out: Path) -> None:
    put(out, {".sandlane-ignore": "mine\n"})
    assert changes(out, FILES) == changed()


def test_staged_directories_of_a_killed_run_go_with_the_next(tmp_path: Path) -> None:
    script = (
        "import os, signal, sys; from pathlib import Path; from sandlane.output.changes import changes\n"
        "from sandlane.output.write import apply\n"
        "os.rename = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "out = Path(sys.argv[1]); files = {'a.yaml': sys.argv[2]}; apply(out, files, changes(out, files))\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path / "out"), MARK], check=False)
    assert (done.returncode, (tmp_path / "out").exists()) == (-9, False)
    bring(tmp_path / "out", FILES)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_staged_directories_of_others_stay(tmp_path: Path) -> None:
    names = [
        ".sandlane-staged",
        ".sandlane-staged-other-x",
        ".sandlane-staged-other.abcdefgh",
        ".sandlane-staged-out",
        ".sandlane-staged-out-2.abcdefgh",
        ".sandlane-staged-out.2.abcdefgh",
        ".sandlane-staged-out.abcdefg",
        ".sandlane-staged-out.abcdefghi",
        ".sandlane-staged-xout.abcdefgh",
    ]
    put(tmp_path, {f"{name}/a.yaml": f"{MARK}\n" for name in (*names, ".sandlane-staged-out.abcdefgh")})
    bring(tmp_path / "out", FILES)
    assert sorted(path.name for path in tmp_path.iterdir()) == [*names, "out"]


def test_what_others_put_into_a_staged_directory_stays(tmp_path: Path) -> None:
    staged = tmp_path / ".sandlane-staged-out.abcdefgh"
    put(staged, {"a.yaml": f"{MARK}\n", "b/half.yaml": MARK[:9], "b/empty.yaml": "", "c/mine.yaml": "a: 1\n"})
    (staged / "link.yaml").symlink_to(tmp_path / "elsewhere")
    bring(tmp_path / "out", FILES)
    assert snapshot(staged).keys() == {"c", "c/mine.yaml", "link.yaml"}


@pytest.mark.parametrize("name", ["[o]ut", "o*t", "o?t", "out.d"])
def test_staged_directories_are_told_by_the_whole_name(tmp_path: Path, name: str) -> None:
    others = [f".sandlane-staged-{other}.abcdefgh" for other in ("oxt", "out")]
    put(tmp_path, {f"{other}/a.yaml": f"{MARK}\n" for other in (*others, f".sandlane-staged-{name}.abcdefgh")})
    bring(tmp_path / name, FILES)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*others, name])


def test_an_empty_directory_is_filled_in_place(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    before = (tmp_path / "out").stat().st_ino
    bring(tmp_path / "out", FILES)
    assert ((tmp_path / "out").stat().st_ino, texts(tmp_path / "out")) == (before, FILES)


def test_a_killed_run_is_repaired(out: Path) -> None:
    script = (
        "import os, signal, sys; from pathlib import Path; from sandlane.output.changes import changes\n"
        "from sandlane.output.write import apply\n"
        "os.rename = lambda *_, **_2: os.kill(os.getpid(), signal.SIGKILL)\n"
        "out = Path(sys.argv[1]); files = {'shared/a.yaml': sys.argv[2]}; apply(out, files, changes(out, files))\n"
    )
    assert subprocess.run([sys.executable, "-c", script, str(out), MARK], check=False).returncode == -9
    found = changes(out, FILES)
    assert (len(found.leftovers), found.create, found.update, found.foreign) == (1, (), (), ())
    bring(out, FILES)
    assert texts(out) == FILES


@pytest.mark.parametrize("name", [f"{'a' * 250}.yaml", f"{'é' * 125}.yaml"])
def test_the_longest_file_names_have_temporaries(out: Path, name: str) -> None:
    wanted = {**FILES, name: f"{MARK}\n"}
    bring(out, wanted)
    assert texts(out) == dict(sorted(wanted.items()))


@pytest.mark.parametrize(
    ("link", "foreign", "reason"),
    [
        pytest.param("sandboxes", (), "'sandboxes' is a link where a directory has to be", id="top"),
        pytest.param("sandboxes/dev1", (), "'sandboxes/dev1' is a link where a directory has to be", id="sandbox"),
        pytest.param(
            "sandboxes/dev1/shop", (), "'sandboxes/dev1/shop' is a link where a directory has to be", id="namespace"
        ),
        pytest.param("README.md", (), None, id="file"),
        pytest.param("shared/shop/virtualservice-a.yaml", ("shared/shop/virtualservice-a.yaml",), None, id="manifest"),
        pytest.param("sandboxes/dev9", (), None, id="one-that-nothing-is-written-to"),
        pytest.param(f"shared/shop/{LEFTOVER}", (), None, id="leftover"),
    ],
)
def test_links_never_let_a_write_leave_the_output(
    tmp_path: Path, link: str, foreign: tuple[str, ...], reason: str | None
) -> None:
    put(tmp_path / "elsewhere", {"OWNERS": "me\n", "ours.yaml": f"{MARK}\n"})
    put(tmp_path / "out", {"README.md": FILES["README.md"]})
    (tmp_path / "out" / link).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / "out" / link).unlink(missing_ok=True)
    (tmp_path / "out" / link).symlink_to(tmp_path / "elsewhere")
    before = snapshot(tmp_path / "elsewhere")
    inside = snapshot(tmp_path / "out")
    said = None
    with locked(tmp_path / "out"):
        try:
            found = changes(tmp_path / "out", FILES)
        except UnusableOutput as unusable:
            said = str(unusable)
        else:
            assert found.foreign == foreign
            if not found.foreign:
                apply(tmp_path / "out", FILES, found)
    assert (said, snapshot(tmp_path / "elsewhere")) == (reason, before)
    assert not reason or snapshot(tmp_path / "out") == inside


@pytest.mark.parametrize(
    ("name", "target", "expected"),
    [
        pytest.param("a.yaml", "target.yaml", ("a.yaml",), id="manifest"),
        pytest.param("a.yaml", "missing", ("a.yaml",), id="dangling-manifest"),
        pytest.param("a.yaml", "target", ("a.yaml",), id="manifest-to-a-directory"),
        pytest.param("a", "target", (), id="directory"),
    ],
)
def test_links_are_never_ours(out: Path, name: str, target: str, expected: tuple[str, ...]) -> None:
    put(out.parent, {"target.yaml": f"{MARK}\n", "target/x.yaml": "a: 1\n"})
    (out / name).symlink_to(out.parent / target)
    assert changes(out, FILES) == changed(foreign=expected)


@pytest.mark.parametrize(
    ("blocked", "reason"),
    [
        pytest.param(
            "shared/shop", "'shared/shop' is a file where a directory has to be", id="file-where-a-directory-must-be"
        ),
        pytest.param("shared", "'shared' is a file where a directory has to be", id="file-at-the-top"),
        pytest.param(
            "shared/shop/virtualservice-a.yaml/x.txt",
            "'shared/shop/virtualservice-a.yaml' is a directory where a file has to be",
            id="directory-where-a-file-must-be",
        ),
    ],
)
def test_what_is_in_the_way_is_found_before_anything_is_written(tmp_path: Path, blocked: str, reason: str) -> None:
    out = tmp_path / "out"
    put(out, {"README.md": FILES["README.md"], blocked: "mine\n"})
    before = snapshot(tmp_path)
    with pytest.raises(UnusableOutput) as caught:
        bring(out, FILES)
    assert (str(caught.value), snapshot(tmp_path)) == (reason, before)


def test_a_link_at_the_name_of_a_temporary_is_removed_and_never_followed(out: Path) -> None:
    target = out.parent / "target"
    target.write_text("mine\n")
    name = "virtualservice-a.yaml"
    temporary = f".sandlane-{os.getpid()}-{hashlib.sha256(name.encode()).hexdigest()[:16]}.tmp"
    (out / "shared" / "shop" / temporary).symlink_to(target)
    bring(out, {**FILES, f"shared/shop/{name}": f"{MARK}\na: 2\n"})
    assert target.read_text() == "mine\n"
    assert texts(out) == {**FILES, f"shared/shop/{name}": f"{MARK}\na: 2\n"}


def test_a_link_that_comes_while_files_are_compared_is_never_followed(out: Path) -> None:
    wanted = {**FILES, "shared/shop/virtualservice-a.yaml": f"{MARK}\na: 2\n"}
    found = changes(out, wanted)
    shutil.move(out / "shared" / "shop", out.parent / "elsewhere")
    (out / "shared" / "shop").symlink_to(out.parent / "elsewhere")
    before = snapshot(out.parent / "elsewhere")
    with pytest.raises(NotADirectoryError):
        apply(out, wanted, found)
    assert snapshot(out.parent / "elsewhere") == before


def of(environment: str, text: str = "a: 1") -> dict[str, str]:
    """Returns an output that names its environment."""
    return {"README.md": f"{MARK}\n\nEnvironment: {environment}\n", "shared/x.yaml": f"{MARK}\n{text}\n"}


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        pytest.param("out", "is the output of environment 'b.yaml'", id="the-same-directory"),
        pytest.param("out/x/y", "holds 'x/y', the output of environment 'b.yaml'", id="inside"),
        pytest.param("", "lies in 'top', the output of environment 'b.yaml'", id="around"),
    ],
)
def test_the_output_of_another_environment_is_never_touched(tmp_path: Path, other: str, reason: str) -> None:
    top = tmp_path / "top"
    put(top / other, of("b.yaml"))
    before = snapshot(top)
    for wanted in (of("a.yaml"), of("a.yaml", "a: 2")):
        with pytest.raises(OfAnotherEnvironment) as caught:
            changes(top / "out", wanted)
        assert (str(caught.value), snapshot(top)) == (reason, before)


@pytest.mark.parametrize("readme", [None, f"{MARK}\n\nold text\n", of("a.yaml")["README.md"]])
def test_an_output_that_names_no_other_environment_is_brought_up_to_date(tmp_path: Path, readme: str | None) -> None:
    put(tmp_path / "out", {**of("a.yaml"), **({"README.md": readme} if readme else {})})
    bring(tmp_path / "out", of("a.yaml", "a: 2"))
    assert texts(tmp_path / "out") == of("a.yaml", "a: 2")


def test_an_environment_seen_from_another_root_is_the_same(tmp_path: Path) -> None:
    """`--root` changes how its file is named; a name that could mean another file still means another environment."""
    put(
        tmp_path,
        {"shop/sandlane.yaml": "x", **{f"shop/out/{path}": text for path, text in of("shop/sandlane.yaml").items()}},
    )
    bring(tmp_path / "shop" / "out", of("sandlane.yaml"))
    assert texts(tmp_path / "shop" / "out") == of("sandlane.yaml")
    put(tmp_path, {"sandlane.yaml": "y"})
    with pytest.raises(OfAnotherEnvironment, match=r"is the output of environment 'sandlane\.yaml'"):
        changes(tmp_path / "shop" / "out", of("shop/sandlane.yaml"))


HOLDER = """
import sys
from pathlib import Path
from sandlane.output.write import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.readline()
    Path(sys.argv[1], "..", "log").open("a").write("first\\n")
print("left", flush=True)
"""
WAITER = """
import sys
from pathlib import Path
from sandlane.output.write import locked
print("waits", flush=True)
with locked(Path(sys.argv[1])):
    Path(sys.argv[1], "..", "log").open("a").write("second\\n")
"""


@pytest.fixture
def holder(out: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that holds the lock of the output until it reads a line."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(out)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    with process:
        yield process


def test_a_second_run_waits(out: Path, holder: subprocess.Popen[str]) -> None:
    with subprocess.Popen([sys.executable, "-c", WAITER, str(out)], stdout=subprocess.PIPE, text=True) as waiter:
        assert waiter.stdout is not None
        assert waiter.stdout.readline() == "waits\n"
        with pytest.raises(subprocess.TimeoutExpired):
            waiter.wait(0.2)
        holder.communicate("go\n")
        assert waiter.wait(10) == 0
    assert (out.parent / "log").read_text() == "first\nsecond\n"


def test_the_lock_ends_with_a_killed_process(out: Path, holder: subprocess.Popen[str]) -> None:
    holder.kill()
    holder.wait(10)
    assert bring(out, FILES) == changed()


def test_the_lock_ends_with_an_error(out: Path) -> None:
    def fail() -> None:
        with locked(out):
            raise KeyError

    for _ in range(2):
        with pytest.raises(KeyError):
            fail()
    assert bring(out, FILES) == changed()
