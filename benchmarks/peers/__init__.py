"""Other servers, with the same page."""
