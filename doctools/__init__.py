"""What the documentation is made with: the pages from the code, and the pictures."""
