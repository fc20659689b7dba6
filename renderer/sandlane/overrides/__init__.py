"""What specs and standing rules change in a workload: a module a field."""
