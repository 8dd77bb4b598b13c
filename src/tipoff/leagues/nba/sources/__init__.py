"""The NBA's providers: what is asked of each, and what their answers hold."""
