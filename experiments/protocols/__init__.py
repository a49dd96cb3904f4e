"""The paper's protocols on scene-clip, each a run of the command and a comparison with the truth."""
