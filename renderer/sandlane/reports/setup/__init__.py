"""What `sandlane init` finds in a base, and the files that it proposes."""
