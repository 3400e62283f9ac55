"""Running Steward: finding its database, setting it up, migrating, seeding, verifying."""
