"""One static page of an environment: its services, who calls whom, its sandboxes, problems and proof."""
