"""The environment's policy: what every sandbox must say and how many one owner may have; images that specs may name."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator

from sandlane.problems.problem import Problem, mention
from sandlane.specs.inputs import Inputs
from sandlane.specs.model import Policy, RouteGroup, Sandbox

_EXAMPLES = {"owner": "owner: dana", "expires": "expires: 2026-12-01"}


def is_allowed_image(policy: Policy, image: str) -> bool:
    """Tells whether a spec may name an image; `*` in a pattern stands for any text."""
    return any(fnmatch.fnmatchcase(image, pattern) for pattern in policy.images)


def violations(inputs: Inputs) -> Iterator[Problem]:
    """Yields specs that lack a required field, and sandboxes beyond the number that one owner may have."""
    policy = inputs.environment.policy
    records: tuple[Sandbox | RouteGroup, ...] = (*inputs.sandboxes, *inputs.groups)
    for record in records:
        for field in policy.require:
            if not getattr(record, field):
                rule = mention(inputs.environment.source, ("spec", "policy", "require"))
                yield record.problem("SL242", "spec", field=field, rule=rule, example=_EXAMPLES[field])
    owned: dict[str, list[str]] = {}
    for sandbox in inputs.sandboxes:
        if policy.max_per_owner is None or sandbox.suspend or not sandbox.owner:
            continue
        others = owned.setdefault(sandbox.owner, [])
        others.append(sandbox.name)
        if len(others) > policy.max_per_owner:
            rule = mention(inputs.environment.source, ("spec", "policy", "maxPerOwner"))
            listed = ", ".join(repr(name) for name in others[:-1])
            values = {"number": len(others), "others": listed, "limit": policy.max_per_owner, "rule": rule}
            yield sandbox.problem("SL243", "spec", "owner", owner=sandbox.owner, **values)
