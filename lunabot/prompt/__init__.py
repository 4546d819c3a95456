"""From what is known to a prompt whose every token is accounted for."""
