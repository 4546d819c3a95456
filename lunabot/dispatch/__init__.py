"""Who answers what, and in which order."""
