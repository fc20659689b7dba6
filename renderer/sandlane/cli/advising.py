"""What `init` tells at its end: what it found, and what to do next."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from sandlane.cli.gitops import repository
from sandlane.cli.terminal import amount, words
from sandlane.files.tree import relative
from sandlane.reports import listing
from sandlane.reports.setup.environment_file import SetUp
from sandlane.reports.setup.findings import built_elsewhere
from sandlane.reports.targets import Unresolved, find_target
from sandlane.specs.inputs import Inputs


def tell_setup(set_up: SetUp, inputs: Inputs, directory: str, wanted: Sequence[str]) -> None:
    """Writes what an environment in a directory was set up with, and what to do next."""
    rows = listing.workloads(inputs)
    clonable = [row for row in rows if row["clonable"]]
    routable = [
        row
        for row in clonable
        if any(not (p["unroutable"] or p["lost"]) for sv in row["services"] for p in sv["ports"])
    ]
    words(f"base     {' '.join(set_up.base)}: {amount(len(inputs.base.resources), 'object')}")
    words(
        f"clones   {amount(len(clonable), 'workload')} can be cloned; requests to {len(routable)} of them can be routed"
    )
    for title, guess in (("mesh", set_up.mesh), ("in", set_up.namespace)):
        words(f"{title:8} {guess.value} ({'found' if guess.is_certain else 'a guess'}: {guess.why})")
    for proposal in set_up.adopt:
        file = relative(proposal.resource.source.file, directory)
        words(f"adopts   {proposal.resource.id} of {file}, which {proposal.why}")
    for id in set_up.gateways:
        words(f"gateway  {id}")
    words("next:")
    elsewhere = None if rows else built_elsewhere(inputs.base)
    if elsewhere:
        words(
            f"  … | sandlane init -           # elsewhere, with what '{elsewhere}' stands for: the base has no workloads itself"
        )
    if routable and not inputs.sandboxes:
        first = _first(inputs, [row["workload"] for row in routable])
        words(
            f"  sandlane set dev1 {first}=IMAGE   # a first sandbox; 'sandlane list workloads' says what else can be cloned"
        )
    if set_up.adopt:
        words("  sandlane adopt                # how the output takes the adopted objects over, before it is applied")
    words("  sandlane check                # what CI runs")
    for name in wanted:
        if name in _BY_HAND and (name != "argocd" or repository() is None):
            words(f"  {_BY_HAND[name]}")


_BY_HAND = {
    "merge-driver": "git config merge.sandlane.driver 'sandlane merge-driver %O %A %B %P'   # in each clone; without it git merges text",
    "pre-commit": "pre-commit install            # in each clone; without it nothing is rendered before a commit",
    "argocd": "put the repository's address in the place of REPOSITORY in gitops/argocd.yaml: there is no git remote 'origin'",
}
"""What is left to do for an integration."""


def _first(inputs: Inputs, workloads: Sequence[str]) -> str:
    """Returns what `set` takes for a workload: one of a single app container where there is any, first in the default namespace."""
    split = sorted((id.split("/") for id in workloads), key=lambda id: id[1] != inputs.environment.default_namespace)
    names = [name if kind == "Deployment" else f"{kind}/{name}" for kind, _, name in split]
    for name in names:
        with suppress(Unresolved):
            find_target(inputs.base, inputs.environment, name)
            return name
    return f"CONTAINER@{names[0]}"
