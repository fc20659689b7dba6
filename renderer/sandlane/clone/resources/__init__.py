"""Further manifests of sandboxes: read, rendered as templates, marked as the tenant's."""
