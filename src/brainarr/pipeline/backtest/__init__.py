"""The past of a library, replayed: `replay` joins the stages as `run` does, the others are pure measuring."""
