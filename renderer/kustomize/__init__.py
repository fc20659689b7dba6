"""A native build of kustomizations: files of a tree to manifests, with kustomize's semantics and neither binary nor network."""
