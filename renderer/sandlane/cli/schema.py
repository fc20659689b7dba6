"""`sandlane schema`: the contract of our own kinds."""

from __future__ import annotations

import json

import click

from sandlane.specs.crd import NAMES, custom_resource
from sandlane.specs.schema import KINDS, schema
from sandlane.yamlio.write import write


@click.command(
    "schema",
    help="Print the JSON Schema (draft-07) of a kind, or with --crd the CustomResourceDefinition of a kind or of all.",
)
@click.argument("kind", type=click.Choice(sorted(KINDS), case_sensitive=False), required=False)
@click.option("--crd", is_flag=True, help="Print CustomResourceDefinitions as YAML.")
def command(kind: str | None, crd: bool) -> None:
    """Prints a schema or CRDs."""
    if not crd:
        click.echo(json.dumps(schema(kind or "DevelopmentSandbox"), indent=2))
    elif kind is None:
        click.echo("---\n".join(write(custom_resource(each)) for each in NAMES), nl=False)
    elif kind in NAMES:
        click.echo(write(custom_resource(kind)), nl=False)
    else:
        raise click.UsageError(
            f"{kind} is a file and never an object of a cluster: kinds with a CRD are {', '.join(sorted(NAMES))}"
        )
