"""What auth keeps in its own database beside documents and parameters."""
