"""What Kubernetes says of objects: ids, kinds, selectors, host names, ports."""
