"""SL5xx: the output directory."""

from __future__ import annotations

from sandlane.problems.row import Row

ROWS: dict[str, Row] = {
    "SL501": Row(
        text="'{file}' is a manifest that sandlane did not write",
        hint="move it out of the output directory: Argo CD and Flux would apply it as part of the sandboxes",
        why="Only files that begin with the generated mark are ever overwritten or deleted.",
        bad="rendered/extra.yaml written by hand\n",
        good="rendered/ with generated files only\n",
    ),
    "SL502": Row(
        text="the output directory '{file}' cannot be used: {reason}",
        why="The output is written below one directory, and nowhere else.",
        bad="output: {path: ../elsewhere}\n",
        good="output: {path: rendered}\n",
    ),
    "SL503": Row(
        text="two objects would be written to '{file}': '{one}' and '{two}'",
        hint="rename one: their names are generated, or differ in upper and lower case only",
        why="Some file systems do not tell such names apart.",
        bad="Config and config, both of kind ConfigMap\n",
        good="config and config-extra\n",
    ),
    "SL504": Row(
        text="the output directory '{file}' {what} environment '{other}'",
        hint="give each environment a directory of its own in 'spec.output.path'; if the environment was moved, remove the README.md there",
        why="Files of another environment's output begin with the same mark, and would be deleted as if they were stale.",
        bad="two environments with output: {path: rendered} in one directory\n",
        good="output: {path: rendered/staging} and output: {path: rendered/testing}\n",
    ),
    "SL510": Row(
        text="{count} of the output '{file}' {are} not what 'sandlane render' writes, {first} to begin with",
        hint="run: sandlane render {environment}",
        why="The output is what Argo CD or Flux applies: one that is stale or edited is not what the specs say.",
        bad="git commit sandboxes/dev1.yaml\n",
        good="sandlane render && git add sandboxes rendered && git commit\n",
    ),
    "SL512": Row(
        text="'{file}' is no page that sandlane wrote",
        hint="choose another directory, or move it away",
        why="A report replaces its own page only, which says by whom it was made.",
        bad="sandlane report -o site, where site/index.html is the team's home page\n",
        good="sandlane report -o site/sandboxes\n",
    ),
    "SL513": Row(
        text="the page '{file}' cannot be written: {reason}",
        why="The page is one file, and it is replaced as a whole or not at all.",
        bad="sandlane report -o /proc\n",
        good="sandlane report -o site\n",
    ),
    "SL514": Row(
        text="'{name}' has expired: its last day was {day}",
        hint="run 'sandlane prune {environment} --as-of {today}', or give it a later day",
        why="What has expired goes on running until somebody takes its spec away.",
        bad="spec: {expires: 2026-12-01}  # and 'sandlane check --as-of 2026-12-02'\n",
        good="sandlane prune --as-of 2026-12-02 && git commit\n",
    ),
    "SL515": Row(
        level="notice",
        text="route group '{group}' goes on and joins '{name}', whose last day was {day}: 'sandlane prune' leaves that sandbox as it is",
        hint="take it out of 'sandboxes', give the sandbox a later day, or remove both: sandlane delete {group} {name}",
        why="A group without one of its sandboxes would route less than its author meant, so that is for a person to decide.",
        bad="sandboxes: [dev1]  # dev1 has expired, and the group has not\n",
        good="selector: {matchLabels: {team: shop}}  # joins the sandboxes that there are\n",
    ),
}
"""Code -> row."""
