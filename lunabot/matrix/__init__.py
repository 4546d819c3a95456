"""Matrix as Luna sees it: accounts, events as plain data, sending, encryption."""
