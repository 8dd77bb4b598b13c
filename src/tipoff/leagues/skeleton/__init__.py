"""The least league there is: `tipoff new league NAME` copies this folder under another name."""
