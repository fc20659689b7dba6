"""The base application: manifests, kustomizations and streams as resources."""
