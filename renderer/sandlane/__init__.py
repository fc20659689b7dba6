"""sandlane: request-level sandboxes for shared Kubernetes environments, rendered offline."""

__version__ = "0.1.0"
