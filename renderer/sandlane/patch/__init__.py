"""Changes of manifests that leave the original alone."""
