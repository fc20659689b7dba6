"""YAML text to data and back, as Kubernetes' own tools read it."""
