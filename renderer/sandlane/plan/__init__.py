"""Planning: every name, label, selector and policy copy, decided once."""
