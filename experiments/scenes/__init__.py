"""Data sets of rendered scenes, whose every attribute is known, written as ordinary inputs: pictures, embeddings, records."""
