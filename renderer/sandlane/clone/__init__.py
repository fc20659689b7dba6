"""Cloning: the manifests of a tenant's workloads and Services."""
