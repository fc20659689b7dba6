"""Where a tenant cloned one version of a workload, requests for another version reach that clone too: it is told."""

from __future__ import annotations

from sandlane.files.tree import MemoryTree
from sandlane.pipeline import render
from sandlane.specs.inputs import read_inputs
from tests.build import Object, deployment, destination_rule, files_of, sandbox, service, texts, to, virtual_service


def version(name: str) -> Object:
    return deployment(f"r-{name}", {"app": "r", "version": name})


def told(*cloned: str) -> list[str]:
    subsets = [{"name": name, "labels": {"version": name}} for name in ("v1", "v2", "gone")]
    base = [
        version("v1"),
        version("v2"),
        service("r"),
        destination_rule("r", "r", subsets=subsets),
        virtual_service(
            "r",
            {"match": [{"headers": {"end-user": {"exact": "jason"}}}], "route": [to("r", subset="v2")]},
            {"route": [to("r", subset="v1", weight=90), to("r", subset="gone", weight=10)]},
        ),
    ]
    routes = {"adopt": [{"kind": "VirtualService", "name": "r"}]}
    tree = MemoryTree(files_of(base, sandbox("dev1", *cloned), sandbox("dev2", *cloned), routes=routes))
    return [text for text in texts(render(read_inputs(tree, "sandlane.yaml")).notices) if "SL327" in text]


def test_a_subset_that_selects_no_cloned_workload_is_told() -> None:
    assert told("r-v1") == [
        "base.yaml: SL327 notice: requests of 'dev1', 'dev2' that 'VirtualService/shop/r' sends to subset 'v2' of 'Service/shop/r' reach "
        "the clone of 'Deployment/shop/r-v1': the subset selects 'Deployment/shop/r-v2', which is not cloned\n"
        "  hint: clone that one too, or leave it so where one version stands in for all"
    ]


def test_where_both_are_cloned_nothing_is_told() -> None:
    assert told("r-v1", "r-v2") == []


def test_where_an_entry_leads_to_the_clone_as_well_or_to_all_nothing_is_told() -> None:
    """The entry for jason sends to v2 alone; the others have no conditions, or send to the cloned version too."""
    assert told("r-v2") == []
