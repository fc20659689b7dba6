"""Our own kinds: Environment, DevelopmentSandbox and RouteGroup, from documents to typed records."""
