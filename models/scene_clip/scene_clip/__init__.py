"""scene-clip: a small CLIP trained on rendered scenes whose every concept is known.

Experiments import the renderer (`render`), the captions (`captions`) and the truth of concepts (`concepts`).
"""
