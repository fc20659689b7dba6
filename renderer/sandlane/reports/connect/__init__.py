"""How a request reaches a sandbox: addresses and headers, and the set-up of the client at hand."""
