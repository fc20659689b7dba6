"""The environment file that `sandlane init` writes: what was found, and in comments what else can be said there."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

from sandlane.frozen import frozen
from sandlane.k8s.resource import ResourceId
from sandlane.meshes.adoption import Proposal
from sandlane.reports.setup.findings import Guess
from sandlane.yamlio.write import is_plain

SANDBOXES = "sandboxes"

_PLAIN = re.compile(r"[A-Za-z0-9_./][-A-Za-z0-9_./]*")


@frozen(kw_only=True)
class SetUp:
    """What an environment is to say."""

    name: str
    base: tuple[str, ...]
    mesh: Guess
    namespace: Guess
    adopt: tuple[Proposal, ...] = ()
    gateways: tuple[ResourceId, ...] = ()
    registries: tuple[str, ...] = ()
    made_by: str = ""
    flux_source: str = ""


def environment_text(set_up: SetUp) -> str:
    """Returns the text of `sandlane.yaml`."""
    return "\n".join(_lines(set_up)) + "\n"


def _lines(set_up: SetUp) -> Iterator[str]:
    yield "# The shared environment. 'sandlane explain environment.spec' tells every field, 'sandlane check' whether all is well."
    yield "# +argocd:skip-file-rendering"
    yield "# yaml-language-server: $schema=https://sandlane.dev/schemas/environment.json"
    yield "apiVersion: sandlane.dev/v1alpha1"
    yield "kind: Environment"
    yield "metadata:"
    yield f"  name: {quoted(set_up.name)}"
    yield '  annotations: {config.kubernetes.io/local-config: "true"}  # for tools, not for the cluster'
    yield "spec:"
    yield "  # What everybody shares: files of manifests, directories of them, or directories of kustomizations."
    if set_up.made_by:
        yield f"  # Made by: {set_up.made_by}"
    yield f"  base: [{', '.join(quoted(entry) for entry in set_up.base)}]"
    yield f"  # Where objects and workloads that name no namespace are. {_said(set_up.namespace)}"
    yield f"  defaultNamespace: {quoted(set_up.namespace.value)}"
    yield f"  # istio, istio-ambient, linkerd, or gateway-api for any other mesh. {_said(set_up.mesh)}"
    yield f"  mesh: {set_up.mesh.value}"
    yield "  # A request belongs to a sandbox by this header, or by this member of W3C baggage."
    yield "  carriers: [{header: tenantID}, {baggage: tenantID}]"
    yield "  # Where the specs of sandboxes lie; 'sandlane set' writes them."
    yield f"  sandboxes: [{SANDBOXES}]"
    yield from _routes(set_up)
    yield from _more(set_up)


def _said(guess: Guess) -> str:
    return f"{'Found' if guess.is_certain else 'Guessed'}: {guess.why}."


def _routes(set_up: SetUp) -> Iterator[str]:
    if set_up.adopt:
        yield "  routes:"
        yield "    # Base route objects that tenants' rules are written into: the output holds them from now on, and whoever applied"
        yield "    # them lets go of them. 'sandlane adopt' tells in which steps."
        yield "    adopt:"
        for proposal in set_up.adopt:
            yield f"    - {_named(proposal.resource.id, set_up.namespace.value)}  # {proposal.why}"
    istio = [id for id in set_up.gateways if id.group == "networking.istio.io"]
    if istio and set_up.mesh.value in ("istio", "istio-ambient"):
        yield (
            "    # At these gateways carriers can be removed from what comes from outside:"
            if set_up.adopt
            else ("  # At these gateways carriers can be removed from what comes from outside:")
        )
        names = ", ".join(quoted(f"{id.namespace}/{id.name}") for id in istio)
        yield f"    # strip: [{names}]" if set_up.adopt else f"  # routes: {{strip: [{names}]}}"


def _named(id: ResourceId, namespace: str) -> str:
    home = "" if id.namespace == namespace else f", namespace: {quoted(id.namespace)}"
    return f"{{kind: {id.kind}, name: {quoted(id.name)}{home}}}"


def _more(set_up: SetUp) -> Iterator[str]:
    # Istio serves previews at its own Gateways, and any mesh at those of the Gateway API.
    groups = ("networking.istio.io",) if set_up.mesh.value in ("istio", "istio-ambient") else ()
    served = [id for group in (*groups, "gateway.networking.k8s.io") for id in set_up.gateways if id.group == group]
    if served:
        yield "  # A host for each sandbox at a gateway, where a browser needs no header:"
        gateway = f"{served[0].namespace}/{served[0].name}"
        yield f'  # preview: {{host: "{{tenantID}}.preview.example.com", gateway: {gateway}}}'
    yield "  # What specs may ask for:"
    yield "  # policy:"
    yield f"  #   images: {_patterns(set_up.registries)}"
    yield "  #   require: [owner, expires]"
    yield "  #   maxPerOwner: 3"
    yield "  # Where 'sandlane render' writes, beside this file; Argo CD or Flux applies it."
    flux = f", flux: {{sourceRef: {{name: {quoted(set_up.flux_source)}}}}}" if set_up.flux_source else ""
    yield f"  output: {{path: rendered{flux}}}"


def _patterns(registries: Sequence[str]) -> str:
    return json.dumps(list(registries) or ["registry.example/*"])


def quoted(text: str) -> str:
    """Returns a text as a scalar of a flow collection."""
    return text if _PLAIN.fullmatch(text) and is_plain(text) else json.dumps(text, ensure_ascii=False)
