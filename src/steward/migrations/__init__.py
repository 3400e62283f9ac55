"""The one chain of revisions, plain SQL up and down. Run by `steward.kit.migrate`."""
