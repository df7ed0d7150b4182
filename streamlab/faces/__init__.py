"""What a recording looks like: as text, as HTML, and frozen in a saved notebook."""
