"""What every request meets in the base and in the output, compared (docs: ROUTING.md §6; the judge is `sandlane.semantics`)."""
