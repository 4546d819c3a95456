"""What the documentation is made with: the page of the code's structure, and the pictures."""
