"""A difference as one HTML page, without scripts and without anything from elsewhere."""

from __future__ import annotations

from sandlane.problems.problem import seen
from sandlane.reports.diff.compare import Difference
from sandlane.reports.diff.groups import grouped
from sandlane.reports.diff.text import lines_of
from sandlane.reports.diff.words import (
    SAID,
    about,
    base_line,
    counts,
    gathered,
    members,
    names,
    notice,
    pair,
    reached,
    sentence,
    setting,
)


def page(difference: Difference, environment: str, against: str) -> str:
    """Returns the page."""
    from jinja2 import Environment, PackageLoader

    loader = PackageLoader("sandlane.reports.diff", "")
    template = Environment(autoescape=True, finalize=seen, keep_trailing_newline=True, loader=loader).get_template(
        "page.html.j2"
    )
    return template.render(
        environment=environment,
        against=against,
        base_line=sentence(base_line(difference)),
        counts=sentence(counts(difference)),
        sandboxes=gathered(difference.sandboxes),
        names=names,
        notices=(
            ("New notices", [notice(problem) for problem in difference.new_notices]),
            ("Notices that went", [[f"{problem.code}: {problem.text}"] for problem in difference.gone_notices]),
        ),
        parts=(("Base", grouped(difference.base or ())), ("Objects", grouped(difference.objects))),
        tenants=difference.tenants,
        settings=[(setting(each), each.warning) for each in difference.settings],
        said=SAID,
        about=about,
        reached=reached,
        pair=pair,
        members=members,
        lines_of=lines_of,
    )
