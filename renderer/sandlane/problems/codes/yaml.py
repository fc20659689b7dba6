"""SL1xx: reading (YAML, manifests, kustomizations, files)."""

from __future__ import annotations

from sandlane.problems.row import Row

ROWS: dict[str, Row] = {
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
        text="aliases expand to more than {limit:,} values ({each} for each character of the file, {most:,} at most)",
        hint="write the values out, or split a large file",
        why="Small files whose aliases multiply would take memory and time out of proportion to their size.",
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
        text="{what} '{file}' does not exist",
        hint="",
        why="The environment names a file or directory that is not there.",
        bad="spec:\n  base: [bsae]\n",
        good="spec:\n  base: [base]\n",
    ),
    "SL121": Row(
        text="'{file}' lies outside of {root}, the root of what may be read",
        hint="keep inputs and output inside the repository, or give another root with --root DIR",
        why="Specs come from pull requests: nothing above the root of the repository may be read.",
        bad="spec:\n  base: [../../other-repository]\n",
        good="spec:\n  base: [../base]\n",
    ),
    "SL122": Row(
        text="{file!r} is a kustomization in a directory of plain manifests",
        hint="name it in 'base' itself to have it built, or keep it elsewhere",
        why="A directory with a kustomization is not the sum of its files, and it is not clear which of several is meant.",
        bad="spec:\n  base: [overlays]  # holds staging/kustomization.yaml\n",
        good="spec:\n  base: [overlays/staging]\n",
    ),
    "SL123": Row(
        text="no Kubernetes object: {what}",
        hint="a manifest needs apiVersion, kind and metadata.name; mark other files with a comment '# +argocd:skip-file-rendering'",
        why="Argo CD and Flux read every YAML and JSON file of a directory as manifests, and so does sandlane.",
        bad="replicaCount: 2\n",
        good="apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\n",
    ),
    "SL124": Row(
        text="'{object}' stands twice in the {where}, first in {first}",
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
        why="Git keeps no empty directories, so a missing one means that there are no sandboxes; where one with a name like it is there, it is a spelling mistake, and an error: "
        "all sandboxes would be taken away.",
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
        why="Istio ignores header conditions of that name, HTTP itself uses the header, or it has other members.",
        bad="carriers: [{header: baggage}]\n",
        good="carriers: [{header: tenantID}, {baggage: tenantID}]\n",
    ),
    "SL131": Row(
        text="'{object}' {what}",
        hint="the API server refuses such a Service: correct the base",
        why="A base object that cannot exist cannot be routed.",
        bad="kind: Service with metadata: {name: web.shop}\n",
        good="kind: Service with metadata: {name: web}\n",
    ),
    "SL132": Row(
        text="'{object}' has a MeshConfig that cannot be read: {what}",
        hint="correct the base: istiod reads it as well",
        why="What Istio shows to which namespaces depends on MeshConfig.",
        bad="data: {mesh: 'defaultServiceExportTo: .'}\n",
        good="data: {mesh: 'defaultServiceExportTo: [\".\"]'}\n",
    ),
    "SL133": Row(
        level="notice",
        text="{subject} changes nothing: {what}",
        why="kustomize builds it without a word, and so does sandlane: a shared component has a patch for each kind, of which a base "
        "has one. It may also be a name that is misspelt.",
        bad="patches: [{target: {kind: Deployment, name: wbe}, path: patch.yaml}]\n",
        good="patches: [{target: {kind: Deployment, name: web}, path: patch.yaml}]\n",
    ),
    "SL134": Row(
        level="notice",
        text="key {key!r} stands twice in one mapping, first on line {first}: the last one counts",
        hint="remove one of the two, where the file is yours: kubectl, Argo CD and kustomize's own fields take the last, and kustomize "
        "refuses such a manifest",
        why="Charts and vendors ship such files, and kubectl applies them: a base is not read more strictly. In sandlane's own kinds, and "
        "in what kustomize builds, it stays an error (SL102).",
        bad="data:\n  A: one\n  A: two\n",
        good="data:\n  A: two\n",
    ),
    "SL135": Row(
        text="{file!r} holds no manifests: {what}",
        why="A file that is named may have any name, as for kubectl, but it has to be YAML or JSON.",
        bad="spec:\n  base: [NOTES.txt]\n",
        good="spec:\n  base: [app.yaml]\n",
    ),
    "SL140": Row(
        text="'{field}' of a kustomization is not supported",
        hint="build it with kustomize and pipe it in: kustomize build {directory} | sandlane render --base -",
        why="The field needs a plugin, another program or the network, or is on its way out of kustomize: reading goes without them.",
        bad="helmCharts:\n- {name: redis, repo: https://charts.example, version: 1.2.3}\n",
        good="resources: [redis.yaml]\n",
    ),
    "SL141": Row(
        text="'{entry}' is a remote resource, and nothing is fetched",
        hint="keep a copy in the repository, or build it with kustomize and pipe it in: "
        "kustomize build {directory} | sandlane render --base -",
        why="A result that depends on another host is not the same tomorrow, and cannot be made without a network.",
        bad="resources: [github.com/example/shop//deploy?ref=v1]\n",
        good="resources: [../vendor/shop/deploy]\n",
    ),
    "SL142": Row(
        text="{what}",
        why="kustomize itself refuses such a kustomization, or would pass over what is meant.",
        bad="resource: [deployment.yaml]\n",
        good="resources: [deployment.yaml]\n",
    ),
    "SL143": Row(
        text="the kustomization cannot be built: {what}",
        why="A step of the build has no object, or no one object, to work on.",
        bad="replicas: [{name: wbe, count: 2}]\n",
        good="replicas: [{name: web, count: 2}]\n",
    ),
    "SL144": Row(
        text="the patch cannot be applied: {what}",
        why="A patch that is applied in part, or to something else, changes what nobody meant.",
        bad="spec: {template: {spec: {containers: [{image: web:2}]}}}\n",
        good="spec: {template: {spec: {containers: [{name: web, image: web:2}]}}}\n",
    ),
    "SL145": Row(
        text="'{what}' is a placeholder of a template, and nothing fills it in",
        hint="render the template first and read what it prints, such as 'helm template NAME CHART | sandlane build -'; "
        "only 'resources' of a sandbox that end in .j2 are templates",
        why="The file is no YAML before a template engine has read it.",
        bad="metadata: {name: {{ .Release.Name }}}\n",
        good="metadata: {name: shop}\n",
    ),
    "SL146": Row(
        text="'{file}' is a Helm chart, and no manifests",
        hint="pipe in what Helm makes of it: helm template NAME {file} | sandlane render --base -",
        why="A chart's files are templates and their values; Helm makes manifests of them.",
        bad="spec:\n  base: [chart]  # holds Chart.yaml\n",
        good="spec:\n  base: [base]  # made by: helm template shop chart | sandlane build - -o base\n",
    ),
}
"""Code -> row."""
