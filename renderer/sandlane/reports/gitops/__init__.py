"""What Argo CD and Flux need to apply an output: `sandlane gitops`."""
