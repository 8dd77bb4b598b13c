"""Reading files: their text, tree, names and effects; nothing here judges."""
