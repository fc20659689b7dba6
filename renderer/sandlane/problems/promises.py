"""What sandlane promises: the numbers that messages name, and README's list."""

from __future__ import annotations

PROMISES: dict[int, str] = {
    1: "Without a carrier every request gets the base's outcome.",
    2: "With a tenant's carrier a request gets the base's outcome with cloned destinations replaced by that tenant's clones.",
    3: "Tenants never meet (`dev1`, `dev10`, `xdev1`).",
    4: "No selector of the base catches a clone's pods, and a clone is no less protected than its origin and no more privileged.",
    5: "Same inputs, same bytes; adding a sandbox changes no file under another's directory.",
    6: "Removing all sandboxes gives the output of none.",
    7: "What is written reads back as the same data, and the API server and the mesh accept it.",
    8: "A crash, a full disk or a second run at the same time leaves nothing that passes `check` unless it is right.",
}
"""Number -> promise. Proof judges 1 to 4 and 7 on each output; tests keep the others."""
