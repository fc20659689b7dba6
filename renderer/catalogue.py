"""The catalogue of problem codes: one row a code, read by the stages, by `sandlane explain` and by the docs.

Codes are an interface and are never reused. SL1xx reading · SL2xx sandbox specs and the environment · SL3xx cloning ·
SL4xx routing · SL5xx the output directory · SL6xx proof.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from renderer.problems import Level, Path, Problem, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A problem code: its text with `{placeholders}`, why it is a problem, the way out, and examples of both sides."""

    level: Literal["error", "notice"] = "error"
    acceptable: bool = False
    text: str
    hint: str = ""
    why: str
    bad: str
    good: str


def report(
    code: str,
    *,
    source: Source | None = None,
    path: Path = (),
    at_key: bool = False,
    position: tuple[int, int] | None = None,
    sandbox: Source | None = None,
    object: str = "",
    hint: str | None = None,
    level: Level | None = None,
    **values: object,
) -> Problem:
    """Makes a problem of a catalogue row. `object` and `values` fill its text and hint; `hint` replaces the row's own."""
    row = CATALOGUE[code]
    return Problem(
        code=code,
        level=level or row.level,
        text=row.text.format(object=object, **values),
        hint=row.hint.format(object=object, **values) if hint is None else hint,
        source=source,
        path=path,
        at_key=at_key,
        position=position,
        sandbox=sandbox,
        object=object,
    )


