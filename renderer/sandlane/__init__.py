"""sandlane: request-level sandboxes for shared Kubernetes environments, rendered offline."""
