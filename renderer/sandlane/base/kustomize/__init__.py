"""A native build of kustomizations: files of a tree to manifests, with kustomize's semantics, without its binary and without a network.

The result is the data that kustomize v5.5 builds, but where it loses data or passes over a mistake:

- strict reading (`sandlane.yamlio.read`): keys that stand twice and plain values with two meanings are errors;
- what matches nothing is told (SL133), and `copy` from a field that is not there is an error;
- strategic merge patches: a missing protocol is TCP; only lists that a patch mentions are merged; an element without its key,
  or with one that several elements have, is an error; `$patch: replace` in an element replaces it; another source of a
  volume and another type of strategy replace the old one; `$setElementOrder`, `$deleteFromPrimitiveList`, `$retainKeys` and
  directives for a whole list work, and others in lists without keys are errors; null removes labels and annotations;
- `tagSuffix` is added once;
- files may lie anywhere below the root, not only below the kustomization; links to directories are not followed;
- a generated object whose kind a patch changes is an error, and a field without any value stays null.
"""