CATALOGUE: dict[str, Row] = {
    "SL101": Row(
        text="not valid YAML: {reason}",
        why="The file cannot be read by Kubernetes' own tools either.",
        bad="spec:\n  image: a: b\n",
        good='spec:\n  image: "a: b"\n',
    ),
    "SL102": Row(
        text="key {key!r} stands twice in one mapping, first on line {first}",
        hint="keep one of the two: some tools take the last, others refuse the file",
        why="kubectl silently takes the last one and kustomize refuses the file, so the same text means two things.",
        bad="data:\n  A: one\n  A: two\n",
        good="data:\n  A: two\n",
    ),
    "SL103": Row(
        text="plain value {value!r} is ambiguous: {readings}",
        hint="quote it, or write the value that is meant",
        why="kubectl and Argo CD read YAML with other rules than kustomize and Flux; where the two differ a plain value has "
        "no one meaning.",
        bad="env:\n- {name: ENABLED, value: yes}\n",
        good='env:\n- {name: ENABLED, value: "yes"}\n',
    ),
    "SL104": Row(
        text="aliases expand to more than {limit} values",
        hint="write the values out, or split the file",
        why="A small file whose aliases multiply would take memory and time without bound.",
        bad="a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]  # and so on\n",
        good="a: [x, x]\n",
    ),
    "SL105": Row(
        text="{what}",
        hint="give each anchor a name of its own and let no value contain itself",
        why="Readers disagree about an anchor that is defined twice, and a value that contains itself has no end.",
        bad="a: &x 1\nb: &x 2\nc: *x\n",
        good="a: &x 1\nb: &y 2\nc: *x\n",
    ),
    "SL106": Row(
        text="tag {tag!r} is not one that Kubernetes manifests may use",
        hint="remove the tag and quote the value if it is a string",
        why="Only the types of JSON exist for Kubernetes; other tags are ignored by some readers and refused by others.",
        bad="data: !!python/object:os.system x\n",
        good="data: x\n",
    ),
    "SL107": Row(
        text="not UTF-8 text: {reason}",
        hint="save the file as UTF-8",
        why="Some readers replace such bytes in silence, so the data would change.",
        bad="name: caf\\xe9 (Latin-1)\n",
        good="name: café (UTF-8)\n",
    ),
    "SL108": Row(
        text="{what}",
        hint="separate documents with '---' and leave directives out",
        why="kubectl loses what stands behind a '...' that no '---' follows, and refuses '%' directives.",
        bad="a: 1\n...\nb: 2\n",
        good="a: 1\n---\nb: 2\n",
    ),
    "SL109": Row(
        text="{value!r} {what}",
        hint="quote it if a string is meant",
        why="Manifests are JSON in the end: it has no infinities, and numbers past 64 bits lose digits.",
        bad="limit: .inf\n",
        good='limit: "inf"\n',
    ),
    "SL110": Row(
        text="key {key} is not a string",
        hint="quote the key",
        why="Keys of manifests are strings; kubectl turns other keys into strings and kustomize refuses them.",
        bad="data:\n  8080: web\n",
        good='data:\n  "8080": web\n',
    ),
    "SL111": Row(
        text="nested deeper than {limit} levels",
        hint="no manifest needs that: check how the file was made",
        why="Such a file exhausts the reader's stack.",
        bad="a: [[[[[[…]]]]]]\n",
        good="a: [[x]]\n",
    ),
    "SL120": Row(
        text="{what} {file!r} does not exist",
        hint="",
        why="The environment names a file or directory that is not there.",
        bad="spec:\n  base: [bsae]\n",
        good="spec:\n  base: [base]\n",
    ),
    "SL121": Row(
        text="{file!r} lies outside of {root}, the root of what may be read",
        hint="keep inputs and output inside the repository, or give another root with --root DIR",
        why="Specs come from pull requests: nothing above the root of the repository may be read.",
        bad="spec:\n  base: [../../other-repository]\n",
        good="spec:\n  base: [../base]\n",
    ),
    "SL122": Row(
        text="{file!r} is a kustomization, which sandlane does not build yet",
        hint="build it and commit the result: kustomize build {file} > base.yaml",
        why="A directory with a kustomization is not the sum of its files.",
        bad="spec:\n  base: [overlays/staging]  # holds a kustomization.yaml\n",
        good="spec:\n  base: [staging.yaml]  # kustomize build overlays/staging > staging.yaml\n",
    ),
    "SL123": Row(
        text="no Kubernetes object: {what}",
        hint="a manifest needs apiVersion, kind and metadata.name; mark other files with a comment '# +argocd:skip-file-rendering'",
        why="Argo CD and Flux read every YAML and JSON file of a directory as manifests, and so does sandlane.",
        bad="replicaCount: 2\n",
        good="apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\n",
    ),
    "SL124": Row(
        text="'{object}' stands twice in the base, first in {first}",
        hint="remove one of the two",
        why="Only one of the two can exist in the cluster, and which one depends on the order of applying.",
        bad="apiVersion: v1\nkind: Service\nmetadata: {name: web}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: web}\n",
        good="apiVersion: v1\nkind: Service\nmetadata: {name: web}\n",
    ),
    "SL125": Row(
        text="{what} of '{object}' is not a string",
        hint="quote the value",
        why="The API server refuses labels and annotations that are not strings.",
        bad="metadata:\n  labels: {version: 2}\n",
        good='metadata:\n  labels: {version: "2"}\n',
    ),
    "SL126": Row(
        text="{what} {file!r} overlaps the output directory {output!r}",
        hint="choose another output.path, or name the input's directories one by one",
        why="Output that is read as input would be cloned again by the next run.",
        bad="spec:\n  base: [.]\n  output: {path: rendered}\n",
        good="spec:\n  base: [base]\n  output: {path: rendered}\n",
    ),
    "SL127": Row(
        level="notice",
        text="directory {file!r} does not exist, so there are no sandboxes in it",
        hint="",
        why="Git keeps no empty directories, so a missing one means that there are no sandboxes — or a spelling mistake.",
        bad="spec:\n  sandboxes: [sandbxes]\n",
        good="spec:\n  sandboxes: [sandboxes]\n",
    ),
    "SL128": Row(
        text="cannot be read: {reason}",
        why="The file or directory is there, but the system does not let sandlane read it.",
        bad="base/secret.yaml without read permission\n",
        good="base/app.yaml\n",
    ),
    "SL129": Row(
        text="field '{field}' of '{object}' is {found}, expected {expected}",
        why="The API server refuses the object, and sandlane cannot tell what is meant.",
        bad="apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {selector: web}\n",
        good="apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {selector: {app: web}}\n",
    ),
    "SL130": Row(
        text="'{name}' cannot be a header carrier",
        hint="choose a header of your own, such as tenantID, or a baggage member: {{baggage: tenantID}}",
        why="Istio ignores header conditions of that name, or the header has other members.",
        bad="carriers: [{header: baggage}]\n",
        good="carriers: [{header: tenantID}, {baggage: tenantID}]\n",
    ),
    "SL201": Row(
        text="{what}{where}",
        why="The field does not have the form that the schema gives it.",
        bad="spec:\n  tenantID: Dev_1\n",
        good="spec:\n  tenantID: dev1\n",
    ),
    "SL202": Row(
        text="unknown field '{field}'{where}",
        why="A misspelt field would be ignored, and the sandbox would not be what its author meant.",
        bad="spec:\n  tenantId: dev1\n",
        good="spec:\n  tenantID: dev1\n",
    ),
    "SL203": Row(
        text="field '{field}' is missing{where}",
        why="The field has no default.",
        bad="spec:\n  workloads:\n  - image: registry.example/checkout:2\n",
        good="spec:\n  workloads:\n  - name: checkout\n    image: registry.example/checkout:2\n",
    ),
    "SL204": Row(
        text="expected {expected}, found {found}",
        hint="each document here has apiVersion: sandlane.dev/v1alpha1 and one of these kinds",
        why="Directories of sandboxes hold sandlane's own kinds only.",
        bad="apiVersion: v1\nkind: ConfigMap\n",
        good="apiVersion: sandlane.dev/v1alpha1\nkind: DevelopmentSandbox\n",
    ),
    "SL205": Row(
        text="tenantID '{tenant}' is taken by {other}",
        hint="give each sandbox and each route group a tenantID of its own",
        why="A request with this tenantID could mean either.",
        bad="spec: {tenantID: dev1}  # in two files\n",
        good="spec: {tenantID: dev2}\n",
    ),
    "SL206": Row(
        text="name '{name}' is taken by {other}",
        hint="give each sandbox and each route group a name of its own",
        why="The name is the directory of the output.",
        bad="metadata: {name: dev1}  # in two files\n",
        good="metadata: {name: dev2}\n",
    ),
    "SL207": Row(
        text="'{what}' stands twice in '{where}'",
        hint="merge the two entries",
        why="Only one of the two could win.",
        bad="workloads:\n- {name: checkout}\n- {name: checkout}\n",
        good="workloads:\n- {name: checkout}\n",
    ),
    "SL210": Row(
        text="workload '{workload}' is not in the base",
        why="A sandbox clones workloads of the base; this one does not exist there.",
        bad="workloads:\n- {name: chekout}\n",
        good="workloads:\n- {name: checkout}\n",
    ),
    "SL211": Row(
        text="container '{container}' is not in '{workload}'",
        why="The change names a container that the workload does not have.",
        bad="containers:\n- {name: sever, image: registry.example/checkout:2}\n",
        good="containers:\n- {name: server, image: registry.example/checkout:2}\n",
    ),
    "SL212": Row(
        text="'{workload}' is a {kind}, which cannot be cloned",
        hint="kinds that can: {kinds}",
        why="Only kinds whose pods a Service can reach, and whose copies do not disturb the base, are cloned.",
        bad="workloads:\n- {kind: DaemonSet, name: node-agent}\n",
        good="workloads:\n- {kind: Deployment, name: checkout}\n",
    ),
    "SL213": Row(
        text="'{workload}' has several app containers ({containers}), so 'image' could mean any of them",
        hint="name it: containers: [{{name: {first}, image: {image}}}]",
        why="sandlane never guesses which container is meant.",
        bad="workloads:\n- {name: checkout, image: registry.example/checkout:2}\n",
        good="workloads:\n- name: checkout\n  containers:\n  - {name: server, image: registry.example/checkout:2}\n",
    ),
    "SL214": Row(
        text="environment variable '{variable}' of {where} is one that sandlane sets itself",
        hint="rename it: SANDLANE_TENANT_ID, SANDLANE_SANDBOX and SANDLANE_ORIGIN tell a clone which tenant it serves",
        why="The clone would get the variable twice.",
        bad="env:\n- {name: SANDLANE_TENANT_ID, value: me}\n",
        good="env:\n- {name: TENANT, value: $(SANDLANE_TENANT_ID)}\n",
    ),
    "SL215": Row(
        text="environment variable '{variable}' is not in container '{container}', so it cannot be removed",
        why="A removal that removes nothing is a spelling mistake, or the variable comes from 'envFrom'.",
        bad="env:\n- {name: LOGLEVEL, remove: true}\n",
        good="env:\n- {name: LOG_LEVEL, remove: true}\n",
    ),
    "SL216": Row(
        text="route group '{group}' joins sandbox '{member}', which does not exist",
        why="The group would route less than its author meant.",
        bad="spec: {sandboxes: [dve1]}\n",
        good="spec: {sandboxes: [dev1]}\n",
    ),
    "SL217": Row(
        text="route group '{group}' joins '{one}' and '{two}', which both clone what '{service}' selects",
        hint="a request can reach only one of them: take one of the two out of the group",
        why="One tenantID can lead to one clone of a Service only.",
        bad="spec: {sandboxes: [dev1, dev2]}  # both clone checkout\n",
        good="spec: {sandboxes: [dev1, dev3]}\n",
    ),
    "SL218": Row(
        level="notice",
        text="nothing to accept: '{accepted}' does not occur for '{object}'",
        hint="remove the entry from 'accept'",
        why="What is accepted should be what is there, so that a later problem is not accepted by accident.",
        bad="accept: [{code: SL310, object: Deployment/shop/mailer, reason: old}]  # mailer has a Service now\n",
        good="accept: []\n",
    ),
    "SL219": Row(
        text="'{accepted}' cannot be accepted",
        hint="codes that can: {codes}",
        why="Only problems that a person can judge to be harmless can be accepted.",
        bad="accept: [{code: SL210, object: Deployment/shop/x, reason: please}]\n",
        good="accept: [{code: SL310, object: Deployment/shop/mailer, reason: reads a queue of its own}]\n",
    ),
    "SL220": Row(
        text="'{object}' in 'spec.routes.adopt' is not in the base",
        why="The output can only take over what the base has.",
        bad="routes:\n  adopt: [{kind: VirtualService, name: chekout}]\n",
        good="routes:\n  adopt: [{kind: VirtualService, name: checkout}]\n",
    ),
    "SL301": Row(
        text="'{object}' of the base carries the tenant label '{label}'",
        hint="choose another 'spec.tenantLabel' in the environment",
        why="'kubectl get all -l tenantID=dev1' has to answer with a tenant's objects alone.",
        bad="metadata: {name: web, labels: {tenantID: dev1}}\n",
        good="metadata: {name: web, labels: {team: dev1}}\n",
    ),
    "SL302": Row(
        text="'{object}' would be written for '{one}' and for '{two}'",
        hint="change one of the two tenantIDs: names are <origin>-<tenantID>",
        why="Two objects of one kind and namespace cannot share a name.",
        bad="tenants 'c' and 'b-c' that clone 'a-b' and 'a'\n",
        good="tenants 'c' and 'd' that clone 'a-b' and 'a'\n",
    ),
    "SL303": Row(
        text="the clone's pods cannot leave the selector of '{object}'",
        hint="give the selector an equality that sandlane can rewrite, such as app.kubernetes.io/name",
        why="A Service or workload that selects by 'Exists', or everything, would catch the clone's pods too.",
        bad="selector: {matchExpressions: [{key: app, operator: Exists}]}\n",
        good="selector: {matchLabels: {app: checkout}}\n",
    ),
    "SL304": Row(
        level="notice",
        text="the clone's pods count for '{object}', whose selector they cannot leave",
        why="The budget covers every pod of the namespace or every pod with the label, so the clone changes it.",
        bad="kind: PodDisruptionBudget with selector: {}\n",
        good="selector: {matchLabels: {app: checkout}}\n",
    ),
    "SL305": Row(
        level="notice",
        text="'{object}' starts with empty volumes: {claims}",
        hint="the clone has volume claims of its own; fill them, or let the clone use the base's store by an environment variable",
        why="Sharing a volume would let two writers at one data set.",
        bad="a StatefulSet with volumeClaimTemplates\n",
        good="a Deployment without volumes\n",
    ),
    "SL306": Row(
        text="'{object}' was {how}, so it cannot be cloned",
        hint="{way}",
        why="A copy would run as a hook, or be given a name by the API server that no route could use.",
        bad="metadata: {generateName: job-}\n",
        good="metadata: {name: checkout}\n",
    ),
    "SL307": Row(
        text="'{object}' has no containers, or its pods do not match its own selector",
        hint="the API server refuses such a workload: correct the base",
        why="A base object that cannot exist cannot be cloned.",
        bad="spec: {selector: {matchLabels: {app: a}}, template: {metadata: {labels: {app: b}}}}\n",
        good="spec: {selector: {matchLabels: {app: a}}, template: {metadata: {labels: {app: a}}}}\n",
    ),
    "SL310": Row(
        acceptable=True,
        text="no Service selects '{object}' and none of its environment changes, so its clone takes work from the base's own queue or schedule",
        hint="give the clone a queue of its own through 'env', or accept the problem",
        why="A consumer cannot be reached by routes: its clone competes with the origin for messages.",
        bad="workloads:\n- {name: mailer, image: registry.example/mailer:2}\n",
        good="workloads:\n- name: mailer\n  containers:\n  - name: mailer\n    env: [{name: QUEUE, value: orders-$(SANDLANE_TENANT_ID)}]\n",
    ),
    "SL311": Row(
        acceptable=True,
        text="'{object}' mounts the claim '{claim}', which {why_not}",
        hint="accept the problem if both pods may write to it; the clone may stay Pending",
        why="With a second writer data can be lost, and the clone may never start.",
        bad="volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]  # ReadWriteOnce\n",
        good="volumes: [{name: data, emptyDir: {}}]\n",
    ),
    "SL312": Row(
        acceptable=True,
        text="init container '{container}' of '{object}' looks like a migration and would run again for the clone",
        hint="accept the problem if it may run against the shared database",
        why="A migration of a branch changes the database of everybody.",
        bad="initContainers: [{name: migrate, image: registry.example/checkout:2}]\n",
        good="initContainers: [{name: wait-for-db, image: busybox:1.36}]\n",
    ),
    "SL320": Row(
        acceptable=True,
        text="'{object}' applies to '{origin}' and not to its clone",
        hint="accept the problem if the clone may run without it",
        why="A clone has to be as protected, and as free, as its origin.",
        bad="a NetworkPolicy that selects app: checkout\n",
        good="a NetworkPolicy that selects every pod of the namespace\n",
    ),
    "SL321": Row(
        acceptable=True,
        text="'{object}' lets '{origin}' in or through by its labels, and not its clone",
        hint="accept the problem if the clone needs no such connection",
        why="The clone could not reach what its origin reaches.",
        bad="ingress: [{from: [{podSelector: {matchLabels: {app: checkout}}}]}]\n",
        good="ingress: [{from: [{namespaceSelector: {}}]}]\n",
    ),
    "SL401": Row(
        text="cloning '{service}' changes '{object}' ({place}), which the output does not own",
        hint="add '- {entry}' to 'spec.routes.adopt' in {environment}",
        why="Two writers of one route object undo each other's changes; which objects the output owns is decided once, in the environment.",
        bad="routes: {adopt: []}\n",
        good="routes:\n  adopt:\n  - {kind: VirtualService, name: checkout}\n",
    ),
    "SL402": Row(
        text="'{object}' {what}, which sandlane does not route yet",
        hint="{way}",
        why="A rule written without regard to it would change what requests without a tenantID get.",
        bad="http:\n- delegate: {name: checkout-routes}\n",
        good="http:\n- route: [{destination: {host: checkout}}]\n",
    ),
    "SL403": Row(
        text="baggage condition of '{object}' and the baggage carrier cannot stand in one match",
        hint="use a header carrier alone, or take the condition out of the base route",
        why="A VirtualService match holds one condition a header.",
        bad="match: [{headers: {baggage: {regex: '.*beta=1.*'}}}]\n",
        good="match: [{headers: {x-beta: {exact: '1'}}}]\n",
    ),
    "SL404": Row(
        text="'{object}' would be {size} bytes, more than the {limit} that the API server stores",
        hint="split the tenants: fewer sandboxes clone this Service, or fewer routes serve it",
        why="etcd refuses larger objects.",
        bad="3,000 sandboxes that clone one Service\n",
        good="1,000 sandboxes that clone one Service\n",
    ),
    "SL405": Row(
        text="regular expression {pattern!r} of '{object}' is not valid RE2: {reason}",
        hint="Istio refuses it as well: correct the base",
        why="sandlane has to know whether the condition covers a tenantID.",
        bad="headers: {tenantid: {regex: '(?=dev)'}}\n",
        good="headers: {tenantid: {regex: 'dev.*'}}\n",
    ),
    "SL410": Row(
        level="notice",
        text="port {port} of '{service}' is {protocol}: its connections cannot be routed by tenant, and stay with the base",
        why="Only HTTP requests carry headers.",
        bad="ports: [{name: tcp-redis, port: 6379}]\n",
        good="ports: [{name: http, port: 80}]\n",
    ),
    "SL411": Row(
        acceptable=True,
        text="no request can reach the clone of '{object}': {why_not}",
        hint="clone a workload that serves HTTP, or accept the problem and give other clones its address by 'env'",
        why="A sandbox that no request reaches would cost pods and change nothing.",
        bad="workloads: [{name: redis}]  # port 6379 is TCP\n",
        good="workloads: [{name: checkout}]\n",
    ),
    "SL412": Row(
        level="notice",
        text="'{object}' routes to other Services than '{service}': tenants that clone '{service}' are sent to their clone",
        why="The route's destinations are not cloned, yet its host is.",
        bad="hosts: [reviews], route to reviews-v1 while reviews-v2 is cloned\n",
        good="hosts: [reviews], route to reviews\n",
    ),
    "SL413": Row(
        level="notice",
        text="'{object}' hashes requests to '{service}', which has no VirtualService in the base: with one, Istio no longer avoids "
        "the previous host when it retries",
        why="Istio gives retries of a route that a VirtualService holds another policy than those of the default route.",
        bad="trafficPolicy: {loadBalancer: {consistentHash: {httpHeaderName: x-user}}}\n",
        good="a VirtualService for the Service in the base\n",
    ),
    "SL414": Row(
        level="notice",
        text="host '{host}' of '{object}' is no Service name: Istio takes a dotted name literally",
        hint="did you mean '{meant}'?",
        why="A short host is completed with the object's namespace only if it has no dot.",
        bad="host: reviews.prod\n",
        good="host: reviews.prod.svc.cluster.local\n",
    ),
    "SL415": Row(
        level="notice",
        text="'{object}' enters '{service}' past the mesh's routes: its requests stay with the base",
        hint="route through a Gateway of the mesh to choose tenants at the entry",
        why="An Ingress controller picks pods by itself unless it is part of the mesh.",
        bad="kind: Ingress with backend checkout\n",
        good="kind: VirtualService with gateways: [shop]\n",
    ),
    "SL416": Row(
        level="notice",
        text="'{object}' limits which hosts its workloads see: clients that do not see '{service}' are not routed",
        why="A Sidecar resource takes routes out of its workloads' proxies.",
        bad="kind: Sidecar with egress: [{hosts: [./*]}]\n",
        good="kind: Sidecar with egress: [{hosts: [shop/*]}]\n",
    ),
    "SL417": Row(
        level="notice",
        text="'{object}' has no proxy of the mesh ({why_not}): requests that it sends are not routed",
        why="Routing is done by the client's proxy.",
        bad='metadata: {labels: {sidecar.istio.io/inject: "false"}}\n',
        good='metadata: {labels: {sidecar.istio.io/inject: "true"}}\n',
    ),
    "SL418": Row(
        level="notice",
        text="two VirtualServices serve '{service}' in the mesh: '{one}' and '{two}'; Istio uses the older one",
        hint="merge the two in the base",
        why="Istio does not merge VirtualServices of one host in the mesh, and their age is not in the manifests.",
        bad="two VirtualServices with hosts: [checkout]\n",
        good="one VirtualService with hosts: [checkout]\n",
    ),
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
    "SL601": Row(
        text="promise 1 does not hold: {what}",
        why="Without a carrier every request has to get the base's outcome (obligation P1, erasure).",
        bad="a tenant's rule without its header condition\n",
        good="a tenant's rule directly before the base's rule, with the carrier in every match\n",
    ),
    "SL604": Row(
        text="promise 2 does not hold: {what}",
        why="Every destination of a tenant's rule has to exist and to lead to that tenant's pods (obligation P4, destinations).",
        bad="a route to a Service that is not written\n",
        good="a route to the clone's Service\n",
    ),
    "SL607": Row(
        text="promise 4 does not hold: {what}",
        why="No selector of the base may catch a clone's pods, and no clone's selector other pods (obligation P7, selection).",
        bad="a clone whose pods carry app: checkout while the Service selects it\n",
        good="a clone whose pods carry app: checkout-dev1\n",
    ),
}
"""Code -> row."""
