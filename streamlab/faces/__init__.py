"""The look of a recording: as text, as HTML, and frozen in a saved notebook."""
